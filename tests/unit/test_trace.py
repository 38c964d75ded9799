"""Where a failure comes from, without the text of any exception that was not written here."""

import errno
import json
import ssl
import subprocess
import sys
from http.client import BadStatusLine

import pytest
import requests

from pipe.errors import AnswerError
from pipe.redaction.log import trace

SECRET = "8Vq2pKdTn4XwLs7RzYc5HbGm"


class OddError(Exception):
    """One whose text is made when it is asked for."""

    def __str__(self) -> str:
        return SECRET


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return `error` after it has been on its way."""
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        KeyError(SECRET),
        requests.ConnectionError(BadStatusLine(SECRET)),
        OSError(errno.EIO, SECRET, SECRET),
        OSError(SECRET, SECRET),
        ssl.SSLError(1, SECRET),
        UnicodeDecodeError("ascii", SECRET.encode(), 0, 1, SECRET),
        json.JSONDecodeError(SECRET, SECRET, 0),
        OddError(),
    ],
)
def test_the_text_of_a_foreign_exception_is_not_in_it(error: Exception) -> None:
    """Neither of its own nor of what it was made from, nor a note at it."""
    error.add_note(SECRET)
    lines = trace(raised(AnswerError("What.", "Why.", "Now."), raised(error)))

    assert SECRET not in "\n".join(lines)
    assert f"{type(error).__module__}.{type(error).__qualname__}" in "\n".join(lines)
    assert lines[-1] == "pipe.errors.AnswerError: What."


def test_each_place_is_told() -> None:
    """File, line and function, the first cause first."""
    lines = trace(raised(ValueError(), raised(KeyError())))

    assert [line for line in lines if not line.startswith("  ")] == [
        "Traceback (most recent call last):",
        "builtins.KeyError",
        "Traceback (most recent call last):",
        "builtins.ValueError",
    ]
    line = raised.__code__.co_firstlineno + 3
    assert lines[1] == lines[4] == f"  {__file__}:{line} in raised"


def test_the_name_of_a_number_is_told() -> None:
    """It is the operating system's, and says more than the type."""
    assert trace(OSError(errno.EIO, SECRET))[-1] == "builtins.OSError: EIO"
    assert (
        trace(ConnectionRefusedError(errno.ECONNREFUSED, SECRET))[-1] == "builtins.ConnectionRefusedError: ECONNREFUSED"
    )
    assert trace(ssl.SSLError(1, SECRET))[-1] == "ssl.SSLError"


def test_a_circle_ends_and_what_is_hidden_stays_so() -> None:
    """As in Python's own."""
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    assert len(trace(one)) == 4
    one.__suppress_context__ = True
    assert len(trace(one)) == 2


def test_what_nobody_can_catch_is_not_shown_either() -> None:
    """An exception in a finalizer or a thread, which Python would show, and one that ends the program itself."""
    program = f"""
import sys, threading
import pipe.cli.main as edge

class Finalized:
    def __del__(self):
        raise ValueError("{SECRET}")

def fail():
    raise ValueError("{SECRET}")

def main(arguments, env):
    Finalized()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    fail()

edge.main = main
edge.entry()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert ended.returncode == 1
    assert "has a defect" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
