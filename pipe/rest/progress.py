"""How far the work has come, on a terminal: one line that is written over, and wiped off before any other."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

_SECONDS_BETWEEN = 0.25


class Progress:
    """Counts pages and values. `terminal` is where they are shown, if there is one; `line` writes a line for good."""

    def __init__(
        self,
        terminal: TextIO | None,
        line: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pages = 0
        self.values = 0
        self._terminal = terminal
        self._line = line
        self._clock = clock
        self._shown = ""
        self._next = clock() + _SECONDS_BETWEEN
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Write one line, from any thread."""
        with self._lock:
            self._clear()
            self._line(text)

    def add(self, values: int) -> None:
        """Count one page with so many values."""
        self.pages += 1
        self.values += values
        if self._terminal is None or self._clock() < self._next:
            return
        with self._lock:
            self._next = self._clock() + _SECONDS_BETWEEN
            self._clear()
            self._shown = f"{self.pages} pages, {self.values} values"
            self._write(self._shown)

    def wipe(self) -> None:
        """Take away what is shown now, for others who write there."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._shown:
            self._write(f"\r{' ' * len(self._shown)}\r")
            self._shown = ""

    def _write(self, text: str) -> None:
        # A terminal that went away is no reason to fail.
        with suppress(OSError, ValueError):
            if self._terminal is not None:
                self._terminal.write(text)
                self._terminal.flush()
