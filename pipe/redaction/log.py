"""All that a run prints passes here: redacted, harmless, at once. So does what is shown of a text from outside."""

import errno
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from pipe.errors import PipeError
from pipe.redaction.secret import MASK, redact

LONGEST = 200
"""Characters of a server's text that are shown at most."""

# Letters and marks that fill no space: a viewer shows what stands around them as if they were not there.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)

_NO_LETTERS = re.compile("[^\x21-\x7e]+")

# Characters. Anything shorter is also found in innocent text once that has no spaces.
_SHORTEST_IN_PIECES = 12

# The starts of workflow commands (`::`, `##[`, `##vso[`, `##teamcity[`) all begin with a doubled character.
_DOUBLED = re.compile(r"([:#])(?=\1)")


def harmless(text: str, masks: Sequence[str]) -> str:
    """Return `text` as one line without secrets, control characters and workflow commands.

    Control characters become visible before secrets are looked for again, and nothing is ever taken out: what a
    server splits or pads cannot come together.
    """
    return _DOUBLED.sub(r"\1 ", redact(_one_line(redact(text, masks)), masks))


def show(text: str, masks: Sequence[str]) -> str:
    """Return a server's text made harmless and cut to `LONGEST` characters; nothing of it if it spells a secret out.

    A secret can stand there in pieces, such as base64 that is broken into lines.
    """
    shown = harmless(text, masks)
    joined = _NO_LETTERS.sub("", shown)
    if any(
        mask in joined for mask in (_NO_LETTERS.sub("", mask) for mask in masks) if len(mask) >= _SHORTEST_IN_PIECES
    ):
        return MASK
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def _one_line(text: str) -> str:
    """Put a replacement character for each control, format and white-space character but the plain space."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() and character not in _INVISIBLE else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


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


class DeferredLog(Log):
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


def trace(error: BaseException) -> list[str]:
    """Return `error` and what it was made from, the first cause first, as lines without the text of any of them.

    What a library writes into an exception is not known beforehand: http.client and urllib3 put there what a server
    sent (`InvalidChunkLength` the chunk that was no length, `BadStatusLine` the line, `HeaderParsingError` the headers)
    and addresses with what is in them, json puts the document there. Each can hold a token that nobody knows of yet.

    So each is told by its type, and by the file, line and function of each place on its way; a `PipeError` also by what
    it says to people, and an error of the operating system by the name of its number.
    """
    lines: list[str] = []
    for link in reversed([*_chain(error)]):
        lines.append("Traceback (most recent call last):")
        lines += _places(link)
        lines.append(_title(link))
    return lines


def _places(error: BaseException) -> Iterator[str]:
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        yield f"  {code.co_filename}:{place.tb_lineno} in {code.co_qualname}"
        place = place.tb_next


def _title(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, PipeError):
        return f"{kind}: {error.what}"
    # OpenSSL has numbers of its own.
    name = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) and "ssl" not in kind else None
    return f"{kind}: {name}" if name else kind


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what Python would show before it (`raise ... from`, or another one that was being handled)."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
