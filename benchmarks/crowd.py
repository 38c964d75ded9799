"""`python -m benchmarks.crowd`: a thousand jobs start in the same second, and share one allowance.

The endpoint grants a hundred tokens in each ten seconds and answers 429 without Retry-After to all others, as Bitbucket
does. The code that waits is the program's own, on a clock that only its waits move. Nothing is sent anywhere.
"""

import argparse
import heapq
import random
import sys
import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from statistics import mean
from typing import NamedTuple

from pipe.errors import PipeError
from pipe.http.retry import Deadline, RetryPolicy, with_retries
from pipe.oauth.advice import rate_limited

DEADLINE = 120.0


class Clock:
    """Simulated seconds. One thread runs at a time: the one whose wait ends first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, threading.Semaphore]] = []
        self._numbers = count()
        self._handed_over = threading.Semaphore(0)

    def sleep(self, seconds: float) -> None:
        """Hand over to the others for so long."""
        gate = threading.Semaphore(0)
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), gate))
        self._handed_over.release()
        gate.acquire()

    def run(self, jobs: list[Callable[[], None]]) -> None:
        """Start all jobs at second zero, and return when the last one has ended."""

        def job(work: Callable[[], None]) -> None:
            self.sleep(0.0)
            work()
            self._handed_over.release()

        threads = [threading.Thread(target=job, args=[work], daemon=True) for work in jobs]
        for thread in threads:
            thread.start()
            self._handed_over.acquire()
        while self._waiting:
            self.now, _, gate = heapq.heappop(self._waiting)
            gate.release()
            self._handed_over.acquire()
        for thread in threads:
            thread.join()


class Allowance:
    """So many tokens in any `seconds`, or, if it is `fixed`, in each period of so many seconds."""

    def __init__(self, clock: Clock, tokens: int, seconds: float, *, fixed: bool) -> None:
        self._clock = clock
        self._tokens = tokens
        self._seconds = seconds
        self._fixed = fixed
        self._granted: deque[float] = deque()
        self.requests = 0

    def ask(self) -> None:
        """Grant one, or raise what HTTP 429 stands for."""
        self.requests += 1
        now = self._clock.now
        since = now - now % self._seconds if self._fixed else now - self._seconds
        while self._granted and (self._granted[0] < since or (not self._fixed and self._granted[0] == since)):
            self._granted.popleft()
        if len(self._granted) >= self._tokens:
            raise rate_limited("bitbucket.org", None)
        self._granted.append(now)


class Outcome(NamedTuple):
    """What became of a crowd."""

    without: int
    """Jobs that got no token."""
    requests: float
    """Requests a job, on average."""
    last: float
    """When the last one ended, in seconds."""
    lines: int
    """Lines in the longest log."""


def crowd(jobs: int, seed: int, *, fixed: bool) -> Outcome:
    """Let `jobs` jobs ask at once."""
    random.seed(seed)
    clock = Clock()
    allowance = Allowance(clock, 100, 10.0, fixed=fixed)
    failures: list[PipeError] = []
    logs: list[list[str]] = []

    def job() -> None:
        log: list[str] = []
        logs.append(log)
        policy = RetryPolicy(None, Deadline(DEADLINE, clock=lambda: clock.now), log.append, clock.sleep)
        try:
            with_retries(allowance.ask, policy)
        except PipeError as error:
            failures.append(error)

    clock.run([job] * jobs)
    return Outcome(len(failures), allowance.requests / jobs, clock.now, max(map(len, logs)))


def main() -> int:
    """Simulate and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=10, help="how many crowds (10)")
    options = parser.parse_args()
    threading.stack_size(256 * 1024)
    print(f"{options.jobs} jobs, 100 tokens in 10 s, {options.seeds} crowds, deadline {DEADLINE:g} s")
    failed = 0
    for fixed in (False, True):
        found = [crowd(options.jobs, seed, fixed=fixed) for seed in range(options.seeds)]
        failed += sum(each.without for each in found)
        requests, last = [each.requests for each in found], [each.last for each in found]
        print(
            f"{'each period' if fixed else 'rolling':12} without a token: {sum(each.without for each in found)}; "
            f"requests a job: {mean(requests):.2f} ({max(requests):.2f} at most); "
            f"last token after {mean(last):.0f} s ({max(last):.0f} s at most); "
            f"lines in a log: {max(each.lines for each in found)} at most"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
