"""Which failures are worth another try; `pipe.backoff` says when."""

from collections.abc import Callable
from typing import TypeVar

from pipe.deadline import Deadline
from pipe.errors import PipeError

Result = TypeVar("Result")


def with_retries(
    attempt: Callable[[], Result],
    *,
    max_attempts: int,
    deadline: Deadline,
    announce: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Result:
    """Call `attempt` until it succeeds, fails for good, or attempts or deadline run out; then raise its last failure.

    A failure is tried again if it says so (`PipeError.again`). `announce` gets one line before each wait. A
    `Retry-After` that does not fit into the deadline ends the run at once with an `AnswerError`.
    """
    try:
        return attempt()
    except PipeError as error:
        if not error.again:
            raise
        failure = error
    # Most runs succeed at once. They save a tenth of their time by not importing what it takes to wait.
    from pipe.backoff import try_again  # noqa: PLC0415

    return try_again(attempt, failure, max_attempts=max_attempts, deadline=deadline, announce=announce, sleep=sleep)
