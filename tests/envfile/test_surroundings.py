"""Shells with unusual options, names and places, and machines that lack something."""

import re
from pathlib import Path

import pytest

from tests.envfile.shells import NAME, TOKEN, Shell, Tools, env_file

STATES = (
    "set -e",
    "set -u",
    "set -eu",
    "set -f",
    "set -C",
    "set -a",
    "(set -o pipefail) 2>/dev/null && set -o pipefail",
    "set -m 2>/dev/null || true",
    "IFS=",
    "IFS=/.-_abcdefghijklmnopqrstuvwxyz0123456789",
    "umask 000",
    "umask 077",
    "cd /",
    "unset TMPDIR; unset HOME",
    "TMPDIR=/nonexistent; export TMPDIR",
    "TMPDIR=.; export TMPDIR",
    "LC_ALL=C.UTF-8; export LC_ALL",
    "POSIXLY_CORRECT=1; export POSIXLY_CORRECT",
    "sed() { echo mine; }; rm() { echo mine; }; cat() { echo mine; }; sleep() { echo mine; }; mkdir() { echo mine; }",
    "alias sed=false rm=false cat=false mkdir=false mkfifo=false sleep=false",
    "trap '' INT TERM HUP PIPE",
    "exec 3>&1 4>&2 9</dev/null",
    "exec </dev/null",
)


@pytest.mark.parametrize("state", STATES)
def test_any_state_of_the_shell_is_fine_and_stays(shell: Shell, work: Path, state: str) -> None:
    """Loading works in that state, says nothing, returns 0, and leaves the state as it was."""
    look = '{ echo "$-|$IFS|$PWD|$(umask)|${TMPDIR-}|${LC_ALL-}"; set -o; trap; }'
    script = f"""{state}
        {look} >{work}/before 2>&1
        {env_file(work / "env")}
        echo "$?" "<${NAME}>"
        {look} >|{work}/after 2>&1
        ls -ld .. >/dev/null
        (exit 3)
        exit
    """
    ran = shell.run(script, cwd=work)
    assert (ran.status, ran.out, ran.err) == (3, b"0 <***>\n", b"")
    before, after = ((work / name).read_text().splitlines() for name in ("before", "after"))
    assert before == [line for line in after if "__bitbucket_token_end" not in line]


class TestTracing:
    """`set -x`, `set -v` and bash's DEBUG trap."""

    def test_a_trace_never_shows_the_token(self, any_shell: Shell, work: Path) -> None:
        """Loading shows nothing of the file under `set -x`, and the trace goes on after it, masked."""
        script = f'set -x\n{env_file(work / "env")}\necho "after ${NAME}"\nexit 3'
        ran = any_shell.run(script, cwd=work)
        assert ran.status == 3
        assert ran.out.startswith(b"after ***\n")
        assert TOKEN[:6].encode() not in ran.out + ran.err
        assert re.search(rb"\+.* echo [$'\"]*after[ \\]*\*\*\*['\"]*\n", ran.err)

    def test_a_trace_shows_nothing_of_the_file(self, shell: Shell, work: Path) -> None:
        """Between the line that loads the file and the next one, nothing is traced at all."""
        ran = shell.run(f"set -x\n{env_file(work / 'env')}\necho next\n", cwd=work)
        lines = [line for line in ran.err.decode().splitlines() if line.startswith("+")]
        assert len(lines) == 2, lines

    def test_verbose_never_shows_the_token(self, any_shell: Shell, work: Path) -> None:
        """`set -v` shows no line of the file that holds the token, and goes on after it."""
        ran = any_shell.run(f'set -v\n{env_file(work / "env")}\necho after "${NAME}"\n', cwd=work)
        assert ran.out == b"after ***\n"
        assert b"echo after" in ran.err
        assert b"export" not in ran.err

    def test_a_trace_to_another_file_never_shows_the_token_while_loading(self, bash: Shell, work: Path) -> None:
        """BASH_XTRACEFD is no way around: what goes to that file while loading is without the token."""
        script = f"exec 5>trace; BASH_XTRACEFD=5; set -x\n{env_file(work / 'env')}\nset +x\necho ok"
        assert bash.run(script, cwd=work).out == b"ok\n"
        trace = (work / "trace").read_text()
        assert NAME not in trace
        assert "forms" not in trace

    def test_a_debug_trap_never_sees_the_token(self, bash: Shell, work: Path) -> None:
        """A DEBUG trap that all functions and files inherit sees nothing of the file, and is there again after it."""
        script = f"""set -T; trap 'echo "debug: $BASH_COMMAND"' DEBUG
            {env_file(work / "env")}
            echo "after ${NAME}"
        """
        ran = bash.run(script, cwd=work)
        assert b"after ***\n" in ran.out
        assert b'debug: echo "after $' in ran.out
        assert b"export" not in ran.out
        assert ran.err == b""

    def test_an_err_trap_is_not_called(self, bash: Shell, work: Path) -> None:
        """Nothing fails while loading, as far as an ERR trap can tell."""
        ran = bash.run(f"set -E; trap 'echo failed' ERR\n{env_file(work / 'env')}\necho ok", cwd=work)
        assert (ran.out, ran.err) == (b"ok\n", b"")


def test_all_names_carry_the_prefix(shell: Shell, work: Path) -> None:
    """Loading adds the exported variables, and otherwise only names that start with __bitbucket_token_."""
    look = "set | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)[=( ].*/\\1/p' | sort -u"
    script = f"{look} >before; {look} >before\n{env_file(work / 'env')}\n{look} >after; env >env-after"
    assert shell.run(script, cwd=work).status == 0
    added = set((work / "after").read_text().split()) - set((work / "before").read_text().split())
    own = {name for name in added if name.startswith("__bitbucket_token_")}
    assert added - own <= {NAME, f"{NAME}_EXPIRES_AT", f"{NAME}_SCOPES", "_", "BASH_REMATCH", "PIPESTATUS"}
    assert len(own) < 10
    assert "__bitbucket" not in (work / "env-after").read_text()


def test_a_path_that_changes_later_does_not_matter(shell: Shell, work: Path) -> None:
    """After loading, PATH may become anything."""
    script = f'{env_file(work / "env")}\nPATH=/nonexistent\necho "${NAME}"\nexit 3'
    ran = shell.run(script, cwd=work)
    assert (ran.status, ran.out, ran.err) == (3, b"***\n", b"")


class TestMissingPrograms:
    """An image that lacks what the filter needs."""

    @pytest.mark.parametrize(
        "names",
        [
            (),
            ("cat", "mkdir", "rm", "sed", "awk", "sleep"),
            ("cat", "mkdir", "rm", "mkfifo", "sleep"),
            ("mkdir", "rm", "mkfifo", "sed", "awk"),
            ("cat", "rm", "mkfifo", "sed", "awk"),
            ("cat", "mkdir", "mkfifo", "sed", "awk"),
        ],
        ids=("all", "mkfifo", "sed and awk", "cat", "mkdir", "rm"),
    )
    def test_a_missing_program_is_one_warning(
        self, shell: Shell, tools: Tools, work: Path, temporary: Path, names: tuple[str, ...]
    ) -> None:
        """One line says that nothing is masked; the variables are exported all the same, and nothing is left."""
        tools.add(*names)
        script = f'set -eu\n{env_file(work / "env")}\n[ -n "${NAME}" ] && echo "exported"'
        ran = shell.run(script, cwd=work, env={**tools.env, "TMPDIR": str(temporary)})
        assert (ran.status, ran.out) == (0, b"exported\n")
        assert ran.err.startswith(b"bitbucket-token: ")
        assert ran.err.count(b"\n") == 1
        assert not list(temporary.iterdir())

    def test_a_sed_that_does_not_mask_is_not_trusted(self, shell: Shell, tools: Tools, work: Path) -> None:
        """A sed and an awk that let the token through are found out before anything is printed."""
        tools.add("cat", "mkdir", "rm", "mkfifo", "sleep")
        for name in ("sed", "awk"):
            (tools.folder / name).write_text('#!/bin/sh\nfor last; do :; done\nexec cat "$last"\n')
            (tools.folder / name).chmod(0o755)
        ran = shell.run(f"{env_file(work / 'env')}\necho ok", cwd=work, env=tools.env)
        assert (ran.status, ran.out) == (0, b"ok\n")
        assert ran.err.startswith(b"bitbucket-token: ")
        assert ran.err.count(b"\n") == 1

    def test_without_sleep_the_shell_still_ends(self, shell: Shell, tools: Tools, work: Path) -> None:
        """The end comes, with every line, even if the shell cannot sleep."""
        tools.add("cat", "mkdir", "rm", "mkfifo", "sed")
        ran = shell.run(f'{env_file(work / "env")}\necho "${NAME}"; exit 3', cwd=work, env=tools.env)
        assert (ran.status, ran.out, ran.err) == (3, b"***\n", b"")
