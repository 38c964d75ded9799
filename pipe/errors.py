"""One class for each exit code. Every failure says three things: what happened, why it usually does, what to do now."""

from typing import ClassVar, Self


class PipeError(Exception):
    """A failure a person can read.

    `what` happened, `why` it usually happens, and what to do `now`: whole sentences without any secret.
    `again` says that another try could help, `retry_after` how many seconds the server wants it to wait, and
    `rate_limited` that an allowance was used up, which has to refill.
    """

    exit_code: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self,
        what: str,
        why: str,
        now: str,
        *,
        again: bool = False,
        retry_after: float | None = None,
        rate_limited: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.now = now
        self.again = again
        self.retry_after = retry_after
        self.rate_limited = rate_limited

    def because(self, why: str, now: str) -> Self:
        """Return the same failure for a reason that is known better, and with the advice that follows from it."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__, why=why, now=now)
        return other


class InputError(PipeError):
    """The inputs are wrong; nothing was sent."""

    exit_code = 2
    title = "Wrong input"


class MissingInputError(InputError):
    """An input that this run needs was not given. `name` is the input, `why` may be made clearer by the CI system.

    `passed_over` is a sentence that says what else was found for it, and why that does not count.
    """

    def __init__(self, name: str, variable: str, passed_over: str = "") -> None:
        super().__init__(
            f"{name} is missing.{f' {passed_over}' if passed_over else ''}",
            "The pipeline's secret is not set, is spelt otherwise, or is not handed to this step.",
            f"Store it as a secret of the pipeline and hand it to this step as {name} or {variable}.",
        )
        self.name = name
        self.variable = variable


class RefusedError(PipeError):
    """The server refused the credentials or the grant."""

    exit_code = 3
    title = "Credentials refused"


class UnreachableError(PipeError):
    """The server could not be reached: DNS, connection, proxy, TLS, deadline."""

    exit_code = 4
    title = "Server not reached"


class AnswerError(PipeError):
    """The server answered, but with trouble: 5xx, 429 to the end, or an answer that is no token response."""

    exit_code = 5
    title = "Unusable answer"


class UnfitTokenError(PipeError):
    """There is a token, but not the one asked for: scopes, lifetime, verification."""

    exit_code = 6
    title = "Not the token asked for"


class ExportError(PipeError):
    """The token could not be exported or masked; nothing half-written is left."""

    exit_code = 7
    title = "Token not exported"


class RunEnded(BaseException):
    """Something from outside ends this run."""

    exit_code: int


class OutOfTime(RunEnded):
    """The deadline passed while something waited that has no limit of its own."""

    exit_code = UnreachableError.exit_code
