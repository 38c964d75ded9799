"""What the parts of one run act with: requests, retries, masking, a line to the user."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from pipe.http.client import Http
from pipe.http.retry import RetryPolicy
from pipe.redaction.log import Log
from pipe.redaction.secret import Secret, broken_lines, forms


class Context(NamedTuple):
    """What a grant, a store, a check of the token acts with, beside the inputs.

    Made for each run by `pipe.run.context_of`, from the inputs, the CI system and the `Invocation`. Nobody changes it.
    """

    http: Http
    log: Log
    retries: RetryPolicy
    mask_in_ci: Callable[[Sequence[str]], None]
    """Has the CI system hide texts in its log."""
    warn: Callable[[str], None]
    """Shows what has gone wrong although the run goes on."""
    set_output: Callable[[str, Secret], None]
    """Hands a secret on as an output of the step; only where `has_outputs`."""
    has_outputs: bool
    cwd: Path
    """Paths that a user names are below it."""
    build_name: str = ""
    """What the CI system calls the job and no other one; empty if it does not say."""
    build_try: int | None = None
    """Which try of the build this is, 0 if nobody counts, where legs of a matrix share `build_name`; else None."""
    uninterrupted: Callable[[], AbstractContextManager[None]] = nullcontext
    """Lets a block be done to its end before an interrupt counts."""

    def __repr__(self) -> str:
        return "Context()"

    def say(self, text: str) -> None:
        """Tell the user in one line what is going on."""
        self.log.line(text)

    def masks(self) -> tuple[str, ...]:
        """Return the texts that no error may repeat, as far as they are known."""
        return self.log.masks

    def mask(self, secret: Secret) -> None:
        """Have a secret masked that has just become known, before anything is done with it."""
        masks = forms(secret)
        self.log.hide(masks)
        self.mask_in_ci((*masks, *broken_lines(secret)))
