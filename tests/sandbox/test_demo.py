"""The demo does the whole job, and fails if any part of it does."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import demo
from tests import parts

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _programs() -> None:
    parts.need("git")
    parts.need("curl")


def test_the_demo_succeeds() -> None:
    """A token, a clone, an answer of the API, and advice for a wrong secret."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("✔")] == [
        "echo",
        "git",
        "curl",
        "nothing",
    ]
    assert "token: ***" in done.stdout
    assert len(done.stdout.splitlines()) < 25


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('echo "token: $BITBUCKET_ACCESS_TOKEN"', "echo token: shown", "✘ the token was not masked"),
        ("git clone", "unset GIT_CONFIG_COUNT; git clone", "✘ exit 128 instead of 0"),
        ("?fields=size", "", "✘ another answer from the API"),
        (
            "set -eu",
            "cp -r .bitbucket-token kept; trap 'cp -r kept/* .bitbucket-token/' EXIT",
            "✘ the env file is still",
        ),
    ],
)
def test_the_demo_fails_with_any_of_its_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], before: str, after: str, complaint: str
) -> None:
    """It says which one, without a secret."""
    assert before in demo._LATER_STEP
    monkeypatch.setattr(demo, "_LATER_STEP", demo._LATER_STEP.replace(before, after))

    assert demo.demo() == 1
    assert complaint in capsys.readouterr().err


def test_the_demo_notices_a_leak(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A token that a step prints past the mask does not show in the demo either."""
    # What was started before the file was loaded has the log as it was.
    before = "(while [ ! -s leak ]; do sleep 0.05; done; cat leak) &"
    step = f"{before}\n{demo._LATER_STEP}\nprintf '%s\\n' \"$BITBUCKET_ACCESS_TOKEN\" >leak; wait"
    monkeypatch.setattr(demo, "_LATER_STEP", step)

    assert demo.demo() == 1

    shown = capsys.readouterr()
    assert "✘ a secret was printed" in shown.err
    assert "eyJ" not in shown.out + shown.err
