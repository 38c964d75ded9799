"""Where what goes: data, words and progress, also if nobody reads, or somebody watches."""

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.api.conftest import API, Caller
from tests.oracle import Oracle
from tests.program import Outcome, run_program

TEAM = "repositories/team"


def test_a_reader_that_has_enough_ends_the_run_quietly(caller: Caller) -> None:
    """`| head -1`: exit 0, and nothing is said of it."""
    for page in range(2, 60):
        caller.answer({"values": ["x" * 5000] * 5, "next": f"{API}/{TEAM}?page={page}"})
    reader, writer = os.pipe()

    def read_one(_process: "subprocess.Popen[bytes]") -> None:
        os.close(writer)
        os.read(reader, 100)
        os.close(reader)

    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", TEAM, "--paginate", env=env, stdout=writer, during=read_one)

    assert outcome.code == 0
    assert outcome.told == "Asking api.bitbucket.org: GET repositories/team.\n"
    assert len(outcome.requests) < 58


def test_a_reader_that_is_slow_gets_everything(caller: Caller) -> None:
    """Also where standard output does not wait for it, as behind a program that shares its own."""
    for page in range(2, 12):
        caller.answer({"values": ["x" * 20_000] * 5, "next": f"{API}/{TEAM}?page={page}"})
    caller.answer({"values": []})
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got = bytearray()

    def read_late(_process: "subprocess.Popen[bytes]") -> None:
        os.close(writer)
        caller.world.sandbox.journal.wait_for(lambda requests: len(requests) >= 3, timeout=20)
        while data := os.read(reader, 5000):
            got.extend(data)
        os.close(reader)

    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", TEAM, "--paginate", env=env, stdout=writer, during=read_late)

    assert outcome.code == 0
    assert got.decode().splitlines() == [f'"{"x" * 20_000}"'] * 50


def test_a_full_disk_is_told(caller: Caller) -> None:
    """Exit 7."""
    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    with Path("/dev/full").open("wb") as full:
        outcome = run_program(caller.world, "api", "user", env=env, stdout=full.fileno())

    assert outcome.code == 7
    assert "Standard output cannot be written" in outcome.failure


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_between_two_lines(caller: Caller, number: signal.Signals) -> None:
    """With a request in flight. Two pages may wait to be printed, and a third be about to."""
    for page in range(1, 5):
        caller.answer({"values": [page], "next": f"{API}/{TEAM}?page={page}"})
    caller.fault(kind="silence")

    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        caller.world.sandbox.journal.wait_for(lambda requests: len(requests) == 5, timeout=20)
        process.send_signal(number)

    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", TEAM, "user", "--paginate", "--at-once", "1", env=env, during=interrupt)

    assert outcome.code == 128 + number
    assert outcome.out in ("1\n", "1\n2\n", "1\n2\n3\n", "1\n2\n3\n4\n")
    assert outcome.told.endswith(f"✖ Interrupted by {number.name}.\n")


def on_terminal(caller: Caller, *arguments: str) -> tuple[Outcome, str]:
    """Run with standard error on a terminal; return what it showed, too."""
    ours, theirs = os.openpty()
    shown = bytearray()

    def watch() -> None:
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                return
            shown.extend(data)

    thread = threading.Thread(target=watch)
    thread.start()

    def leave(_process: "subprocess.Popen[bytes]") -> None:
        os.close(theirs)

    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", *arguments, env=env, stderr=theirs, during=leave, speechless=True)
    thread.join()
    os.close(ours)
    Oracle(token.value for token in caller.world.sandbox.tokens).check("the terminal", bytes(shown))
    return outcome, shown.decode()


def test_long_work_shows_how_far_it_has_come_on_a_terminal(caller: Caller) -> None:
    """One line that is written over, and gone at the end."""
    for page in range(2, 5):
        body = f'{{"values": [1, 2], "next": "{API}/{TEAM}?page={page}"}}'
        caller.fault(kind="delay", seconds=0.4, body=body)
    caller.answer({"values": [3]})
    outcome, shown = on_terminal(caller, TEAM, "--paginate")

    assert outcome.code == 0
    assert re.search(r"\d pages, \d values\r +\r", shown)
    assert shown.count("pages, ") <= 5
    assert shown.endswith("\rGot 7 values on 4 pages.\r\n")
    assert outcome.out == "1\n2\n1\n2\n1\n2\n3\n"


def test_work_that_is_done_at_once_shows_none(caller: Caller) -> None:
    """Nor does a failure stand behind half a line."""
    outcome, shown = on_terminal(caller, "workspaces")

    assert outcome.code == 5
    assert "pages" not in shown
    assert "\r\n✖ api.bitbucket.org refused (HTTP 410)" in shown
