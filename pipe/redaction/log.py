"""All that a run prints passes here: redacted, harmless, at once."""

from collections.abc import Iterable
from typing import TextIO

from pipe.redaction.untrusted import harmless


class Log:
    """Writes lines to `out` and failures to `err`; with `print`, both are standard error."""

    def __init__(self, out: TextIO, err: TextIO, *, debug: bool = False) -> None:
        self._out = out
        self._err = err
        self._masks: list[str] = []
        self.debugging = debug

    @property
    def masks(self) -> tuple[str, ...]:
        """The texts that never leave, longest first."""
        return tuple(self._masks)

    def hide(self, masks: Iterable[str]) -> None:
        """Replace each of `masks` by `***` in everything that is written from now on."""
        self._masks[:] = sorted({*self._masks, *masks}, key=lambda mask: (-len(mask), mask))

    def line(self, text: str) -> None:
        """Write one line for a person. A reader that has gone away is no reason to fail."""
        self._write_quietly(self._out, self.clean(text))

    def failure(self, text: str) -> None:
        """Write one line of a failure."""
        self._write_quietly(self._err, self.clean(text))

    def debug(self, text: str) -> None:
        """Write one line for a person who is looking for a cause, if `debug` is on."""
        if self.debugging:
            self.line(f"debug: {text}")

    def command(self, text: str) -> None:
        """Write one line for the CI system as it is, secrets included: only a mask command may hold one.

        Raises `OSError` if nobody reads it.
        """
        self._out.write(text + "\n")
        self._out.flush()

    def clean(self, text: str) -> str:
        """Return `text` as it may be shown."""
        return harmless(text, self._masks)

    @staticmethod
    def _write_quietly(stream: TextIO, text: str) -> None:
        try:
            stream.write(text + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass


class Aside(Log):
    """A log beside another one: both hide the same, and its lines show with `debug`, or when `tell` is called."""

    def __init__(self, log: Log) -> None:
        super().__init__(log._out, log._err, debug=log.debugging)
        self._masks = log._masks
        self._kept: list[str] = []

    def line(self, text: str) -> None:
        """Write one line for a person who is looking for a cause, if `debug` is on, else keep it."""
        if self.debugging:
            super().line(f"debug: {text}")
        else:
            self._kept.append(text)

    def tell(self) -> None:
        """Write the lines that were kept."""
        for text in self._kept:
            super().line(text)
        self._kept.clear()
