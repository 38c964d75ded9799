"""Where else than in the log the token could show, and what loading leaves behind."""

import os
import select
import subprocess
from contextlib import suppress
from pathlib import Path

from pipe.redaction.secret import Secret, forms
from tests.envfile.shells import NAME, TOKEN, Shell, env_file, processes, session, wait_for, world


def test_no_process_has_it_in_its_arguments_or_files(any_shell: Shell, work: Path, temporary: Path) -> None:
    """While the file is loaded and later, no argument, no file and no filter's environment holds the token."""
    load = env_file(work / "env")
    seen: set[bytes] = set()
    script = f"""{load}
        ls -lRA "$TMPDIR" >listing; cat "$TMPDIR"/*/* >content 2>/dev/null; echo loaded; read line <go
    """
    os.mkfifo(work / "go")
    with any_shell.start(script, cwd=work, env={"TMPDIR": str(temporary)}) as process:
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0)[0]:
            seen |= _arguments()
        seen |= _arguments()
        filters = [pid for pid in session(process.pid) if pid != process.pid]
        assert filters, "they run"
        for pid in filters:
            assert TOKEN.encode() not in (Path("/proc") / str(pid) / "environ").read_bytes()
        (work / "go").write_text("go\n")
        process.communicate()
    assert process.returncode == 0
    assert not any(form.encode() in argument for form in forms(Secret(TOKEN)) for argument in seen)
    assert (work / "content").read_bytes() == b""
    listing = (work / "listing").read_text()
    assert "drwx------" in listing
    assert "forms" not in listing


def test_nothing_is_left_behind(any_shell: Shell, work: Path, temporary: Path) -> None:
    """When the shell has ended, so have the filters, and the temporary directory is empty."""
    script = f"{env_file(work / 'env')}\necho x"
    with any_shell.start(script, cwd=work, env={"TMPDIR": str(temporary)}) as process:
        assert process.communicate()[0] == b"x\n"
        wait_for(lambda: not list(temporary.iterdir()))


def test_nothing_is_left_behind_after_a_kill(shell: Shell, work: Path, temporary: Path) -> None:
    """Even a shell that was killed leaves nothing."""
    script = f"{env_file(work / 'env')}\necho x; kill -9 $$"
    with shell.start(script, cwd=work, env={"TMPDIR": str(temporary)}) as process:
        assert process.communicate()[0] == b"x\n"
        assert process.returncode == -9
        wait_for(lambda: not list(temporary.iterdir()))


def test_a_person_at_a_terminal_keeps_the_terminal(bash: Shell, work: Path) -> None:
    """An interactive shell that somebody types into is told so and stays as it is."""
    main, terminal = os.openpty()
    (work / "script").write_text(f'{env_file(work / "env")}\n[ -t 1 ] && [ -t 2 ] && echo "still ${{{NAME}:+set}}"\n')
    process = subprocess.Popen(
        [str(bash.path), "--norc", "-i", "script"],
        cwd=work,
        env=world(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    assert process.wait(20) == 0
    told = b""
    with suppress(OSError):  # The end of what a terminal shows.
        while piece := os.read(main, 10_000):
            told += piece
    os.close(main)
    shown = told.decode()
    assert shown.count("bitbucket-token: ") == 1
    assert "still set" in shown
    assert TOKEN not in shown


def _arguments() -> set[bytes]:
    found = set()
    for pid in processes():
        try:
            found.add((Path("/proc") / str(pid) / "cmdline").read_bytes())
        except OSError:
            continue
    return found
