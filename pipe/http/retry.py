"""Which failures are tried again, when (after waits with full jitter, or when the server says), and until when."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from pipe.errors import AnswerError, PipeError, UnreachableError

Result = TypeVar("Result")

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
"""Seconds: the bounds of the waits after trouble. Most of it lasts for less than a second."""
FIRST_REFILL, LONGEST_REFILL = 4.0, 20.0
"""Seconds: the bounds of the waits after a refusal for the rate, whose allowance has to refill.

`python -m benchmarks.crowd` shows what they do to a thousand jobs that share one allowance.
"""

# As a part of the deadline, and in seconds at most: what the last attempt gets.
_LAST_ATTEMPT = 0.1, 2.0
# Lines: each of the first waits is announced, then one each time that the tries have lasted twice as long.
_FIRST_LINES = 4


class Deadline:
    """The one clock of a run: counts down `seconds` from `start`, waits included, as nobody can set it back."""

    def __init__(
        self, seconds: float, *, start: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = (clock() if start is None else start) + seconds

    def remaining(self) -> float:
        """Return the seconds that are left; zero once the deadline has passed, never less."""
        return max(0.0, self._end - self._clock())


class RetryPolicy(NamedTuple):
    """How long one request is tried again.

    `announce` is called with one line before a wait, and `sleep` with the seconds of the wait.
    """

    max_attempts: int | None
    """None: as many as the deadline allows."""
    deadline: Deadline
    announce: Callable[[str], None]
    sleep: Callable[[float], None]


def with_retries(attempt: Callable[[], Result], policy: RetryPolicy) -> Result:
    """Call `attempt` until it succeeds, fails for good, or attempts or deadline run out; then raise its last failure.

    A failure is tried again if it says so (`PipeError.again`). A `Retry-After` that does not fit into the deadline ends
    the run at once with an `AnswerError`. What a server answered says more than that the deadline came before its next
    answer, and is raised instead.
    """
    try:
        return attempt()
    except PipeError as error:
        if not error.again:
            raise
        first_failure = error
    # Imported here and nowhere else: most runs succeed at once, and save a tenth of their time.
    from tenacity import Retrying, retry_if_exception  # noqa: PLC0415

    course = _Course(policy, first_failure)

    def next_attempt() -> Result:
        if retrying.statistics["attempt_number"] == 1:
            raise first_failure
        try:
            return attempt()
        except PipeError as error:
            told = course.telling(error)
            if told is error:
                raise
            raise told from error

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, PipeError) and error.again),
        wait=lambda state: course.wait(state.attempt_number),
        stop=lambda state: course.is_over(state.attempt_number),
        sleep=policy.sleep,
        before_sleep=lambda state: course.announce(state.attempt_number, state.upcoming_sleep),
        reraise=True,
    )
    return retrying(next_attempt)


class _Course:
    """The tries of one request after its first, and the failure that the last of them ended with."""

    def __init__(self, policy: RetryPolicy, first_failure: PipeError) -> None:
        self._policy = policy
        self._last = first_failure
        self._began = policy.deadline.remaining()
        self._lines = 0
        self._told_at = 0.0

    def telling(self, error: PipeError) -> PipeError:
        """Return which of this failure and the one before it is to be told, should no other try follow."""
        late = isinstance(error, UnreachableError) and not self._policy.deadline.remaining()
        if not (late and isinstance(self._last, AnswerError)):
            self._last = error
        return self._last

    def wait(self, number: int) -> float:
        """Return the seconds to wait after the attempt of that number."""
        left = self._policy.deadline.remaining()
        if self._last.retry_after is not None:
            if self._last.retry_after >= left:
                raise _come_back_later(self._last, self._policy.deadline) from self._last
            return self._last.retry_after
        first, longest = (FIRST_REFILL, LONGEST_REFILL) if self._last.rate_limited else (FIRST_WAIT, LONGEST_WAIT)
        # Full jitter: jobs that failed together do not come back together.
        wait = random.uniform(0, min(longest, first * 2.0 ** min(number - 1, 10)))  # noqa: S311 - no secret
        return max(0.0, min(wait, left - self._for_the_last_attempt()))

    def is_over(self, number: int) -> bool:
        """Say whether no other attempt is made: there were enough, or there is no time for one."""
        if self._policy.max_attempts is not None and number >= self._policy.max_attempts:
            return True
        return self._policy.deadline.remaining() <= self._for_the_last_attempt()

    def announce(self, number: int, wait: float) -> None:
        """Say what happened and what follows; the longer the tries last, the less often."""
        left = self._policy.deadline.remaining()
        lasted = self._began - left
        if self._lines >= _FIRST_LINES and lasted < 2 * self._told_at:
            return
        self._lines += 1
        self._told_at = lasted
        of = f" of {self._policy.max_attempts}" if self._policy.max_attempts else ""
        until = f" It is tried for {left:.0f} s more at most." if self._lines == _FIRST_LINES else ""
        self._policy.announce(f"Attempt {number}{of}: {self._last.what} Next try in {wait:.1f} s.{until}")

    def _for_the_last_attempt(self) -> float:
        part, most = _LAST_ATTEMPT
        return min(most, part * self._policy.deadline.seconds)


def _come_back_later(error: PipeError, deadline: Deadline) -> AnswerError:
    return AnswerError(
        f"{error.what} It asks to come back in {error.retry_after:.0f} s, "
        f"after this run's deadline of {deadline.seconds:g} s.",
        error.why,
        f"Run the step again in {error.retry_after:.0f} s, or raise deadline above that.",
    )
