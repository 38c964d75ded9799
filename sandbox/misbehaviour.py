"""How each fault looks on the wire."""

import gzip
import zlib
from collections.abc import Callable

from sandbox.connection import Connection
from sandbox.faults import Fault, Kind
from sandbox.messages import Response

_BLOCK = bytes(65536)
_CHUNKED = {"Transfer-Encoding": "chunked"}

Act = Callable[[Connection, Fault, Response], bool]


def strike(connection: Connection, fault: Fault, answer: Callable[[], Response]) -> bool:
    """Do what `fault` says in place of giving `answer()`; return whether the connection lives on.

    The answer is only made by faults that show some of it, so a lost connection mints no token.
    """
    if fault.kind in _ANSWERLESS:
        return _ANSWERLESS[fault.kind](connection, fault)
    return _ACTS[fault.kind](connection, fault, fault.response() or answer())


def _close(_connection: Connection, _fault: Fault) -> bool:
    return False


def _reset(connection: Connection, _fault: Fault) -> bool:
    connection.reset()
    return False


def _silence(connection: Connection, _fault: Fault) -> bool:
    connection.wait_for_end()
    return False


def _garbage(connection: Connection, fault: Fault) -> bool:
    # Once the client has spoken: who reads a proxy's answer may read on, and throw away what already lies behind it.
    connection.receive()
    connection.send(fault.raw_body() or b"This is neither TLS nor HTTP.\r\n")
    return False


def _bytes(connection: Connection, fault: Fault) -> bool:
    connection.send(fault.raw_body())
    return False


def _endless_head(connection: Connection, fault: Fault) -> bool:
    connection.send(f"HTTP/1.1 {fault.status or 200} OK\r\n".encode())
    line = b"X-Padding: " + b"x" * 1000 + b"\r\n"
    while True:
        connection.send(line)


def _endless(connection: Connection, fault: Fault) -> bool:
    head = Response(fault.status or 200, headers={"Content-Type": "application/json"}).head(_CHUNKED)
    connection.send(head)
    _send_chunk(connection, b'{"access_token": "')
    while True:
        _send_chunk(connection, b"x" * 65536)


def _gzip_bomb(connection: Connection, fault: Fault) -> bool:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    connection.send(Response(fault.status or 200, headers=headers).head(_CHUNKED))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(fault.size // len(_BLOCK)):
        _send_chunk(connection, packer.compress(_BLOCK))
    _send_chunk(connection, packer.flush())
    connection.send(b"0\r\n\r\n")
    return True


def _answer(connection: Connection, _fault: Fault, response: Response) -> bool:
    connection.send(response.head() + response.body)
    return True


def _delay(connection: Connection, fault: Fault, response: Response) -> bool:
    return connection.stays(fault.seconds) and _answer(connection, fault, response)


def _drip_head(connection: Connection, fault: Fault, response: Response) -> bool:
    if not _drip(connection, response.head(), fault.interval):
        return False
    connection.send(response.body)
    return True


def _drip_body(connection: Connection, fault: Fault, response: Response) -> bool:
    connection.send(response.head())
    return _drip(connection, response.body, fault.interval)


def _drip(connection: Connection, data: bytes, interval: float) -> bool:
    for byte in data:
        connection.send(bytes([byte]))
        if not connection.stays(interval):
            return False
    return True


def _truncated(connection: Connection, _fault: Fault, response: Response) -> bool:
    connection.send(response.head() + _half(response))
    return False


def _reset_body(connection: Connection, fault: Fault, response: Response) -> bool:
    connection.send(response.head() + _half(response))
    # A RST overtakes what the client has not read yet, so give it time to read.
    connection.stays(fault.interval)
    connection.reset()
    return False


def _truncated_chunks(connection: Connection, _fault: Fault, response: Response) -> bool:
    connection.send(response.head(_CHUNKED))
    _send_chunk(connection, _half(response))
    return False


def _broken_chunks(connection: Connection, _fault: Fault, response: Response) -> bool:
    connection.send(response.head(_CHUNKED))
    _send_chunk(connection, _half(response))
    connection.send(b"no number\r\n" + response.body)
    return False


def _encoded(name: str, encode: Callable[[bytes], bytes]) -> Act:
    def act(connection: Connection, fault: Fault, response: Response) -> bool:
        headers = {**response.headers, "Content-Encoding": name}
        return _answer(connection, fault, Response(response.status, encode(response.body), headers))

    return act


def _half(response: Response) -> bytes:
    return response.body[: len(response.body) // 2]


def _send_chunk(connection: Connection, data: bytes) -> None:
    if data:  # An empty chunk would be the last one.
        connection.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _as_it_is(body: bytes) -> bytes:
    return body


_ANSWERLESS: dict[Kind, Callable[[Connection, Fault], bool]] = {
    "bytes": _bytes,
    "close": _close,
    "connect-close": _close,
    "connect-garbage": _garbage,
    "connect-reset": _reset,
    "connect-silence": _silence,
    "endless": _endless,
    "endless-head": _endless_head,
    "gzip-bomb": _gzip_bomb,
    "reset": _reset,
    "silence": _silence,
}
_ACTS: dict[Kind, Act] = {
    "answer": _answer,
    "bad-gzip": _encoded("gzip", _as_it_is),
    "broken-chunks": _broken_chunks,
    "brotli": _encoded("br", _as_it_is),
    "deflate": _encoded("deflate", zlib.compress),
    "delay": _delay,
    "drip-body": _drip_body,
    "drip-head": _drip_head,
    "gzip": _encoded("gzip", gzip.compress),
    "html": _answer,
    "not-json": _answer,
    "redirect": _answer,
    "reset-body": _reset_body,
    "truncated": _truncated,
    "truncated-chunks": _truncated_chunks,
}
