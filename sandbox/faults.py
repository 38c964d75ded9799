"""Faults: what goes wrong, on which path and how often. How each looks on the wire is in `misbehaviour`."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal, cast, get_args

from sandbox.messages import RATE_LIMITED, Response, html_response, text_response

# Before anything was read, so the path is not known yet: these strike the next connection.
ConnectKind = Literal["connect-close", "connect-garbage", "connect-reset", "connect-silence"]
# After the request was read.
RequestKind = Literal[
    "answer",  # status, headers, body as given
    "bad-gzip",  # says gzip, is none
    "broken-chunks",  # a chunk size that is no number
    "brotli",  # says br, is none
    "bytes",  # the body alone, as the whole answer, then the end
    "close",  # the end, without an answer
    "deflate",  # the answer, compressed
    "delay",  # `seconds` of silence, then the answer
    "drip-body",  # the answer's body byte by byte, `interval` apart
    "drip-head",  # status line and headers byte by byte
    "endless",  # a body that never ends
    "endless-head",  # headers that never end
    "gzip",  # the answer, compressed
    "gzip-bomb",  # little on the wire, `size` bytes once decompressed
    "html",  # a page, with status 200
    "not-json",  # text that says it is JSON
    "redirect",  # status 302, or 307 and its like, to `location`
    "reset",  # a RST, without an answer
    "reset-body",  # a RST in the middle of the body
    "silence",  # nothing, for as long as the client stays
    "truncated",  # half the body that Content-Length announced
    "truncated-chunks",  # half the body, and no last chunk
]
Kind = ConnectKind | RequestKind

# Bodies with status 200 that are JSON, but no token response.
WRONG_SHAPES: Mapping[str, bytes] = {
    "nothing": b"",
    "an empty object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "a string": b'"token"',
    "a number": b"7200",
    "no token": b'{"token_type": "bearer", "expires_in": 7200}',
    "a null token": b'{"access_token": null, "token_type": "bearer"}',
    "an empty token": b'{"access_token": "", "token_type": "bearer"}',
    "a number for a token": b'{"access_token": 12345, "token_type": "bearer"}',
    "a list for a token": b'{"access_token": ["a"], "token_type": "bearer"}',
    "a token with a space": b'{"access_token": "a b", "token_type": "bearer"}',
    "a token with a line end": b'{"access_token": "a\\nb", "token_type": "bearer"}',
    "a token with a NUL": b'{"access_token": "a\\u0000b", "token_type": "bearer"}',
    "a token that is not ASCII": b'{"access_token": "\\u00e9", "token_type": "bearer"}',
    "a lone surrogate": b'{"access_token": "\\ud800", "token_type": "bearer"}',
    "another token type": b'{"access_token": "abc", "token_type": "mac"}',
    "a number for a token type": b'{"access_token": "abc", "token_type": 1}',
    "an error": b'{"error": "server_error", "error_description": "Something went wrong"}',
    "an error and a token": b'{"error": "invalid_client", "access_token": "abc", "token_type": "bearer"}',
    "deep nesting": b"[" * 50_000,
    "a huge number": b'{"access_token": ' + b"9" * 5_000 + b"}",
    "bytes that are not UTF-8": b'{"access_token": "\xff\xfe"}',
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` times (`None`: always).

    It strikes requests to `path`; with `*` at its end, to any path that begins so. With `method`, only such requests.
    """

    path: str = "*"
    kind: Kind = "answer"
    times: int | None = 1
    method: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    retry_after: int | str | datetime | None = None
    location: str = "https://elsewhere.example/"
    interval: float = 0.05
    seconds: float = 1.0
    size: int = 1 << 30

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in get_args(ConnectKind) + get_args(RequestKind):
            raise ValueError(f"no such fault: {self.kind}")

    @classmethod
    def from_json(cls, value: object) -> "Fault":
        """Make one from a JSON object of the same names; raise `ValueError` or `TypeError` if it is none."""
        if not isinstance(value, dict):
            raise TypeError("a fault is a JSON object")
        return cls(**cast("dict[str, Any]", value))

    @property
    def strikes_connection(self) -> bool:
        """Say whether it comes before anything is read."""
        return self.kind in get_args(ConnectKind)

    def matches(self, path: str, method: str) -> bool:
        """Say whether it is meant for a request of `method` to `path`."""
        if self.method not in ("", method):
            return False
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        return path == self.path

    def response(self) -> Response | None:
        """Return the answer it brings along; `None` to spoil the right one."""
        response = self._response()
        if response is None:
            return None
        extra = dict(self.headers)
        if self.retry_after is not None:
            extra["Retry-After"] = _retry_after(self.retry_after)
        return Response(response.status, response.body, {**response.headers, **extra})

    def _response(self) -> Response | None:
        if self.kind == "redirect":
            return Response(self.status or 302, self.raw_body(), {"Location": self.location})
        if self.body is not None or self.kind == "not-json":
            body = self.raw_body() or (b"access_token=abc" if self.kind == "not-json" else b"")
            return Response(self.status or 200, body, {"Content-Type": "application/json"})
        if self.status == 429:
            return text_response(429, RATE_LIMITED)
        if self.status is not None or self.kind == "html":
            return html_response(self.status or 200, "Something has gone wrong")
        return Response(200) if self.kind == "answer" else None

    def raw_body(self) -> bytes:
        """Return the body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


class Faults:
    """The faults to come. The first that fits is used up before the next one."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int | None]] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Put `faults` behind those that wait."""
        with self._lock:
            self._waiting += [(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """Let everything go right again."""
        with self._lock:
            self._waiting.clear()

    def take_for_connection(self) -> Fault | None:
        """Use up the next fault that strikes before anything is read."""
        with self._lock:
            return self._take(lambda fault: fault.strikes_connection)

    def take_for(self, path: str, method: str) -> Fault | None:
        """Use up the next fault for a request of `method` to `path`."""
        with self._lock:
            return self._take(lambda fault: not fault.strikes_connection and fault.matches(path, method))

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for index, (fault, left) in enumerate(self._waiting):
            if fits(fault) and left != 0:
                if left is not None:
                    self._waiting[index] = (fault, left - 1)
                return fault
        return None


def _retry_after(value: int | str | datetime) -> str:
    if isinstance(value, datetime):
        return format_datetime(value.astimezone(UTC), usegmt=True)
    return str(value)
