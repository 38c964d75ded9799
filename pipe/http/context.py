"""What a grant, and the store of a refresh token, act with: requests, retries, masking, a line to the user."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from pipe.http.client import Http
from pipe.http.retry import with_retries
from pipe.redaction.log import Log
from pipe.redaction.secret import Secret, forms

Result = TypeVar("Result")


class Means:
    """The means of one run.

    `mask` has the CI system hide texts, `set_output` hands a secret on as an output of the step. Paths that a user
    names are below `cwd`. `uninterrupted` lets a block be done to its end before an interrupt counts.
    """

    def __init__(
        self,
        http: Http,
        log: Log,
        *,
        mask: Callable[[Sequence[str]], None],
        set_output: Callable[[str, Secret], None],
        has_outputs: bool,
        cwd: Path,
        max_attempts: int,
        sleep: Callable[[float], None] = time.sleep,
        uninterrupted: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.http = http
        self.set_output = set_output
        self.has_outputs = has_outputs
        self.sleep = sleep
        self.uninterrupted = uninterrupted
        self.cwd = cwd
        self._log = log
        self._mask = mask
        self._max_attempts = max_attempts

    def say(self, text: str) -> None:
        """Tell the user in one line what is going on."""
        self._log.line(text)

    def masked(self) -> tuple[str, ...]:
        """The texts that no error may repeat, as far as they are known."""
        return self._log.masks

    def learn(self, secret: Secret) -> None:
        """Have a secret masked that has just become known, before anything is done with it."""
        self._log.hide(forms(secret))
        self._mask(forms(secret))

    def retried(self, attempt: Callable[[], Result]) -> Result:
        """Call `attempt` again as often as the inputs allow and as it can help."""
        return with_retries(
            attempt,
            max_attempts=self._max_attempts,
            deadline=self.http.deadline,
            announce=self.say,
            sleep=self.sleep,
        )
