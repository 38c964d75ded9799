"""What the stand-in was asked: every request, in the order of arrival."""

import threading
from collections.abc import Callable

from sandbox.messages import Request


class Journal:
    """The requests received so far; any thread may write, read or wait."""

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._changed = threading.Condition()

    def add(self, request: Request) -> None:
        """Note a request."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def all(self) -> list[Request]:
        """Return the requests so far."""
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        """Forget them."""
        with self._changed:
            self._requests.clear()

    def wait_for(self, enough: Callable[[list[Request]], bool], timeout: float = 5.0) -> list[Request]:
        """Return the requests as soon as they are `enough`; raise `TimeoutError` if they never are."""
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self._requests), timeout):
                raise TimeoutError(f"{len(self._requests)} requests came, and they were not enough")
            return list(self._requests)
