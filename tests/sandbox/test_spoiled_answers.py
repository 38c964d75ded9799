"""Answers that come slowly, in part, without end, or in a wrapping that does not fit."""

import gzip
import time
import zlib

import pytest

from sandbox import Fault, Sandbox
from sandbox.connection import Connection
from tests.sandbox.wire import REQUEST, ask, connect


@pytest.mark.parametrize(("kind", "interval", "least"), [("drip-head", 0.01, 0.5), ("drip-body", 0.1, 0.2)])
def test_a_drip_is_one_byte_at_a_time(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str, interval: float, least: float
) -> None:
    """Of the head, or of the body alone. A client that is slow to read gets several at once, so the server is asked."""
    send, sent = Connection.send, list[bytes]()

    def note(self: Connection, data: bytes) -> None:
        sent.append(data)
        send(self, data)

    monkeypatch.setattr(Connection, "send", note)
    plain.faults.add(Fault.from_json({"kind": kind, "body": "abc", "interval": interval}))
    begin, received = time.monotonic(), b""

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        while not received.endswith(b"\r\n\r\nabc"):
            received += sock.recv(65536)

    assert time.monotonic() - begin >= least
    head = [bytes([byte]) for byte in received[:-3]]
    assert sent == ([*head, b"abc"] if kind == "drip-head" else [b"".join(head), b"a", b"b", b"c"])


def test_a_drip_can_begin_with_the_right_answer(plain: Sandbox) -> None:
    """Without a body of its own, a fault spoils what would have been sent."""
    plain.faults.add(Fault(kind="drip-body", interval=0))

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        assert sock.recv(65536).startswith(b"HTTP/1.1 405 ")


def test_a_truncated_body_is_half_of_what_was_announced(plain: Sandbox) -> None:
    """Content-Length promises more."""
    head, _, body = ask(plain, Fault(kind="truncated", body=b"abcdef")).partition(b"\r\n\r\n")

    assert b"Content-Length: 6" in head
    assert body == b"abc"


def test_truncated_chunks_lack_the_last_one(plain: Sandbox) -> None:
    """Half the body in a chunk, then the end."""
    head, _, body = ask(plain, Fault(kind="truncated-chunks", body=b"abcdef")).partition(b"\r\n\r\n")

    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    assert body == b"3\r\nabc\r\n"


def test_broken_chunks_have_a_size_that_is_none(plain: Sandbox) -> None:
    """After a chunk that is right."""
    assert b"\r\n\r\n3\r\nabc\r\nno number\r\n" in ask(plain, Fault(kind="broken-chunks", body=b"abcdef"))


@pytest.mark.parametrize("kind", ["endless", "endless-head"])
def test_the_endless_does_not_end(plain: Sandbox, kind: str) -> None:
    """Ten megabytes are no end; the client has to go."""
    plain.faults.add(Fault.from_json({"kind": kind}))

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        received = b""
        while len(received) < 10_000_000:
            data = sock.recv(1 << 20)
            assert data
            received += data

    assert (b"\r\n\r\n" in received[:200]) == (kind == "endless")


def test_a_gzip_bomb_is_small_on_the_wire(plain: Sandbox) -> None:
    """A thousand times larger inside."""
    answer = ask(plain, Fault(kind="gzip-bomb", size=50_000_000))
    head, _, chunks = answer.partition(b"\r\n\r\n")
    packed = b""
    while size := int(chunks.partition(b"\r\n")[0], 16):
        rest = chunks.partition(b"\r\n")[2]
        packed, chunks = packed + rest[:size], rest[size + 2 :]

    assert b"Content-Encoding: gzip" in head
    assert len(answer) < 100_000
    assert len(gzip.decompress(packed)) == 50_000_000 // 65536 * 65536


def test_encodings_are_what_they_say_or_not(plain: Sandbox) -> None:
    """`gzip` and `deflate` can be decoded; `bad-gzip` and `brotli` cannot."""

    def body(kind: str) -> bytes:
        head, _, found = ask(plain, Fault.from_json({"kind": kind, "body": "abc"})).partition(b"\r\n\r\n")
        assert b"Content-Encoding: " + {"bad-gzip": "gzip", "brotli": "br"}.get(kind, kind).encode() in head
        return found

    assert gzip.decompress(body("gzip")) == b"abc"
    assert zlib.decompress(body("deflate")) == b"abc"
    assert body("bad-gzip") == body("brotli") == b"abc"
