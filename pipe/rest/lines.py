"""What is printed of an answer: JSON, a value a line, without a secret and without a command for a CI system."""

import gc
import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from pipe.errors import AnswerError
from pipe.http import Answer
from pipe.secret import MASK, redact

_JSON = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)
# What JSON lets stand as it is, but a terminal, a log viewer or UTF-8 does not.
_UNFIT = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parsed(body: bytes) -> object:
    """Return the JSON that a server sent; raise `ValueError` or `RecursionError` if it is none.

    While it is read, nothing else runs, not even the deadline. The collector of garbage would look at all that is there
    already again and again: 60 MiB of small lists took twelve seconds instead of two.
    """
    gc.disable()
    try:
        return json.loads(body)
    finally:
        gc.enable()


class Piece(NamedTuple):
    """What is printed of one answer, and how many values that is."""

    text: bytes
    values: int


class Lines:
    """Renders values; `masks` are the texts that must not be among them, longest first."""

    def __init__(self, masks: Sequence[str]) -> None:
        self._masks = masks

    def of(self, values: Sequence[object], host: str) -> Piece:
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
        return Piece(_harmless(text).encode(), len(values))

    def whole(self, answer: Answer) -> Piece:
        """Return an answer's body: one line if it is JSON, else as it is; raise `AnswerError` if it only says so."""
        if not answer.body:
            return Piece(b"", 0)
        if not _JSON.fullmatch(answer.headers.get("Content-Type", "").strip()):
            return Piece(self._raw(answer.body), 1)
        try:
            value = parsed(answer.body)
        except (ValueError, RecursionError):
            raise _no_json(answer.host) from None
        return self.of([value], answer.host)

    def _raw(self, body: bytes) -> bytes:
        for mask in self._masks:
            body = body.replace(mask.encode("utf-8", "surrogateescape"), MASK.encode())
        return body

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
