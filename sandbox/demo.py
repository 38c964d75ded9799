"""`python -m sandbox demo`: the program, a shell, git and curl against the stand-in, as in a CI step.

Every line that it ticks off was checked, so the demo is a test as well.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pipe.redaction.secret import Secret, forms, redact
from sandbox.consumers import Consumer
from sandbox.sandbox import Sandbox

_ROOT = Path(__file__).parents[1]
_NEEDED = ("sh", "git", "curl")
_WIDTH = 60

# What a user would write. The token is in no argument of any program: git is configured, curl reads it.
_LATER_STEP = r"""
set -eu
. ./.bitbucket-token/env
echo "token: $BITBUCKET_ACCESS_TOKEN"
git clone --quiet https://bitbucket.org/team/hello.git
echo "clone: $(cat hello/README.md)"
echo "api: $(printf 'Authorization: Bearer %s\n' "$BITBUCKET_ACCESS_TOKEN" |
    curl -fsS -H @- 'https://api.bitbucket.org/2.0/repositories/team?fields=size')"
"""


class UnexpectedError(Exception):
    """A step did not do what it should."""


@dataclass(slots=True)
class _Terminal:
    """Prints what happens, and keeps what the programs said."""

    masks: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list)

    def command(self, text: str) -> None:
        print(f"\n$ {text}")

    def output(self, text: str) -> None:
        for line in redact(text, self.masks).splitlines():
            print(f"  {line}")

    def done(self, what: str, result: str) -> None:
        print(f"✔ {what:<{_WIDTH}} {result}", flush=True)


def demo() -> int:
    """Show the whole job; return 0 if all of it went as it should."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        print(f"The demo needs {' and '.join(missing)}, which this machine does not have.", file=sys.stderr)
        return 1
    terminal = _Terminal()
    print("Bitbucket's addresses lead to a stand-in on this machine; no network is needed.")
    try:
        with Sandbox() as sandbox, TemporaryDirectory(prefix="demo-") as directory:
            _show(sandbox, terminal, Path(directory))
    except (UnexpectedError, subprocess.TimeoutExpired) as error:
        # A command line holds no secret, but what a program printed may.
        print(redact(f"✘ {error}", terminal.masks), file=sys.stderr)
        return 1
    return 0


def _show(sandbox: Sandbox, terminal: _Terminal, directory: Path) -> None:
    consumer, wrong = sandbox.consumer, Consumer()
    terminal.masks = forms(Secret(consumer.secret), key=consumer.key) + forms(Secret(wrong.secret), key=consumer.key)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **sandbox.environment(),
    }

    def run(*command: str, **more: str) -> tuple[int, str]:
        return _run(command, {**environment, **more}, directory, terminal)

    def pipe(secret: str) -> tuple[int, str]:
        return run(sys.executable, "-m", "pipe", "--configure-git", CONSUMER_KEY=consumer.key, CONSUMER_SECRET=secret)

    terminal.command("python -m pipe --configure-git")
    status, output = pipe(consumer.secret)
    for token in sandbox.tokens:
        terminal.masks += forms(Secret(token.value))
    # How to load the file is what comes next, so the program's own words about it are left out.
    terminal.output(output.partition("\n    . ./")[0])
    _expect(status == 0, f"exit {status} instead of 0")
    _expect(len(sandbox.tokens) == 1, f"{len(sandbox.tokens)} tokens instead of one")

    terminal.command(". ./.bitbucket-token/env")
    status, output = run("sh", "-c", _LATER_STEP)
    told = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)
    _expect(status == 0, f"exit {status} instead of 0:\n{output}")
    _expect(told.get("token") == "***", f"the token was not masked:\n{output}")
    terminal.done('echo "token: $BITBUCKET_ACCESS_TOKEN"', f"token: {told['token']}")
    _expect(told.get("clone", "").startswith("# Hello"), f"no clone:\n{output}")
    terminal.done("git clone https://bitbucket.org/team/hello.git", told["clone"])
    _expect(told.get("api") == '{"size": 12}', f"another answer from the API:\n{output}")
    terminal.done("curl -H @- https://api.bitbucket.org/2.0/repositories/team", "12 repositories")

    terminal.command("CONSUMER_SECRET=another python -m pipe --configure-git")
    status, output = pipe(wrong.secret)
    terminal.output(output[output.find("✖") :])
    _expect(status == 3, f"exit {status} instead of 3")
    _expect("Why: " in output and "Now: " in output, "no advice")

    asked = [request for request in sandbox.requests if request.path == "/site/oauth2/access_token"]
    _expect(len(asked) == 2, f"{len(asked)} requests for a token instead of two")
    _expect(not (directory / ".bitbucket-token" / "env").exists(), "the env file is still there")
    _expect(redact("\n".join(terminal.heard), terminal.masks) == "\n".join(terminal.heard), "a secret was printed")
    print()
    terminal.done("nothing above holds a secret, and the env file is gone", "exit 0, 0 and 3")


def _run(command: tuple[str, ...], environment: Mapping[str, str], cwd: Path, terminal: _Terminal) -> tuple[int, str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )
    terminal.heard.append(done.stdout)
    return done.returncode, done.stdout


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise UnexpectedError(otherwise)
