"""Several tasks at once: how many, in which order, and how much is held."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pipe.errors import AnswerError, OutOfTime, PipeError, UnreachableError
from pipe.http.client import Http
from pipe.http.retry import Deadline
from pipe.verbs.api.parallel import HELD, ParallelTasks, PathDone, Task

# From when the tests are found: others run before these do.
FOREVER = Deadline(86_400)


def connect() -> Http:
    return Http(FOREVER, timeout=1, ca_file="", env={})


def counting(number: int, items: int = 3) -> Task[Http, str]:
    def task(_http: Http) -> Iterator[str]:
        yield from (f"{number}.{item}" for item in range(items))

    return task


@pytest.mark.parametrize("at_once", [1, 2, 16])
def test_items_come_in_the_order_of_the_tasks(at_once: int) -> None:
    """Each task ends before the next one's items."""
    flight = ParallelTasks([counting(number) for number in range(5)], connect, at_once)
    found = [(number, item) for number, item in flight.items(FOREVER, "host") if not isinstance(item, PathDone)]

    assert found == [(number, f"{number}.{item}") for number in range(5) for item in range(3)]


def test_nothing_runs_far_ahead() -> None:
    """A task holds two items, and no more tasks begin than may be in flight, however long nobody takes anything."""
    made: list[str] = []
    held = threading.Semaphore(0)

    def task(number: int) -> Task[Http, str]:
        def work(_http: Http) -> Iterator[str]:
            for item in range(100):
                made.append(f"{number}.{item}")
                held.release()
                yield f"{number}.{item}"

        return work

    items = ParallelTasks([task(number) for number in range(9)], connect, 3).items(FOREVER, "host")
    next(items)
    # Of the first task, one more than the others: that one is taken. Each holds two, and has a third in its hand.
    for _ in range(3 * (HELD + 1) + 1):
        assert held.acquire(timeout=10)

    assert not held.acquire(timeout=0.2)
    assert {name.partition(".")[0] for name in made} == {"0", "1", "2"}


def test_a_failure_ends_its_task_alone() -> None:
    """It stands where the task ends."""
    error = AnswerError("a", "b", "c")

    def failing(_http: Http) -> Iterator[str]:
        yield "first"
        raise error

    found = list(ParallelTasks([failing, counting(1, 1)], connect, 2).items(FOREVER, "host"))

    assert found == [(0, "first"), (0, PathDone(error)), (1, "1.0"), (1, PathDone())]


def test_a_defect_ends_everything() -> None:
    """It is no failure of the server's."""

    def broken(_http: Http) -> Iterator[str]:
        nothing: dict[str, str] = {}
        yield nothing["x"]

    with pytest.raises(KeyError):
        list(ParallelTasks([broken], connect, 1).items(FOREVER, "host"))


def test_the_deadline_leaves_a_task_behind() -> None:
    """Whatever it waits for."""
    gate = threading.Event()

    def waiting(_http: Http) -> Iterator[str]:
        gate.wait(30)
        yield ""

    with pytest.raises(UnreachableError, match="within the deadline"):
        list(ParallelTasks([waiting], connect, 1).items(Deadline(0.05), "host"))
    gate.set()


def test_an_alarm_that_rings_while_a_task_is_waited_for_is_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine it can come first."""

    class Alarmed(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            raise OutOfTime

    monkeypatch.setattr("pipe.verbs.api.parallel.Queue", Alarmed)
    with pytest.raises(UnreachableError, match="host gave no whole answer within the deadline"):
        list(ParallelTasks([lambda _http: iter(["x"])], connect, 1).items(FOREVER, "host"))


def test_each_task_has_a_connection_to_itself() -> None:
    """And the next task gets one that is free."""
    used: list[Http] = []
    lock = threading.Lock()
    busy: set[int] = set()

    def task(http: Http) -> Iterator[str]:
        with lock:
            assert id(http) not in busy
            busy.add(id(http))
            used.append(http)
        yield ""
        with lock:
            busy.remove(id(http))

    failures: list[PipeError | None] = [
        item.failure
        for _, item in ParallelTasks([task] * 40, connect, 3).items(FOREVER, "host")
        if isinstance(item, PathDone)
    ]

    assert failures == [None] * 40
    assert len({id(http) for http in used}) <= 3


@pytest.mark.parametrize("possible", [0, 1, 3])
def test_what_gets_no_thread_is_done_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch, possible: int) -> None:
    """In the same order, with the same ends, whether there are some threads or none."""
    usual, begun = threading.Thread.start, list[str]()

    def start(thread: threading.Thread) -> None:
        if len(begun) == possible:
            raise RuntimeError("can't start new thread")
        begun.append(thread.name)
        usual(thread)

    def refused(_http: Http) -> Iterator[str]:
        yield "4.0"
        raise AnswerError("What.", "Why.", "Now.")

    monkeypatch.setattr(threading.Thread, "start", start)
    flight = ParallelTasks([*(counting(number) for number in range(4)), refused], connect, 2)
    found = list(flight.items(FOREVER, "host"))

    ends = [(number, item.failure) for number, item in found if isinstance(item, PathDone)]
    assert [number for number, _ in ends] == [0, 1, 2, 3, 4]
    assert [type(failure) for _, failure in ends] == [type(None)] * 4 + [AnswerError]
    assert [item for _, item in found if isinstance(item, str)] == [
        *(f"{number}.{item}" for number in range(4) for item in range(3)),
        "4.0",
    ]
    assert len(begun) == possible


def test_without_a_thread_the_alarm_is_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends all, and not one task alone."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def late(_http: Http) -> Iterator[str]:
        yield "0"
        raise OutOfTime

    monkeypatch.setattr(threading.Thread, "start", start)
    items = ParallelTasks([late], connect, 2).items(FOREVER, "host")

    assert next(items) == (0, "0")
    with pytest.raises(UnreachableError, match="within the deadline"):
        next(items)
