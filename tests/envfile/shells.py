"""Real shells as child processes, and env files for them to load."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipe.export.env_file import quote, render
from pipe.redaction.secret import Secret, forms
from tests.parts import need

TOKEN = "ATCT-x.y_z~9+/=$HOME'`id`\"*[a]^\\&|;!!"
NAME = "BITBUCKET_ACCESS_TOKEN"

# Bitbucket runs a script with "bash -i FILE", standard input being no terminal.
REQUIRED = ("dash", "bash", "bash --posix", "bash -i", "busybox ash")
EXTRA = ("mksh", "yash", "zsh --emulate sh")

# What "bash -i" says without a terminal, whatever it runs.
_NOISE = (b"bash: cannot set terminal process group", b"bash: no job control in this shell")


@dataclass(frozen=True)
class Ran:
    """What a script did."""

    status: int
    out: bytes
    err: bytes
    seconds: float
    ended: float
    """When its last process that holds a stream had ended, as seconds since 1970."""


@dataclass(frozen=True)
class Shell:
    """A shell by its command line."""

    name: str
    path: str | None = None

    @property
    def program(self) -> str:
        """The program to look for."""
        return self.name.split()[0]

    def command(self, script: Path) -> list[str]:
        """Return the command line that runs a script file."""
        return [self.path or self.program, *self.name.split()[1:], str(script)]

    @contextmanager
    def start(
        self, script: str, *, cwd: Path, env: Mapping[str, str] | None = None, merged: bool = False
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Start a script as the leader of a session, all of which is killed in the end."""
        file = cwd.parent / f"script-{time.monotonic_ns()}"
        file.write_bytes(os.fsencode(script))
        process = subprocess.Popen(
            self.command(file),
            cwd=cwd,
            env=world({"TMPDIR": str(cwd.parent), **(env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            start_new_session=True,
        )
        try:
            with process:
                try:
                    yield process
                except BaseException:
                    process.kill()
                    raise
        finally:
            with suppress(AssertionError):
                # What has seen the end of its input still tidies up.
                wait_for(lambda: not session(process.pid), seconds=0.5)
            for pid in session(process.pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def run(
        self,
        script: str,
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        merged: bool = False,
        hidden: str | None = TOKEN,
        timeout: float = 60,
    ) -> Ran:
        """Run a script to the end of all its output, and check that it shows no form of `hidden`."""
        with self.start(script, cwd=cwd, env=env, merged=merged) as process:
            begin = time.monotonic()
            out, err = process.communicate(timeout=timeout)
            seconds, ended = time.monotonic() - begin, time.time()
        err = b"".join(line for line in (err or b"").splitlines(True) if not line.startswith(_NOISE))
        for form in forms(Secret(hidden)) if hidden else ():
            assert form.encode() not in out
            assert form.encode() not in err
        return Ran(process.returncode, out, err, seconds, ended)


@dataclass
class Tools:
    """A directory with links to programs, for PATH."""

    folder: Path

    def add(self, *names: str, busybox: bool = False, links: Mapping[str, str] | None = None) -> None:
        """Put programs there, those of this machine or of busybox; `links` are other names for them."""
        for name, target in {**dict(zip(names, names, strict=True)), **(links or {})}.items():
            (self.folder / name).symlink_to(need("busybox") if busybox else _which(target))

    @property
    def env(self) -> dict[str, str]:
        """The environment in which there are only these programs."""
        return {"PATH": str(self.folder)}


def env_file(
    path: Path,
    token: str = TOKEN,
    *,
    name: str = NAME,
    mask_log: bool = True,
    remove: str | None = None,
) -> str:
    """Write an env file and return the line that loads it."""
    secret = Secret(token)
    variables: dict[str, str | Secret] = {
        name: secret,
        f"{name}_EXPIRES_AT": "2030-01-02T03:04:05Z",
        f"{name}_SCOPES": "account pipeline",
    }
    path.write_text(render(variables, masks=forms(secret), mask_log=mask_log, remove=remove), newline="")
    return f". {quote(str(path))}"


def world(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A small environment."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(more or {})}


def session(leader: int) -> list[int]:
    """Return the ids of the processes of a session that still run."""
    found = []
    for pid in processes():
        with suppress(OSError):
            # After the name in brackets: state, parent, group, session (proc_pid_stat(5)).
            state, _, _, its_session = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[:4]
            if its_session == str(leader) and state != "Z":
                found.append(pid)
    return found


def processes() -> list[int]:
    """Return the ids of all processes."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def wait_for(truth: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.01)


def _which(name: str) -> str:
    for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
        if (Path(folder) / name).exists():
            return f"{folder}/{name}"
    raise AssertionError(f"no {name} here")
