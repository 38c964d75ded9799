"""How many requests are granted in any few seconds, whoever sends them."""

from collections import deque
from collections.abc import Callable
from threading import Lock


class Allowance:
    """Grants `requests` in any `seconds`, by `clock`."""

    def __init__(self, requests: int, seconds: float, clock: Callable[[], float]) -> None:
        self._requests = requests
        self._seconds = seconds
        self._clock = clock
        self._granted: deque[float] = deque()
        self._lock = Lock()

    def grant(self) -> bool:
        """Say whether one more may be answered now."""
        with self._lock:
            now = self._clock()
            while self._granted and self._granted[0] <= now - self._seconds:
                self._granted.popleft()
            if len(self._granted) >= self._requests:
                return False
            self._granted.append(now)
            return True
