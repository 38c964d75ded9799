"""Answers on standard output, JSON a line each, in the order of the paths; failures and progress as they come."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple, TextIO

from pipe.errors import AnswerError, PipeError
from pipe.export.printing import write_out
from pipe.http.responses import parsed_json
from pipe.redaction.secret import MASK, redact
from pipe.verbs.api.answers import Incoming, masked
from pipe.verbs.api.parallel import PathDone

# What JSON lets stand as it is, but a terminal, a log viewer or UTF-8 does not.
_UNFIT = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Rendered(NamedTuple):
    """What is printed next, and how many values of a list that is; None: it is no page of one."""

    text: bytes
    values: int | None = None


class JsonLines:
    """Renders values; `masks` are the texts that must not be among them, longest first."""

    def __init__(self, masks: Sequence[str]) -> None:
        self._masks = masks

    def of(self, values: Sequence[object], host: str) -> Rendered:
        """Return each value as one line of compact JSON in UTF-8.

        Raises `AnswerError` for a value that JSON cannot tell, such as a number beyond all bounds.
        """
        try:
            text = "".join([_ENCODER.encode(value) + "\n" for value in values])
            if any(mask in text for mask in self._masks):
                text = "".join([_ENCODER.encode(self._redacted(value)) + "\n" for value in values])
                text = redact(text, self._masks)
        except (ValueError, RecursionError):
            raise _no_json(host) from None
        return Rendered(_harmless(text).encode(), len(values))

    def answer(self, answer: Incoming) -> Iterator[Rendered]:
        """Yield the body of an answer that `hold` has been called for: one line if it is JSON, else as it is.

        Raises `AnswerError` if it only says that it is JSON, and as `Incoming.pieces` does.
        """
        if not answer.is_json:
            for piece in masked(chain(answer.first, answer.pieces), self._masks):
                yield Rendered(piece)
        elif body := b"".join(answer.first):
            try:
                value = parsed_json(body)
            except (ValueError, RecursionError):
                raise _no_json(answer.host) from None
            yield self.of([value], answer.host)

    def head(self, answer: Incoming) -> Rendered:
        """Return the head of an answer."""
        return Rendered(redact(answer.head_lines(), self._masks).encode())

    def _redacted(self, value: object) -> object:
        if isinstance(value, dict):
            return {redact(key, self._masks): self._redacted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if isinstance(value, str):
            return redact(value, self._masks)
        return MASK if any(mask in str(value) for mask in self._masks) else value


def _harmless(text: str) -> str:
    """The same JSON, with what must not stand there as it is written as an escape.

    `##[` and `##vso[` are commands to CI systems wherever they stand in a line. `#` stands in JSON's texts alone.
    """
    if "##" in text:
        text = text.replace("##", "#\\u0023")
    if "\x7f" not in text and text.isascii():
        return text
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _no_json(host: str) -> AnswerError:
    return AnswerError(
        f"{host} answered with something that says it is JSON and is not.",
        "The answer was cut off or changed on its way, or the server is faulty.",
        "Run the step again; check proxies in between.",
    )


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


class Output:
    """Prints on `stdout`. `paths` are what the failures are told of, by `tell`; that of an only path is raised."""

    def __init__(
        self, stdout: TextIO, paths: Sequence[str], tell: Callable[[PipeError], None], progress: Progress
    ) -> None:
        self._stdout = stdout
        self._paths = paths
        self._tell = tell
        self._progress = progress

    def print_all(self, items: Iterable[tuple[int, Rendered | PathDone]]) -> None:
        """Print what comes, piece by piece.

        Raises what `write_out` does, and at the end a `PipeError` of the first failure's kind.
        """
        failures: list[PipeError] = []
        for number, item in items:
            if isinstance(item, Rendered):
                if item.values is not None:
                    self._progress.add(item.values)
                write_out(self._stdout, item.text, "the answer")
            elif item.failure is not None:
                failures.append(item.failure)
                self._failed(number, item.failure)
        if failures:
            raise type(failures[0])(
                f"{len(failures)} of {len(self._paths)} paths failed.",
                "Each failure is told above. The first one decides the exit code.",
                "Correct those paths, and ask for them again.",
            )

    def _failed(self, number: int, failure: PipeError) -> None:
        if len(self._paths) == 1:
            raise failure
        self._progress.wipe()
        self._tell(type(failure)(f"{self._paths[number]}: {failure.what}", failure.why, failure.now))
