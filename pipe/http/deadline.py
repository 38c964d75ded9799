"""The one clock of a run: how many seconds are left of the `deadline` input."""

import time
from collections.abc import Callable


class Deadline:
    """Counts down `seconds` from `start`, waits included, on a clock that nobody can set back."""

    def __init__(
        self, seconds: float, *, start: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = (clock() if start is None else start) + seconds

    def remaining(self) -> float:
        """Return the seconds that are left; zero once the deadline has passed, never less."""
        return max(0.0, self._end - self._clock())
