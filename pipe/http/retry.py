"""Which failures are worth another try, and when: after waits with full jitter, or the server's Retry-After."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

from pipe.errors import AnswerError, PipeError, UnreachableError
from pipe.http.deadline import Deadline

Result = TypeVar("Result")

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
"""Seconds: the bounds of a wait that no server asked for."""


class RetryPolicy(NamedTuple):
    """How long one request is tried again. `announce` gets one line before each wait; `sleep` waits, in seconds."""

    max_attempts: int
    deadline: Deadline
    announce: Callable[[str], None]
    sleep: Callable[[float], None]


def with_retries(attempt: Callable[[], Result], policy: RetryPolicy) -> Result:
    """Call `attempt` until it succeeds, fails for good, or attempts or deadline run out; then raise its last failure.

    A failure is tried again if it says so (`PipeError.again`). A `Retry-After` that does not fit into the deadline ends
    the run at once with an `AnswerError`.
    """
    try:
        return attempt()
    except PipeError as error:
        if not error.again:
            raise
        failure = error
    return _try_again(attempt, failure, policy)


def _try_again(attempt: Callable[[], Result], first_failure: PipeError, policy: RetryPolicy) -> Result:
    """Go on after the first attempt, which ended with `first_failure` and counts as one of `max_attempts`.

    What the server answered last says more than that the deadline came before its next answer.
    """
    # Imported here and nowhere else: most runs succeed at once, and save a tenth of their time.
    from tenacity import (  # noqa: PLC0415
        RetryCallState,
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        wait_random_exponential,
    )

    max_attempts, deadline, announce, sleep = policy
    backoff = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)
    last = first_failure

    def attempt_but_the_first() -> Result:
        nonlocal last
        if retrying.statistics["attempt_number"] == 1:
            raise first_failure
        try:
            return attempt()
        except PipeError as error:
            if isinstance(error, UnreachableError) and isinstance(last, AnswerError) and not deadline.remaining():
                raise last from error
            last = error
            raise

    def failure(state: RetryCallState) -> PipeError:
        return cast("PipeError", state.outcome and state.outcome.exception())

    def wait(state: RetryCallState) -> float:
        error = failure(state)
        if error.retry_after is None:
            return backoff(state)
        if error.retry_after >= deadline.remaining():
            raise _come_back_later(error, deadline) from error
        return error.retry_after

    def stop(state: RetryCallState) -> bool:
        return stop_after_attempt(max_attempts)(state) or state.upcoming_sleep >= deadline.remaining()

    def before_sleep(state: RetryCallState) -> None:
        announce(
            f"Attempt {state.attempt_number} of {max_attempts}: {failure(state).what} "
            f"Next try in {state.upcoming_sleep:.1f} s."
        )

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, PipeError) and error.again),
        wait=wait,
        stop=stop,
        sleep=sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(attempt_but_the_first)


def _come_back_later(error: PipeError, deadline: Deadline) -> AnswerError:
    return AnswerError(
        f"{error.what} It asks to come back in {error.retry_after:.0f} s, "
        f"after this run's deadline of {deadline.seconds:g} s.",
        error.why,
        f"Run the step again in {error.retry_after:.0f} s, or raise deadline above that.",
    )
