"""Where a new refresh token goes: the contract of one file in this folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from pipe.secret import Secret


class Store:
    """A place that keeps one refresh token for the next run."""

    place: str
    """What a person calls it, without any secret."""
    lost: ClassVar[str] = (
        "The old refresh token works for about ten minutes more at Bitbucket Cloud: mend the cause and run the step "
        "again at once, or get a new one with bitbucket-token login."
    )
    """What to do when a new refresh token could not be kept."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs away from the token meanwhile, where that is possible."""
        yield

    def newest(self) -> Secret | None:
        """The token that an earlier run has left here, if this place can be read."""
        return None

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:
        """Put `refresh_token` here; `access_token` may be used for it. Raises `ExportError` if it is not kept."""
        raise NotImplementedError
