"""Secrets are a type of their own: they cannot be printed by accident, only revealed on purpose."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import quote, quote_plus

MASK = "***"

# A fragment of a base64 text shorter than this also matches innocent text.
_SHORTEST_FRAGMENT = 12

# What Gson escapes in JSON unless told not to, so that it can stand in HTML (JsonWriter.java).
_HTML_SAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&='"}

# Columns at which base64 is broken into lines: PEM and openssl (RFC 7468 section 2), MIME and GNU base64 (RFC 2045
# section 6.8).
_WIDTHS = (64, 76)
# Columns of `curl --trace-ascii`, which starts a line for each header (tool_cb_dbg.c).
_TRACED = 64


class Secret:
    """A text that shows itself as `***` wherever it is printed, formatted, logged or compared in a traceback.

    `reveal()` is the only way to the text, so a search for that word finds every place that needs it.
    Its length is not told either: there is no `len()`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._text), _bytes(other._text))

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")


def forms(secret: Secret, *, key: str | None = None) -> tuple[str, ...]:
    """Return the secret and all its derived forms, longest first and without repetition.

    These are what has to be masked beside the text itself: percent-encoded and form-encoded, JSON-escaped,
    base64 and base64url of the text, of `x-token-auth:TEXT` (git's Basic header, see Bitbucket's "Use OAuth on
    Bitbucket Cloud") and, with `key`, of `key:TEXT` (the token endpoint's Basic header, RFC 6749 section 2.3.1).
    Padding is left out: the padded form contains the bare one. The three fragments that any base64 of a longer
    text around the secret has in common catch the rest, such as a header with another user name. A log shows a secret
    of several lines line by line, so each is a form of its own.
    """
    text = secret.reveal()
    if not text:
        return ()
    found = {text, *_long_lines(text)}
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        found |= {escaped, escaped.replace("/", "\\/"), escaped.translate(_HTML_SAFE)}
    raw = _bytes(text)
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="!'()*")):
        found |= {encoded, _lower_hex(encoded)}
    for plain in (
        text,
        f"x-token-auth:{text}",
        *([f"{key}:{text}", f"{quote_plus(_bytes(key))}:{quote_plus(raw)}"] if key else []),
    ):
        found |= _both_alphabets(_base64(plain))
    for shift in range(3):
        found |= {
            fragment for fragment in _both_alphabets(_inner_base64(raw, shift)) if len(fragment) >= _SHORTEST_FRAGMENT
        }
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def broken_lines(secret: Secret, *, key: str | None = None) -> tuple[str, ...]:
    """Return the lines that base64 of the secret is broken into, and its headers in a trace of curl.

    For logs in which nothing but whole texts can be masked. They are those of the text, of `x-token-auth:TEXT` and,
    with `key`, of `key:TEXT`. One more newline in the text changes no line but the last, which it makes longer. What
    fits into one line is a form of its own and not among them, and a last line may be too short to be masked.
    """
    text = secret.reveal()
    headers = [f"{user}:{text}" for user in ("x-token-auth", *([key] if key else []))]
    found = {line for plain in (text, *headers) for width in _WIDTHS for line in _broken(_base64(plain), width)}
    for scheme, credentials in (("Bearer", text), *(("Basic", _base64(header)) for header in headers)):
        start = f"Authorization: {scheme} "
        if "\n" not in credentials:
            found |= {line.removeprefix(start) for line in _broken(start + credentials, _TRACED)}
    long = (line for line in found if len(line) >= _SHORTEST_FRAGMENT)
    return tuple(sorted(long, key=lambda line: (-len(line), line)))


def _broken(text: str, width: int) -> list[str]:
    """The lines of a text that does not fit into one."""
    return [text[at : at + width] for at in range(0, len(text), width)] if len(text) > width else []


def redact(text: str, masks: Iterable[str]) -> str:
    """Return `text` with each of `masks` replaced by `***`; give longer ones first."""
    for mask in masks:
        text = text.replace(mask, MASK)
    return text


def _long_lines(text: str) -> list[str]:
    """The lines without the armour of a PEM file, and without those so short that they also match innocent text."""
    return [line for line in text.split("\n") if len(line) >= _SHORTEST_FRAGMENT and not line.startswith("-----")]


def _bytes(text: str) -> bytes:
    """The very bytes that the environment held, UTF-8 or not."""
    return text.encode("utf-8", "surrogateescape")


def _base64(text: str) -> str:
    return b64encode(_bytes(text)).decode().rstrip("=")


def _both_alphabets(encoded: str) -> set[str]:
    return {encoded, encoded.replace("+", "-").replace("/", "_")}


def _lower_hex(encoded: str) -> str:
    parts = encoded.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def _inner_base64(data: bytes, shift: int) -> str:
    """The characters that base64 gives for `data` alone when `shift` unknown bytes stand before it."""
    encoded = b64encode(b"\0" * shift + data).decode().rstrip("=")
    first = -(-shift * 8 // 6)
    last = (shift + len(data)) * 8 // 6
    return encoded[first:last]
