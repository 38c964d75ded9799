"""Which lines load the env file so that everything is masked after them, and which are refused.

A redirection around the line that loads it would undo the filter: when the line has ended, the shell brings back the
streams that it has put aside, and what they lead to knows nothing of a filter.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipe.export.env_file import render
from pipe.export.git import Setting
from pipe.redaction.secret import Secret
from tests.envfile.shells import NAME, TOKEN, Shell, env_file, world
from tests.parts import need

MASKED, REFUSED, NOT_MASKED, UNSET = "masked", "refused", "not masked", "unset"

MESSAGE = b"bitbucket-token: NOT LOADED, "

SHOW = f"""show() {{
  echo "<${{{NAME}-unset}}>"
  sh -c 'echo "<${{{NAME}-unset}}>" >&2'
}}
"""


@dataclass
class Way:
    """A way to load the file, and what comes of it: in most shells, and in those that differ, by their first word."""

    script: str
    result: str
    but: dict[str, str] = field(default_factory=dict)

    def expected(self, shell: Shell) -> str:
        """Return what that shell is to make of it."""
        return self.but.get(shell.name, self.but.get(shell.program, self.result))


# mksh puts the streams aside for every pipeline, background job and $( ), dash and its like for a { } or a function
# with a redirection there: to tell these from one that ends before the shell does is beyond what can be seen.
_MKSH = {"mksh": REFUSED}
_GROUP = {"dash": REFUSED, "busybox": REFUSED, "yash": REFUSED, "mksh": REFUSED}

WAYS = [
    Way("{load}; show", MASKED),
    Way("command {load}; show", MASKED),
    Way("f() {{ {load}; }}; f; show", MASKED),
    Way("if {load}; then show; fi", MASKED),
    Way("for i in 1 2; do {load}; show; done", MASKED),
    Way("{load} && show", MASKED),
    # A redirection of the line itself.
    Way("{load} >/dev/null", REFUSED),
    Way("{load} 2>/dev/null", REFUSED),
    Way("{load} >/dev/null 2>&1", REFUSED),
    Way("{load} 2>&1", REFUSED),
    Way("{load} >&2", REFUSED),
    Way("{load} >&-", REFUSED),
    Way("{load} 2>&-", REFUSED),
    Way("{load} >>file", REFUSED),
    Way("{load} 2>/dev/null || true", REFUSED),
    Way("command {load} >/dev/null", REFUSED),
    Way('eval "$(cat env)" >/dev/null', REFUSED),
    Way('eval "$(cat env)" 2>/dev/null', REFUSED),
    Way("{other}; {load} 2>/dev/null", REFUSED),
    # One around it.
    Way("{{ {load}; }} >/dev/null", REFUSED),
    Way("{{ {load}; }} 2>/dev/null", REFUSED),
    Way("{{ {{ {load}; }} 2>&1; show; }} >file; cat file", REFUSED),
    Way('{{ eval "$(cat env)"; }} 2>/dev/null', REFUSED),
    Way("if {load}; then :; fi >/dev/null", REFUSED),
    Way("if :; then {load}; fi 2>/dev/null", REFUSED),
    Way("for i in 1; do {load}; done >/dev/null", REFUSED),
    Way("while :; do {load}; break; done 2>/dev/null", REFUSED),
    Way("case x in x) {load} ;; esac >/dev/null", REFUSED),
    Way("f() {{ {load}; }}; f >/dev/null", REFUSED),
    Way("f() {{ {load}; }} 2>/dev/null; f", REFUSED),
    Way("f() {{ {load}; }}; g() {{ f; }}; g 2>/dev/null", REFUSED),
    Way("exec 3>&1; {load} 3>/dev/null; show >&3", REFUSED),
    # Redirections that change nothing of that.
    Way("{load} </dev/null; show", MASKED),
    Way("{load} 3>&1; show", MASKED),
    Way("while read -r line; do {load}; done <env; show", MASKED),
    Way("{load}; {load} >/dev/null; show", MASKED),
    Way("{load}; {{ {load}; show; }} 2>&1; show", MASKED),
    # Subshells.
    Way("( {load}; show )", MASKED),
    Way("( {load}; show ) 2>&1", MASKED),
    Way("( {load} 2>/dev/null; show )", REFUSED),
    Way("{{ ( {load}; show ); }} 2>/dev/null", MASKED, {"bash": REFUSED}),
    Way('x=$({load}; show); echo "$x"', MASKED, _MKSH),
    Way('x=$({load} 2>&1; show); echo "$x"', REFUSED),
    Way("{load} | cat; show", UNSET, _MKSH),
    Way("{{ {load}; show; }} | cat", MASKED, _MKSH),
    Way("( {load}; show ) 2>&1 | cat", MASKED, _MKSH),
    Way("{{ {load}; show; }} 2>&1 | cat", MASKED, _GROUP),
    Way("f() {{ {load}; show; }}; f 2>&1 | cat", MASKED, _GROUP),
    Way("{load} 2>&1 | cat", UNSET, _GROUP),
    Way(": | {{ {load}; show; }}", MASKED),
    Way(": | eval '{load}; show'", MASKED),
    Way("{{ {load}; show; }} & wait", MASKED),
    Way("{{ {load}; show; }} 2>&1 & wait", MASKED, {"yash": REFUSED, "mksh": REFUSED}),
    # Other ways to start the shell.
    Way("{sh} inner", MASKED),
    Way("{sh} inner 2>&1", MASKED),
    Way("{sh} inner 2>&1 | cat", MASKED),
    Way("{sh} <inner", MASKED),
    Way("{sh} -c '. ./inner'", MASKED),
    Way("{sh} -c '. ./inner 2>/dev/null'", REFUSED),
    Way("bash -c 'exec 12>&1 13>/dev/null; exec {sh} inner'", MASKED),
    Way("script -qec '{sh} jobs' typescript", MASKED, {"zsh": REFUSED}),
    # "exec".
    Way("exec 3>&1 4>&2; {load}; show; show >&3 2>&4", MASKED),
    Way("exec 3>&1; {load}; exec >&3; show", MASKED),
    Way("exec 3>&2 2>/dev/null; {load}; exec 2>&1; show", MASKED),
    Way("exec 2>&1; {load}; show", MASKED),
    Way("{load}; exec 2>&1; show", MASKED),
    Way("{load}; exec 3>&1 4>&2; show >&3 2>&4", MASKED),
    Way("{load}; exec 3>&1 >file; show; exec >&3; cat file", MASKED),
    Way("{load}; exec >file; show; cat file >&2", MASKED),
    Way("{load}; exec >/dev/stdout 2>/dev/stderr; show", MASKED),
    Way("exec 3>&1 4>&2 >/dev/null 2>&1; {load}; exec >&3 2>&4; show", NOT_MASKED),
    # What other shells take for something else.
    Way("{load} &>/dev/null", REFUSED, {"dash": UNSET, "yash": UNSET}),
]

BASH_WAYS = [
    Way("source ./env &>/dev/null", REFUSED),
    Way("{load} > >(cat)", REFUSED),
    Way("{load} 2> >(cat >&2)", REFUSED),
    Way("exec > >(tee copy) 2>&1; {load}; show", MASKED),
    Way("{load}; exec > >(tee copy); show", MASKED),
    Way("coproc cat; {load}; show", MASKED),
    Way("coproc cat; {load} >/dev/null; show", REFUSED),
    Way("exec {{file}}>file; {load}; show", MASKED),
    Way("exec {{file}}>&1; {load}; show >&$file", MASKED),
    Way("exec {{file}}>&1; {{ {load}; }} 2>/dev/null", REFUSED),
    Way("exec 5>&2; BASH_XTRACEFD=5; set -x; {load}; show", MASKED),
    Way("exec {{BASH_XTRACEFD}}>&2; set -x; {load}; show", MASKED),
    Way("exec 5>trace; BASH_XTRACEFD=5; set -x; {load}; show; cat trace", MASKED),
    Way("shopt -s lastpipe; : | {load}; show", MASKED),
    Way("shopt -s lastpipe; : | {load} 2>/dev/null; show", REFUSED),
    Way("exec 19<&0; {load}; show", MASKED),
]


def rows(ways: list[Way]) -> pytest.MarkDecorator:
    """Each row once with two streams, and with both in one pipe where that makes a difference."""
    cases = [(way, merged) for way in ways for merged in (False, True) if not merged or "&" in way.script]
    names = [f"{way.script}{'  (one pipe)' * merged}" for way, merged in cases]
    return pytest.mark.parametrize(("way", "merged"), cases, ids=names)


@rows(WAYS)
def test_it_is_masked_or_refused(any_shell: Shell, work: Path, way: Way, merged: bool) -> None:
    """In no way of loading the file is there the token without the mask; what is refused is told in the log."""
    check(any_shell, work, way, merged=merged)


@rows(BASH_WAYS)
def test_what_only_bash_has_is_masked_or_refused(bash: Shell, work: Path, way: Way, merged: bool) -> None:
    """The same holds for what only bash has."""
    check(bash, work, way, merged=merged)


def check(shell: Shell, work: Path, way: Way, *, merged: bool) -> None:
    """Run a row and see what the log tells of it."""
    load = env_file(work / "env").replace(str(work), ".")
    other = env_file(work / "other", "other-token-1234", name="OTHER_TOKEN").replace(str(work), ".")
    (work / "inner").write_text(f"{SHOW}\n{load}\nshow\n")
    (work / "jobs").write_text("exec </dev/null; set -m\n. ./inner\n")
    expected = way.expected(shell)
    script = way.script.format(load=load, other=other, sh=" ".join(shell.command(work)[:-1]))
    for program in ("bash", "script"):
        if script.startswith(program):
            need(program)
    ran = shell.run(f"{SHOW}\n{script}\nshow\n", cwd=work, merged=merged, hidden=None)
    log = ran.out + ran.err
    told = {
        MASKED: b"<***>" in log,
        REFUSED: MESSAGE in log,
        NOT_MASKED: b"<ATCT" in log,
    }
    assert [result for result, shown in told.items() if shown] == [expected] * (expected != UNSET), log


class TestRefused:
    """A load with a redirection."""

    @pytest.mark.parametrize("options", ["set -e", "set -eu", "set -ex"])
    def test_it_ends_a_script_that_ends_on_failures(self, any_shell: Shell, work: Path, options: str) -> None:
        """Under `set -e` the script ends there, with a status that says so, and nothing shows the token."""
        ran = any_shell.run(f"{options}\n{env_file(work / 'env')} 2>/dev/null\necho reached", cwd=work)
        assert ran.status not in {0, 126, 127}
        assert b"reached" not in ran.out
        assert ran.out.count(MESSAGE) == ran.err.count(MESSAGE) == 1

    def test_it_exports_nothing_and_leaves_the_shell_as_it_was(self, any_shell: Shell, work: Path) -> None:
        """The status is 1, no variable is there, and options, traps and streams are what they were."""
        look = '{ echo "$-|$IFS"; trap; set | grep __bitbucket; sh -c "readlink /proc/$$/fd/1"; }'
        script = f"""trap 'echo bye' EXIT; IFS=1
            {look} >look; mv look before
            {env_file(work / "env")} 2>/dev/null
            echo "$?"
            {look} >look; mv look after
            env | grep {NAME}
            exit 5
        """
        ran = any_shell.run(script, cwd=work)
        assert ran.status == 5
        assert ran.out.splitlines()[1:] == [b"1", b"bye"]
        before, after = ((work / name).read_text() for name in ("before", "after"))
        assert before == after

    def test_the_file_stays_until_it_is_loaded(self, any_shell: Shell, work: Path) -> None:
        """The next line can load it as it should be, which removes it."""
        load = env_file(work / "env", remove=str(work / "env"))
        script = f'{load} 2>/dev/null\n[ -f env ] && echo there\n{load}\n[ -f env ] || echo "gone ${NAME}"'
        ran = any_shell.run(script, cwd=work)
        assert ran.out.splitlines()[1:] == [b"there", b"gone ***"]

    def test_git_s_settings_are_not_exported_either(self, shell: Shell, work: Path) -> None:
        """The settings that come with the token are refused together with it."""
        setting = Setting("http.x.extraHeader", Secret(TOKEN))
        text = render({NAME: "x"}, masks=[TOKEN], mask_log=True, remove=None, git=[setting])
        (work / "env").write_text(text)
        ran = shell.run(". ./env 2>/dev/null\nenv | grep GIT_CONFIG", cwd=work)
        assert b"GIT_CONFIG" not in ran.out

    def test_without_masking_a_redirection_is_fine(self, any_shell: Shell, work: Path) -> None:
        """Where nothing is to be masked, nothing is refused."""
        load = env_file(work / "env", mask_log=False)
        ran = any_shell.run(f'{load} >/dev/null 2>&1\necho "${NAME}"', cwd=work, hidden=None)
        assert (ran.status, ran.out.decode(), ran.err) == (0, f"{TOKEN}\n", b"")

    @pytest.mark.parametrize("mode", ["w", "a"])
    def test_it_is_told_in_a_log_that_is_a_file(self, any_shell: Shell, work: Path, mode: str) -> None:
        """With both streams turned aside, the message is in the log, and what was there before is, too."""
        script = f"echo first\n{env_file(work / 'env')} >/dev/null 2>&1"
        (work / "script").write_text(script)
        with (work / "log").open(mode) as log:
            command = any_shell.command(work / "script")
            subprocess.call(command, cwd=work, env=world(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        lines = [line for line in (work / "log").read_text().splitlines() if not line.startswith("bash: ")]
        assert lines[0] == "first"
        assert lines[1].startswith(MESSAGE.decode())
        assert len(lines) == 2

    def test_a_log_that_nobody_reads_any_more_is_not_waited_for(self, any_shell: Shell, work: Path) -> None:
        """The message to a FIFO whose reader has gone does not keep the shell."""
        script = f"mkfifo log; exec 3<>log; exec >log 2>&1; exec 3>&-; {env_file(work / 'env')} >/dev/null 2>&1"
        any_shell.run(script, cwd=work, timeout=20)


def test_without_proc_bash_still_refuses(bash: Shell, work: Path) -> None:
    """Where there is no /proc, as on macOS, bash knows what it has put aside by what programs do not get."""
    load = env_file(work / "env")
    (work / "env").write_text((work / "env").read_text().replace("/proc/", "/nonexistent/"))
    ran = bash.run(f'{load} 2>/dev/null\necho "<${NAME}>"\n{load}\necho "<${NAME}>"', cwd=work)
    assert ran.out.splitlines()[1:] == [b"<>", b"<***>"]
    assert ran.out.startswith(MESSAGE)
