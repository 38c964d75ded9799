"""HTTP/1.1 messages: requests as they were received, responses as they are sent."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl

from sandbox.connection import Connection

_FORM = "application/x-www-form-urlencoded"


class BadRequestError(Exception):
    """What came is no HTTP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; what may hold a secret is kept out of its `repr`."""

    method: str
    host: str
    path: str
    query: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    peer: str
    time: float
    scheme: str

    def header(self, name: str) -> str | None:
        """Return the first header called `name`, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form-encoded body; none if the body is anything else."""
        if self.media_type != _FORM:
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def parameters(self) -> dict[str, str]:
        """The fields of the query."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def authorization(self) -> tuple[str, str]:
        """The scheme, in lower case, and the credentials of the Authorization header."""
        scheme, _, credentials = (self.header("Authorization") or "").partition(" ")
        return scheme.lower(), credentials.strip()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; its body may hold a token, so `repr` leaves it out."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def head(self, framing: Mapping[str, str] | None = None) -> bytes:
        """Return status line and headers, `framing` in place of the right Content-Length."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        framing = {"Content-Length": str(len(self.body))} if framing is None else framing
        usual = {"Date": formatdate(usegmt=True), **framing}
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in {**usual, **self.headers}.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return `value` as JSON."""
    body = json.dumps(value).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


RATE_LIMITED = "Rate limit for this resource has been exceeded"
"""The whole answer of HTTP 429: it says neither how many nor when to come back."""


def text_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return plain text."""
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **(headers or {})})


def html_response(status: int, title: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page such as Bitbucket and the proxies before it show to people."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(status, page.encode(), {"Content-Type": "text/html; charset=utf-8", **(headers or {})})


def read_request(connection: Connection, scheme: str) -> Request:
    """Read one whole request, its body with the chunks joined."""
    try:
        method, target, version = connection.read_line().decode("latin-1").split(" ")
    except ValueError as error:
        raise BadRequestError from error
    if not version.startswith("HTTP/1."):
        raise BadRequestError
    headers = []
    while line := connection.read_line():
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequestError
        headers.append((name, value.strip()))
    fields = {name.lower(): value for name, value in headers}
    if fields.get("expect", "").lower() == "100-continue":
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    path, _, query = target.partition("?")
    return Request(
        method=method,
        host=fields.get("host", "").lower(),
        path=path,
        query=query,
        headers=tuple(headers),
        body=_read_body(connection, fields),
        peer=connection.peer,
        time=time.time(),
        scheme=scheme,
    )


def _read_body(connection: Connection, fields: Mapping[str, str]) -> bytes:
    try:
        if fields.get("transfer-encoding", "").lower() != "chunked":
            return connection.read(int(fields.get("content-length", "0")))
        body = bytearray()
        while size := int(connection.read_line().partition(b";")[0], 16):
            body += connection.read(size)
            connection.read_line()
    except ValueError as error:
        raise BadRequestError from error
    while connection.read_line():
        pass
    return bytes(body)
