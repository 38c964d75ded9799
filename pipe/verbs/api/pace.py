"""How fast requests may follow each other, so that what the server allows lasts."""

import threading
import time
from collections.abc import Callable, Mapping

from pipe.errors import AnswerError
from pipe.http.retry import Deadline

_HOUR = 3600.0
# Cloud's smallest allowance (requests an hour), for an answer that does not say which it is.
_USUAL_LIMIT = 1000.0
# Of a Data Center's allowance. Cloud says `NearLimit` itself, when less than a fifth is left.
_NEAR = 0.2


class Pace:
    """The seconds between two requests of this run: none, until the server says that the allowance runs low.

    Cloud ("API request limits"): `X-RateLimit-NearLimit: true`, and `X-RateLimit-Limit` requests an hour. Data Center
    ("Adjusting your code for rate limiting"): `X-RateLimit-Remaining` requests are left of `X-RateLimit-Limit`, and
    `X-RateLimit-FillRate` are added every `X-RateLimit-Interval-Seconds`. All threads share one pace.
    """

    def __init__(
        self,
        deadline: Deadline,
        announce: Callable[[str], None],
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline = deadline
        self._announce = announce
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._between = 0.0
        self._next = 0.0
        self._told = False

    def wait(self) -> None:
        """Wait until the next request may go. Raises `AnswerError` if that is after the deadline."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            if self._between:
                self._next = start + self._between
        wait = start - now
        if wait >= self._deadline.remaining() > 0:
            raise AnswerError(
                f"The server's allowance runs low, and the next request would wait {wait:.0f} s, beyond the deadline.",
                "All jobs that use the same credentials share one allowance.",
                "Run the step again later, raise deadline, or ask for less: --page-length 100, --query, fewer paths.",
            )
        if wait:
            self._sleep(wait)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take what an answer says of the allowance, if it says anything."""
        between = _between(headers)
        if between is None:
            return
        with self._lock:
            news = bool(between) and not self._told
            self._told = self._told or news
            if between and not self._between:
                self._next = self._clock() + between
            self._between = between
            if not between:
                self._next = 0.0
        if news:
            self._announce(f"The server's allowance runs low: from now on one request every {between:.1f} s.")


def _between(headers: Mapping[str, str]) -> float | None:
    """Return the seconds between two requests that an answer asks for; None if it does not say."""
    near = headers.get("X-RateLimit-NearLimit", "").strip().lower()
    limit = _number(headers, "X-RateLimit-Limit")
    if near:
        return _HOUR / (limit or _USUAL_LIMIT) if near == "true" else 0.0
    left, interval, added = (
        _number(headers, f"X-RateLimit-{name}") for name in ("Remaining", "Interval-Seconds", "FillRate")
    )
    if left is None or not interval or not added:
        return None
    return interval / added if left <= _NEAR * (limit or added / _NEAR) else 0.0


def _number(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
