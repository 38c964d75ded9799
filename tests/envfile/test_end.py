"""How a shell that has loaded the file ends: its status, its last lines, its traps, and when."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.envfile.shells import NAME, Shell, env_file

ENDINGS = {
    "exit 3": 3,
    "true": 0,
    "false": 1,
    "set -e; false; exit 9": 1,
    "set -eu; (exit 42); exit 9": 42,
    "set -e; echo x | grep y; exit 9": 1,
    "no-such-command-here 2>/dev/null": 127,
    "kill -TERM $$; sleep 5; exit 9": -signal.SIGTERM,
    "kill -KILL $$; sleep 5; exit 9": -signal.SIGKILL,
    "sh -c 'kill -TERM $$'": 128 + signal.SIGTERM,
    "exec sh -c 'exit 6'": 6,
}


def delay(end: Path, ended: float) -> float:
    """How long after the script's last command, which wrote the time, all had ended."""
    return ended - float(end.read_text())


@pytest.mark.parametrize(("ending", "status"), ENDINGS.items())
def test_the_status_is_the_shell_s_own(shell: Shell, work: Path, ending: str, status: int) -> None:
    """However the script ends, its status is what it would be without the filter, and its last line shows."""
    if shell.name == "bash -i" and ending.startswith("kill -TERM"):
        pytest.skip("an interactive bash ignores SIGTERM")
    ran = shell.run(f"{env_file(work / 'env')}\nprintf last\n{ending}", cwd=work)
    assert (ran.status, ran.out) == (status, b"last")


def test_the_end_is_not_delayed(shell: Shell, work: Path) -> None:
    """With nothing left running, the shell ends at once."""
    ran = shell.run(f"{env_file(work / 'env')}\nseq 1000\ndate +%s.%N >end", cwd=work)
    assert ran.out.endswith(b"\n1000\n")
    assert delay(work / "end", ran.ended) < 1.5


def test_the_last_line_is_out_before_the_shell_has_ended(shell: Shell, work: Path) -> None:
    """The end waits for the filter, which counts if the shell is the first process of a container."""
    (work / "inner").write_text(f'{env_file(work / "env")}\nseq 200000\necho "${NAME}"\nexit 3')
    inner = " ".join(shell.command(work / "inner"))
    ran = shell.run(f"{inner} >log 2>/dev/null; echo $?; tail -n 2 log", cwd=work)
    assert ran.out == b"3\n200000\n***\n"


@pytest.mark.parametrize("options", ["", "set -m 2>/dev/null"])
def test_a_child_in_the_background_delays_the_end_a_little(shell: Shell, work: Path, options: str) -> None:
    """A child that keeps the streams open costs 5 s at most, and what it prints later is masked as well."""
    script = f"""{env_file(work / "env")}
        {options}
        (sleep 4; echo "later ${NAME}"; exec sleep 30) 2>&1 &
        echo "first ${NAME}"; date +%s.%N >end; exit 3
    """
    with shell.start(script, cwd=work) as process:
        assert process.wait(20) == 3
        assert delay(work / "end", time.time()) < 5
        assert process.stdout is not None
        shown = b""
        while shown.count(b"\n") < 2:
            shown += os.read(process.stdout.fileno(), 1000)
        assert shown == b"first ***\nlater ***\n"


def test_a_detached_child_holds_nothing_open(shell: Shell, work: Path) -> None:
    """A daemon with streams of its own keeps neither the filter nor the log waiting."""
    script = f"{env_file(work / 'env')}\nsleep 30 >/dev/null 2>&1 &\necho x; date +%s.%N >end"
    ran = shell.run(script, cwd=work)
    assert ran.out == b"x\n"
    assert delay(work / "end", ran.ended) < 1.5


@pytest.mark.parametrize("descriptor", range(3, 10))
def test_the_filter_holds_none_of_the_shell_s_files_open(shell: Shell, work: Path, descriptor: int) -> None:
    """When the shell closes a file or a lock that was open before loading, it is closed."""
    script = f"""mkfifo fifo; cat fifo >got & exec {descriptor}>fifo
        {env_file(work / "env")}
        echo written >&{descriptor}; exec {descriptor}>&-
        wait; echo "done"; date +%s.%N >end
    """
    ran = shell.run(script, cwd=work, timeout=20)
    assert ran.out.endswith(b"done\n")
    assert (work / "got").read_text() == "written\n"


def test_the_filter_holds_none_of_bash_s_higher_files_open(bash: Shell, work: Path) -> None:
    """The same is true of what bash opens with {name}>."""
    script = f"""mkfifo fifo; cat fifo >got & exec {{file}}>fifo
        {env_file(work / "env")}
        echo written >&$file; exec {{file}}>&-
        wait; echo "done ${NAME}"; echo "err ${NAME}" >&2
    """
    ran = bash.run(script, cwd=work, timeout=20)
    assert (ran.out, ran.err) == (b"done ***\n", b"err ***\n")


def test_jobs_are_the_user_s_own(shell: Shell, work: Path) -> None:
    """No job is listed, `wait` returns at once, and $! is still the user's."""
    script = f"""set -m 2>/dev/null
        true & before=$!; wait
        {env_file(work / "env")}
        jobs; wait; echo "$? $((before - $!))"
    """
    ran = shell.run(script, cwd=work, timeout=20)
    lines = [line for line in ran.out.splitlines() if b"Done" not in line]
    assert lines == [b"0 0"]
    assert b"[2]" not in ran.out + ran.err
    assert b"bitbucket" not in ran.err


def test_a_signal_to_the_group_loses_no_line(shell: Shell, work: Path) -> None:
    """When Ctrl-C or a cancelled step stops all processes of the group, what was printed before still shows.

    Nobody reads the log until then, and it is more than the pipes hold, so the filter is still at work.
    """
    if shell.name == "bash -i":
        pytest.skip("an interactive bash survives both signals")
    for number in (signal.SIGINT, signal.SIGTERM):
        script = f"""{env_file(work / "env")}
            seq 20000; echo "last ${NAME}"; date +%s.%N >end; sh -c 'sleep 20'; sleep 20
        """
        (work / "end").unlink(missing_ok=True)
        with shell.start(script, cwd=work) as process:
            while not (work / "end").exists():
                time.sleep(0.01)
            time.sleep(0.2)
            os.killpg(process.pid, number)
            out, _ = process.communicate(timeout=20)
            assert process.returncode == -number
        assert out.endswith(b"\n20000\nlast ***\n")


class TestTraps:
    """The user's own traps."""

    @pytest.mark.parametrize("status", [0, 3])
    @pytest.mark.parametrize("options", ["", "set -eu\n"])
    def test_an_exit_trap_from_before_runs(self, any_shell: Shell, work: Path, status: int, options: str) -> None:
        """It runs once, sees the status and its own quotes, and what it prints is masked."""
        script = f"""{options}say() {{ echo "say $1"; }}
            trap 'say "it'\\''s $?"; echo "${NAME}"
            trap_=done; echo $trap_' EXIT
            {env_file(work / "env")}
            echo body; exit {status}
        """
        ran = any_shell.run(script, cwd=work)
        assert (ran.status, ran.out, ran.err) == (status, f"body\nsay it's {status}\n***\ndone\n".encode(), b"")

    def test_an_exit_trap_may_exit(self, shell: Shell, work: Path) -> None:
        """A trap that ends with `exit` decides the status, nothing it prints is lost, and nothing is waited for."""
        script = f"""cleanup() {{
                status=$?; date +%s.%N >end; (exit 8)
                echo "cleanup $status"; seq 1000; exit $((status + 1))
            }}
            trap cleanup EXIT
            {env_file(work / "env")}
            exit 3
        """
        ran = shell.run(script, cwd=work)
        assert ran.status == 4
        assert ran.out.startswith(b"cleanup 3\n1\n")
        assert ran.out.endswith(b"\n1000\n")
        assert delay(work / "end", ran.ended) < 1.5

    def test_bash_waits_for_the_log_even_if_an_exit_trap_exits(self, bash: Shell, work: Path) -> None:
        """In bash the last line is out before the shell has ended, which counts if it is the container's first."""
        (work / "inner").write_text(f"trap 'seq 20000; exit 4' EXIT\n{env_file(work / 'env')}\nexit 3")
        ran = bash.run("bash inner >log 2>log2; echo $?; tail -n 1 log", cwd=work)
        assert ran.out == b"4\n20000\n"

    def test_an_exit_trap_of_a_subshell_runs(self, any_shell: Shell, work: Path) -> None:
        """A trap that ( ) set for itself before it loads the file runs there, and the one around it does not."""
        script = f"""trap 'echo outer' EXIT
            (
                trap 'echo "inner $?"' EXIT
                {env_file(work / "env")}
                exit 3
            )
            echo $?
        """
        assert any_shell.run(script, cwd=work).out == b"inner 3\n3\nouter\n"

    def test_other_traps_stay(self, shell: Shell, work: Path) -> None:
        """A trap on a signal works as before, and no EXIT trap is invented."""
        script = f"""trap 'echo caught' USR1
            {env_file(work / "env")}
            kill -USR1 $$; echo after
        """
        assert shell.run(script, cwd=work).out == b"caught\nafter\n"

    def test_an_exit_trap_from_after_replaces_the_wait(self, any_shell: Shell, work: Path) -> None:
        """A trap set after loading runs, and every line still comes out, masked."""
        script = f"""{env_file(work / "env")}
            trap 'echo "bye ${NAME}"' EXIT
            seq 1000; exit 3
        """
        ran = any_shell.run(script, cwd=work)
        assert ran.status == 3
        assert ran.out.endswith(b"\n1000\nbye ***\n")

    def test_two_files_keep_the_user_s_trap(self, shell: Shell, work: Path) -> None:
        """A trap from before both, or between them, runs once."""
        first = env_file(work / "first", "first-token-1234", name="A_TOKEN")
        second = env_file(work / "second", name="B_TOKEN")
        before = shell.run(f"trap 'echo bye $?' EXIT\n{first}\n{second}\nexit 3", cwd=work)
        between = shell.run(f"{first}\ntrap 'echo bye $?' EXIT\n{second}\nexit 3", cwd=work)
        assert (before.status, before.out) == (between.status, between.out) == (3, b"bye 3\n")

    def test_a_trap_that_was_taken_back_does_not_come_back(self, shell: Shell, work: Path) -> None:
        """An EXIT trap that the user reset between two files is gone."""
        first = env_file(work / "first", "first-token-1234", name="A_TOKEN")
        second = env_file(work / "second", name="B_TOKEN")
        ran = shell.run(f"trap 'echo bye' EXIT\n{first}\ntrap - EXIT\n{second}\necho last", cwd=work)
        assert ran.out == b"last\n"
