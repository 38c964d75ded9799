"""What programs under test find of the signals that whoever started the tests has ignored or blocked."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tests

ALL_IGNORED = """
import signal, subprocess
settable = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
for number in settable:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, settable)
from tests.signals import as_in_a_fresh_shell
as_in_a_fresh_shell()
subprocess.run(["cat", "/proc/self/status"], check=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_program_finds_no_signal_ignored_or_blocked() -> None:
    """Even if every signal was ignored and blocked, a program that a test starts has all of them as by default.

    But for the two or three that the C library keeps to itself (signal(7), "Real-time signals"): nobody who runs on it
    can set those, so they stay as whoever started the tests left them, and mean nothing to a program.
    """
    folder = Path(tests.__file__).parent.parent
    shown = subprocess.check_output([sys.executable, "-c", ALL_IGNORED], cwd=folder, text=True, timeout=60)
    masks = dict(line.split(":\t") for line in shown.splitlines() if line.startswith(("SigIgn", "SigBlk")))
    settable = sum(1 << (number - 1) for number in signal.valid_signals())
    found = {name: int(mask, 16) & settable for name, mask in masks.items()}
    assert found == {"SigIgn": 0, "SigBlk": 0}
