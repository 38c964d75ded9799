"""What the log shows of a shell that has loaded the file."""

import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipe.export.env_file import _lines, render
from pipe.redaction.secret import Secret, forms
from tests.envfile.shells import NAME, TOKEN, Shell, Tools, env_file
from tests.envfile.ways import BASICS, masked

few = settings(max_examples=6, suppress_health_check=list(HealthCheck))
tokens = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=30)
tricky_tokens = st.text("*.[]^$/\\&|{}()+?'\"`a-", min_size=1, max_size=12)


def test_no_form_of_the_token_shows_on_either_stream(any_shell: Shell, work: Path) -> None:
    """Every form, printed by the shell or a child, to either stream, is ***, and the streams stay apart."""
    all_forms = forms(Secret(TOKEN))
    (work / "forms").write_text("".join(f"<{form}>\n" for form in all_forms))
    script = f"""{env_file(work / "env")}
        cat forms; cat forms >&2
        echo "to out: ${NAME}"; echo "to err: ${NAME}" >&2
        sh -c 'echo "child: ${NAME}"; echo "child to err: ${NAME}" >&2'
    """
    ran = any_shell.run(script, cwd=work)
    masked = b"<***>\n" * len(all_forms)
    assert ran.out == masked + b"to out: ***\nchild: ***\n"
    assert ran.err == masked + b"to err: ***\nchild to err: ***\n"
    assert ran.status == 0


@few
@given(token=tokens | tricky_tokens)
@example(token="*")
@example(token="a'b")
@example(token="\\")
def test_a_token_of_any_characters_is_masked(shell: Shell, work: Path, token: str) -> None:
    """The characters that mean something to sed or to a shell are matched as themselves."""
    masks = forms(Secret(token))
    (work / "env").write_text(render({NAME: Secret(token)}, masks=masks, mask_log=True, remove=None))
    text = "".join(f"a{form}b{form}{form}\n{form[:-1]}\n" for form in masks) + string.printable
    (work / "text").write_text(text, newline="")
    ran = shell.run(". ./env\ncat text", cwd=work, hidden=None)
    # The file masks more than that, which may be two forms side by side: those that a trace of the shell shows.
    assert set(masks) <= set(_lines(masks))
    assert ran.out == masked(text.encode(), masks)
    assert (ran.status, ran.err) == (0, b"")


@pytest.mark.parametrize("size", [1001, 4000, 65536])
def test_a_long_token_is_masked(shell: Shell, work: Path, size: int) -> None:
    """The longest token that is accepted does not overwhelm what masks it."""
    token = ("aB3-._~+/" * size)[:size]
    load = env_file(work / "env", token)
    ran = shell.run(f'{load}\nprintf "<%s>\\n" "${NAME}"', cwd=work, hidden=token)
    assert (ran.status, ran.out, ran.err) == (0, b"<***>\n", b"")
    assert ran.seconds < 15


@pytest.mark.parametrize("size", [4000])
def test_a_long_token_is_masked_without_awk(bash: Shell, tools: Tools, work: Path, size: int) -> None:
    """GNU sed does what awk would do faster."""
    token = ("aB3-._~+/" * size)[:size]
    tools.add(*BASICS, "sed")
    ran = bash.run(f'{env_file(work / "env", token)}\necho "${NAME}"', cwd=work, env=tools.env, hidden=token)
    assert (ran.status, ran.out, ran.err) == (0, b"***\n", b"")


def test_a_mask_of_several_lines_is_masked_line_by_line(shell: Shell, work: Path) -> None:
    """The lines of a secret that has several are masked one by one."""
    text = render({"A": "x"}, masks=("first line\nsecond line\n",), mask_log=True, remove=None)
    (work / "env").write_text(text)
    ran = shell.run(". ./env\necho first line; echo a second line", cwd=work)
    assert ran.out == b"***\na ***\n"


def test_every_byte_passes(shell: Shell, work: Path) -> None:
    """Bytes that are no text, NUL and a last line without its end come out as they went in."""
    content = bytes(range(256)) * 40 + b"\n\n" + os.urandom(50_000) + b"no end"
    (work / "bytes").write_bytes(content)
    ran = shell.run(f"{env_file(work / 'env')}\ncat bytes; cat bytes >&2", cwd=work, hidden=None)
    assert ran.out == content
    assert ran.err == content


def test_no_line_is_lost_or_moved(any_shell: Shell, work: Path) -> None:
    """Many lines come out complete and in order, up to the last one, which has no end."""
    load = env_file(work / "env")
    script = f"""{load}
        i=0
        while [ $i -lt 3000 ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done
        seq 20000
        echo last >&2
        echo -n {"'last without end'"} 2>/dev/null
    """
    ran = any_shell.run(script.replace("echo -n", "printf %s"), cwd=work)
    counted = "".join(f"{number}\n" for number in range(1, 20001))
    assert ran.out.decode() == "".join(f"out {i}\n" for i in range(1, 3001)) + counted + "last without end"
    assert ran.err.decode() == "".join(f"err {i}\n" for i in range(1, 3001)) + "last\n"


def test_two_streams_to_one_place_stay_in_order(shell: Shell, work: Path) -> None:
    """Where both streams are the same pipe, as in most logs, their lines keep their order."""
    script = f"""{env_file(work / "env")}
        i=0
        while [ $i -lt 500 ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done
    """
    ran = shell.run(script, cwd=work, merged=True)
    lines = [line for line in ran.out.decode().splitlines() if not line.startswith("bash: ")]
    assert lines == [f"{stream} {i}" for i in range(1, 501) for stream in ("out", "err")]


def test_what_goes_elsewhere_is_not_touched(shell: Shell, work: Path) -> None:
    """A pipe, a file and a command substitution get the token itself."""
    script = f"""{env_file(work / "env")}
        printf %s "${NAME}" | cat >one
        printf %s "${NAME}" >two
        three=$(printf %s "${NAME}")
        [ "$three" = "${NAME}" ] && echo same
    """
    ran = shell.run(script, cwd=work)
    assert ran.out == b"same\n"
    assert (work / "one").read_text() == TOKEN
    assert (work / "two").read_text() == TOKEN


def test_without_masking_nothing_is_between_the_shell_and_its_log(shell: Shell, work: Path, temporary: Path) -> None:
    """Masking can be turned off: then nothing is started and nothing is made."""
    load = env_file(work / "env", mask_log=False)
    script = f'{load}\nls -A "$TMPDIR"; trap; echo "${NAME}"'
    ran = shell.run(script, cwd=work, env={"TMPDIR": str(temporary)}, hidden=None)
    assert (ran.status, ran.out.decode(), ran.err) == (0, f"{TOKEN}\n", b"")


class TestLoadedMoreThanOnce:
    """Two files, or one file twice."""

    def test_the_same_file_twice_filters_once(self, any_shell: Shell, work: Path) -> None:
        """The second time changes nothing."""
        load = env_file(work / "env")
        # By another shell: for $( ) or a redirection, mksh turns its own streams aside for a moment.
        look = "sh -c 'readlink /proc/$1/fd/1 /proc/$1/fd/2 >$2' sh $$"
        script = f"""{load}
            {look} one
            {load}
            {look} two
            [ -s one ] && cmp one two && echo "same ${NAME}"; echo "${NAME}" >&2
        """
        ran = any_shell.run(script, cwd=work)
        assert (ran.status, ran.out, ran.err) == (0, b"same ***\n", b"***\n")

    def test_two_files_are_both_masked(self, shell: Shell, work: Path) -> None:
        """Two runs of the pipe in one job: neither token shows, and the end does not wait for nothing."""
        first = env_file(work / "first", "first-token-1234", name="A_TOKEN")
        second = env_file(work / "second", name="B_TOKEN")
        script = f'{first}\n{second}\necho "$A_TOKEN $B_TOKEN"; echo "$B_TOKEN $A_TOKEN" >&2; date +%s.%N >end; exit 4'
        ran = shell.run(script, cwd=work)
        assert ran.ended - float((work / "end").read_text()) < 1.5
        assert (ran.status, ran.out, ran.err) == (4, b"*** ***\n", b"*** ***\n")

    @pytest.mark.parametrize("exporting", ["", "set -a; "])
    def test_a_child_shell_may_load_it_too(self, shell: Shell, work: Path, exporting: str) -> None:
        """A shell below the first, with all its variables, masks on its own."""
        load = env_file(work / "env")
        (work / "child").write_text(f'{load}\necho "child ${NAME}" >file; echo "child ${NAME}"; exit 5\n')
        script = f'{exporting}{load}\n{" ".join(shell.command(work / "child"))}\necho "$? ${NAME}"; date +%s.%N >end'
        ran = shell.run(script, cwd=work)
        assert ran.ended - float((work / "end").read_text()) < 1.5
        assert (ran.status, ran.out, ran.err) == (0, b"child ***\n5 ***\n", b"")
        assert (work / "file").read_text() == f"child {TOKEN}\n"

    def test_a_subshell_may_load_it_alone(self, any_shell: Shell, work: Path) -> None:
        """What ( ) prints after loading is masked, and the EXIT trap of the shell around it runs once."""
        load = env_file(work / "env")
        script = f"""trap 'echo bye' EXIT
            (
                {load}
                echo "${NAME}"; exit 3
            )
            echo "$? ${{{NAME}-unset}}"
        """
        ran = any_shell.run(script, cwd=work)
        assert (ran.status, ran.out, ran.err) == (0, b"***\n3 unset\nbye\n", b"")

    def test_a_subshell_may_load_another_file(self, shell: Shell, work: Path) -> None:
        """A second file inside ( ) is masked there, without delay at its end."""
        first = env_file(work / "first", "first-token-1234", name="A_TOKEN")
        second = env_file(work / "second", name="B_TOKEN")
        script = f"""{first}
            date +%s.%N >begin
            (
                {second}
                echo "$A_TOKEN $B_TOKEN"
            )
            date +%s.%N >end
        """
        ran = shell.run(script, cwd=work)
        assert (ran.status, ran.out, ran.err) == (0, b"*** ***\n", b"")
        assert float((work / "end").read_text()) - float((work / "begin").read_text()) < 1.5
