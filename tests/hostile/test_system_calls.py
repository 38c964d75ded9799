"""One system call fails: at each place of the hand-over, once, in runs of their own under strace(1)."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipe.redaction.secret import Secret, forms
from tests import parts
from tests.oracle import Oracle
from tests.program import EXIT_CODES, World

pytestmark = pytest.mark.xdist_group("strace")

# What touches the files that take the token, and what each can say.
CALLS = {
    "openat": "EIO",
    "write": "ENOSPC",
    "close": "EIO",
    "rename": "EXDEV",
    "renameat": "EIO",
    "linkat": "EACCES",
    "unlinkat": "EIO",
    "mkdir": "ENOSPC",
    "fchmod": "EPERM",
    "fstat": "EIO",
    "newfstatat": "EIO",
    "ftruncate": "EIO",
    "pread64": "EIO",
}
MOST = 20
TOKEN_FILES = ("env", "output", "state")


def walk(world: World, env: Mapping[str, str], call: str) -> Iterator[tuple[int, "subprocess.CompletedProcess[str]"]]:
    """Runs in which the first such call on a file of the hand-over fails, then the second, until there is none."""
    strace = parts.need("strace")
    trace = world.root / "trace"
    own = world.work / ".bitbucket-token"
    places = [world.work, own, own / "env", world.work / "token.env", *(world.runner / name for name in TOKEN_FILES)]
    watched = [word for place in places for word in ("-P", str(place))]
    program = [str(world.python), "-B", "-I", "-m", "pipe"]
    for number in range(1, MOST):
        inject = f"inject={call}:error={CALLS[call]}:when={number}"
        finished = subprocess.run(
            [strace, "-f", "-o", str(trace), *watched, "-e", f"trace={call}", "-e", inject, *program],
            cwd=world.work,
            env={"HOME": str(world.home), "TMPDIR": str(world.temporary), **world.sandbox.environment(), **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "(INJECTED)" not in trace.read_text():
            return
        yield number, finished
    raise AssertionError(f"{call} has more places than {MOST}")


def clear(world: World) -> None:
    for name in TOKEN_FILES:
        (world.runner / name).write_text("BEFORE=1\n")
    for path in sorted(world.work.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("system", ["github", "none"])
def test_all_is_handed_over_or_nothing(world: World, system: str, call: str) -> None:
    """With an exit code that says which, and nothing of the token is left where the run has failed."""
    env = {**(world.github() if system == "github" else {}), **world.consumer}
    env |= {"OUTPUT_FILE": "token.env"} if system == "github" else {}
    clear(world)
    for number, finished in walk(world, env, call):
        told = f"{call} number {number}: exit code {finished.returncode}\n{finished.stdout}{finished.stderr}"
        assert finished.returncode in EXIT_CODES, told
        tokens = [token.value for token in world.sandbox.tokens]
        oracle = Oracle([*tokens, world.sandbox.consumer.secret], key=world.sandbox.consumer.key)
        lines = [line for line in finished.stdout.splitlines() if not line.startswith("::add-mask::")]
        oracle.check("the streams", "\n".join(lines) + finished.stderr)
        if finished.returncode:
            for folder in (world.work, world.runner):
                oracle.check_tree(folder)
            assert "Traceback" not in finished.stderr, told
        else:
            written = [path for path in world.root.rglob("*") if path.is_file() and _holds(path, tokens[-1])]
            names = {path.name for path in written}
            assert names >= ({"token.env", "env", "output"} if system == "github" else {"env"}), told
            assert not any(re.fullmatch(r"\..*\.tmp", name) for name in names) or call == "unlinkat", told
        clear(world)


def _holds(path: Path, token: str) -> bool:
    text = path.read_text(errors="replace")
    return any(form in text for form in forms(Secret(token)))
