"""Where a new refresh token goes: the contract of one file in this folder.

Each has a function `store(kind, where, context)`, which takes the input `refresh-token-store` apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pipe.redaction.secret import Secret

LOST = (
    "Then run the step again: for about ten minutes Bitbucket Cloud still takes the refresh token that this run "
    "started with. After that, get a new one with bitbucket-token login."
)
"""What to do once the cause is mended, when a new refresh token could not be kept."""


class Store:
    """A place that keeps one refresh token for the next run."""

    place: str
    """What a person calls it, without any secret."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs away from the token meanwhile, where that is possible."""
        yield

    def newest(self) -> Secret | None:
        """The token that an earlier run has left here, if this place can be read."""
        return None

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:
        """Put `refresh_token` here; `access_token` may be used for it. Raises `PipeError` if it is not kept."""
        raise NotImplementedError
