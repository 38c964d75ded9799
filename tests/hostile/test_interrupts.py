"""Interrupted at any moment: exit 130 or 143, everything exported or nothing, and no traceback."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipe.ci.command_file import append_all
from pipe.cli.main import main
from pipe.errors import RefusedError
from pipe.verbs import Verb
from sandbox import Fault
from tests.program import Outcome, World, run_program

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
Process = subprocess.Popen[bytes]

# openat(2) by its number on x86-64 and on Arm.
_OPEN = ("257", "56")


def asked(world: World, number: signal.Signals, *, requests: int = 1, after: float = 0.0) -> Callable[[Process], None]:
    """Send the signal once that many requests have come."""

    def act(process: Process) -> None:
        world.sandbox.journal.wait_for(lambda found: len(found) >= requests, timeout=20)
        time.sleep(after)
        process.send_signal(number)

    return act


def is_interrupted(outcome: Outcome, number: signal.Signals) -> None:
    """Check how it ended."""
    assert outcome.code == CODES[number]
    assert f"Interrupted by {number.name}" in outcome.told
    assert outcome.files == {}


@pytest.mark.parametrize("number", CODES)
def test_while_it_waits_for_the_server(world: World, number: signal.Signals) -> None:
    """At once, and not when the server answers at last."""
    world.sandbox.faults.add(Fault(kind="silence"))
    outcome = run_program(world, env={**world.github(), **world.consumer}, during=asked(world, number))

    is_interrupted(outcome, number)


@pytest.mark.parametrize("number", CODES)
def test_between_two_attempts(world: World, number: signal.Signals) -> None:
    """During the wait, which is announced."""
    world.sandbox.faults.add(Fault(status=503, retry_after=60, times=None))

    def act(process: Process) -> bytes:
        assert process.stdout
        said = b""
        while b"Next try in" not in said and (piece := os.read(process.stdout.fileno(), 4096)):
            said += piece
        process.send_signal(number)
        return said

    outcome = run_program(world, env={**world.github(), **world.consumer}, during=act)

    is_interrupted(outcome, number)
    assert "Next try in" in outcome.shown


@pytest.mark.parametrize("number", CODES)
def test_while_a_file_is_awaited(world: World, number: signal.Signals) -> None:
    """Before anything was sent."""
    pipe = world.runner / "pipe"
    os.mkfifo(pipe)

    def act(process: Process) -> None:
        _wait_until_open(process.pid)
        process.send_signal(number)

    outcome = run_program(world, env={"CONSUMER_KEY": "key", "CONSUMER_SECRET_FILE": str(pipe)}, during=act)

    is_interrupted(outcome, number)
    assert outcome.requests == []


def _wait_until_open(pid: int) -> None:
    """Wait until the program hangs in open(2) of a pipe: in no other call of it does it stay for long."""
    end = time.monotonic() + 20
    before, same = "", 0
    while same < 10:
        assert time.monotonic() < end, before
        try:
            now = Path(f"/proc/{pid}/syscall").read_text()
        except OSError:  # Where the kernel does not say what it waits for.
            time.sleep(2)
            return
        same = same + 1 if now == before and now.split()[0] in _OPEN else 0
        before = now
        time.sleep(0.02)


@pytest.mark.parametrize("arguments", [(), ("api", "user")], ids=["run", "api"])
def test_a_machine_that_slept_past_the_deadline_is_told_whom_it_waited_for(
    world: World, arguments: tuple[str, ...]
) -> None:
    """The alarm that is behind the deadline has passed with it then; what is said is the same."""
    world.sandbox.faults.add(Fault(kind="silence"))

    def act(process: Process) -> None:
        asked(world, signal.SIGSTOP)(process)
        time.sleep(4.2)
        process.send_signal(signal.SIGCONT)

    env = {**world.consumer, "BITBUCKET_ACCESS_TOKEN": world.sandbox.mint_token().value, "DEADLINE": "3"}
    outcome = run_program(world, *arguments, env=env, during=act)

    assert outcome.code == 4
    assert "gave no whole answer within the deadline of 3 s" in outcome.failure


@pytest.mark.usefixtures("signals_as_before")
def test_an_alarm_that_rings_while_a_failure_is_on_its_way_adds_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What went wrong first is what is told, with its exit code. In this process, to meet the moment."""

    def late(*_: object) -> None:
        try:
            raise RefusedError("The key is wrong.", "It is misspelt.", "Correct it.")
        finally:
            signal.raise_signal(signal.SIGALRM)

    monkeypatch.setattr("pipe.cli.main._GET_A_TOKEN", Verb(late, "Fail."))
    monkeypatch.chdir(world.work)

    assert main([], world.consumer) == 3
    assert "✖ The key is wrong." in capsys.readouterr().err


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 512)
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("number", CODES)
def test_an_interrupt_that_nobody_hears_of_ends_it_all_the_same(
    world: World, unread: int, number: signal.Signals
) -> None:
    """With its own exit code, although the last words hang."""
    world.sandbox.faults.add(Fault(kind="silence"))
    outcome = run_program(world, env=world.consumer, during=asked(world, number), stderr=unread, speechless=True)

    assert outcome.code == CODES[number]


def test_a_failure_that_nobody_hears_of_keeps_its_exit_code(world: World, unread: int) -> None:
    """The alarm behind the deadline ends the telling, and is no failure of its own."""
    env = {**world.consumer, "CONSUMER_SECRET": "wrong-but-long-enough", "DEADLINE": "1"}
    outcome = run_program(world, env=env, stderr=unread, speechless=True)

    assert outcome.code == 3


@pytest.mark.parametrize("system", ["github", "none"])
def test_at_any_moment_all_is_exported_or_nothing(world: World, system: str) -> None:
    """Both signals, spread over the whole run; most of them around the answer and the export."""
    dice = random.Random(20_260_504)  # noqa: S311 - no secret
    env = {**world.github(), **world.consumer, "CI": "", "INPUT_CI": system, "INPUT_OUTPUT-FILE": "token.env"}
    for turn in range(8):
        number = dice.choice(list(CODES))
        if turn < 2:
            # Python itself shows a traceback for a SIGINT that comes before it gets to the program.
            act = _after(signal.SIGTERM, dice.uniform(0.0, 0.25))
            number = signal.SIGTERM
        else:
            act = asked(world, number, requests=len(world.sandbox.requests) + 1, after=dice.uniform(0.0, 0.02))
        _reset(world)
        outcome = run_program(world, env=env, during=act, may_export=True, may_die=turn < 2)
        if outcome.code != 0:
            assert outcome.code == CODES[number]
        names = set(outcome.files) - {"runner/summary"}
        everything = {"work/token.env"} | ({"runner/env", "runner/output"} if system == "github" else set())
        assert names in (set(), everything), (turn, outcome.code, names)
        if names:
            assert all(text.endswith("\n") for text in outcome.files.values())
        if outcome.code == 0:
            assert names == everything


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("signals_as_before")
def test_in_the_middle_of_an_export(
    world: World, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, moment: str
) -> None:
    """It is done to its end, and then the signal counts. In this process, to meet the moment."""

    def interrupted(*arguments: Any, **options: Any) -> None:
        if moment == "before":
            signal.raise_signal(number)
        append_all(*arguments, **options)
        if moment == "after":
            signal.raise_signal(number)

    monkeypatch.setattr("pipe.ci.github.append_all", interrupted)
    monkeypatch.chdir(world.work)
    env = {**world.sandbox.environment(), **world.github(), **world.consumer, "OUTPUT_FILE": "token.env"}
    env.pop("GITHUB_STEP_SUMMARY")

    assert main([], env) == CODES[number]
    for path in (world.runner / "env", world.runner / "output", world.work / "token.env"):
        assert world.sandbox.tokens[0].value in path.read_text()


def _after(number: signal.Signals, seconds: float) -> Callable[[Process], None]:
    def act(process: Process) -> None:
        time.sleep(seconds)
        process.send_signal(number)

    return act


def _reset(world: World) -> None:
    world.github()
    for name in ("env", "output", "summary"):
        (world.runner / name).write_text("")
    (world.work / "token.env").unlink(missing_ok=True)


@pytest.mark.parametrize(("first", "second"), [(signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)])
def test_more_signals_change_nothing(world: World, first: signal.Signals, second: signal.Signals) -> None:
    """GitHub sends SIGINT, then SIGTERM; one of them counts, and what it undoes is undone to the end."""
    world.sandbox.faults.add(Fault(kind="silence"))

    def act(process: Process) -> None:
        asked(world, first)(process)
        for _ in range(20):
            process.send_signal(second)

    outcome = run_program(world, env={**world.github(), **world.consumer}, during=act)

    assert outcome.code in CODES.values()
    assert outcome.told.count("Interrupted by") == len(outcome.told.splitlines()) == 1
    assert outcome.files == {}


def test_a_log_that_nobody_reads_does_not_outlive_the_deadline(world: World) -> None:
    """A pipe that is full, as when the reader hangs: the masks of a long token alone fill it."""
    token = "a-long-token-" * 4_000
    world.sandbox.faults.add(Fault(body=f'{{"access_token": "{token}"}}'))
    read_end, write_end = os.pipe()
    try:
        env = {**world.github(), **world.consumer, "DEADLINE": "1.5"}
        outcome = run_program(world, env=env, tokens=[token], stdout=write_end, limit=15, speechless=True)
    finally:
        os.close(read_end)
        os.close(write_end)

    assert outcome.code == 4
    assert set(outcome.files) <= {"runner/summary"}


@pytest.mark.parametrize("number", CODES)
def test_a_log_that_nobody_reads_does_not_keep_it_from_ending(world: World, number: signal.Signals) -> None:
    """The same, interrupted."""
    token = "a-long-token-" * 4_000
    world.sandbox.faults.add(Fault(body=f'{{"access_token": "{token}"}}'))
    read_end, write_end = os.pipe()
    try:
        env = {**world.github(), **world.consumer}
        act = asked(world, number, after=1)
        outcome = run_program(world, env=env, tokens=[token], stdout=write_end, limit=15, during=act)
    finally:
        os.close(read_end)
        os.close(write_end)

    is_interrupted(outcome, number)


@pytest.mark.usefixtures("signals_as_before")
def test_the_alarm_waits_for_the_export(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline that passes while the files are written leaves all of them whole. In this process."""

    def interrupted(*arguments: Any, **options: Any) -> None:
        signal.raise_signal(signal.SIGALRM)
        append_all(*arguments, **options)
        signal.raise_signal(signal.SIGALRM)

    monkeypatch.setattr("pipe.ci.github.append_all", interrupted)
    monkeypatch.chdir(world.work)
    env = {**world.github(), **world.consumer, **world.sandbox.environment(), "OUTPUT_FILE": "token.env"}
    del env["GITHUB_STEP_SUMMARY"]  # It is written after the hand-over.

    assert main([], env) == 0
    token = world.sandbox.tokens[-1].value
    assert token in (world.work / "token.env").read_text()
    assert token in (world.runner / "env").read_text()


@pytest.mark.usefixtures("signals_as_before")
def test_an_export_that_hangs_is_ended_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some more seconds; what was written is taken back. In this process."""

    def hanging(*arguments: Any, **options: Any) -> None:
        for _ in range(10):
            signal.raise_signal(signal.SIGALRM)
        append_all(*arguments, **options)

    monkeypatch.setattr("pipe.ci.github.append_all", hanging)
    monkeypatch.chdir(world.work)
    (world.work / "token.env").write_text("older\n")
    env = {**world.github(), **world.consumer, **world.sandbox.environment(), "OUTPUT_FILE": "token.env"}

    assert main([], env) == 4
    assert (world.work / "token.env").read_text() == "older\n"
    assert (world.runner / "env").read_text() == ""
