"""Several tasks at once, with a bound on those in flight, and what they yield in the order of the tasks."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Queue, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

from pipe.errors import PipeError
from pipe.http.client import Http, awaited, without_thread
from pipe.http.retry import Deadline

MOST_AT_ONCE = 16
HELD = 2
"""What a task has yielded and nobody has taken yet, at most: memory stays as it is, however long the lists are."""

Item = TypeVar("Item")
Connection = TypeVar("Connection", bound=Http)
Task = Callable[[Connection], Iterator[Item]]


class PathDone(NamedTuple):
    """The end of one task: `failure` says why it was not the right one."""

    failure: PipeError | None = None


class ParallelTasks(Generic[Connection, Item]):
    """Runs `tasks`, `at_once` of them at a time, each with one of `connect`'s connections to itself.

    A task begins when there is room for it behind the first one whose items are not all taken yet.
    """

    def __init__(
        self, tasks: Sequence[Task[Connection, Item]], connect: Callable[[], Connection], at_once: int
    ) -> None:
        self._tasks = tasks
        self._channels: dict[int, Queue[Item | PathDone | BaseException]] = {}
        self._at_once = at_once
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        for _ in range(min(at_once, len(tasks))):
            self._idle.put(connect())

    def items(self, deadline: Deadline, host: str) -> Iterator[tuple[int, Item | PathDone]]:
        """The number of a task and what it yields, in the tasks' order; of each task, the last is its end.

        At the deadline it raises `UnreachableError` and leaves the threads behind: they are daemons.
        """
        for number in range(min(self._at_once, len(self._tasks))):
            self._start(number)
        for number in range(len(self._tasks)):
            found = self._received if number in self._channels else self._done_here
            yield from ((number, item) for item in found(number, deadline, host))
            if number + self._at_once < len(self._tasks):
                self._start(number + self._at_once)

    def _start(self, number: int) -> None:
        channel: Queue[Item | PathDone | BaseException] = Queue(maxsize=HELD)
        name = f"path-{number}"
        with suppress(RuntimeError):  # None can be started: the task is done when its turn comes.
            threading.Thread(target=self._work, args=(self._tasks[number], channel), name=name, daemon=True).start()
            self._channels[number] = channel

    def _work(self, task: Task[Connection, Item], channel: "Queue[Item | PathDone | BaseException]") -> None:
        http = self._idle.get()
        try:
            for item in task(http):
                channel.put(item)
            end: PathDone | BaseException = PathDone()
        except PipeError as error:
            end = PathDone(error)
        except BaseException as error:
            end = error
        self._idle.put(http)
        channel.put(end)

    def _received(self, number: int, deadline: Deadline, host: str) -> Iterator[Item | PathDone]:
        while True:
            item = awaited(self._channels[number], deadline, host)
            if isinstance(item, BaseException):
                raise item
            yield item
            if isinstance(item, PathDone):
                del self._channels[number]
                return

    def _done_here(self, number: int, deadline: Deadline, host: str) -> Iterator[Item | PathDone]:
        http = self._idle.get()
        items = self._tasks[number](http)
        item: Item | PathDone | None = None
        while not isinstance(item, PathDone):
            item = without_thread(lambda: _next(items), deadline, host)
            yield item
        self._idle.put(http)


def _next(items: Iterator[Item]) -> Item | PathDone:
    try:
        return next(items)
    except StopIteration:
        return PathDone()
    except PipeError as error:
        return PathDone(error)
