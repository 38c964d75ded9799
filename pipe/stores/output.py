"""An output of the step, for CI systems that have outputs and mask them."""

from collections.abc import Callable

from pipe.secret import Secret
from pipe.stores.store import Store


class OutputStore(Store):
    """The output `refresh-token`. It lasts as long as the job; a later step has to put it where it stays."""

    place = "the output refresh-token"

    def __init__(self, write: Callable[[str, Secret], None]) -> None:
        self._write = write

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:  # noqa: ARG002 - an output needs no token
        """Set the output."""
        self._write("refresh-token", refresh_token)
