"""Each fault looks on the wire as its name says."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox import WRONG_SHAPES, Fault, Sandbox

REQUEST = b"GET /site/oauth2/access_token HTTP/1.1\r\nHost: bitbucket.org\r\n\r\n"


@pytest.fixture
def plain() -> Iterator[Sandbox]:
    """A stand-in without TLS: what is on the wire can be read."""
    with Sandbox(scheme="http") as running:
        yield running


def connect(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)


def everything(sock: socket.socket) -> bytes:
    received = b""
    while data := sock.recv(65536):
        received += data
    return received


def ask(sandbox: Sandbox, fault: Fault) -> bytes:
    """Return all that comes until the end of the connection, which this side has announced."""
    sandbox.faults.add(fault)
    with connect(sandbox) as sock:
        sock.sendall(REQUEST)
        sock.shutdown(socket.SHUT_WR)
        return everything(sock)


def test_an_answer_is_what_it_was_told_to_be(plain: Sandbox) -> None:
    """Status, headers and body, byte for byte."""
    fault = Fault(status=418, headers={"X-Tea": "green"}, body=b"\xff")

    head, _, body = ask(plain, fault).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 418 ")
    assert b"X-Tea: green" in head
    assert body == b"\xff"


def test_a_rate_limit_is_plain_text_without_retry_after(plain: Sandbox) -> None:
    """As Bitbucket says it."""
    answer = ask(plain, Fault(status=429))

    assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"text/plain" in answer
    assert b"Retry-After" not in answer
    assert answer.endswith(b"Rate limit for this resource has been exceeded")


@pytest.mark.parametrize(
    ("retry_after", "sent"),
    [(7, b"7"), ("soon", b"soon"), (datetime(2026, 5, 4, 10, tzinfo=UTC), b"Mon, 04 May 2026 10:00:00 GMT")],
)
def test_retry_after_is_seconds_a_date_or_anything(
    plain: Sandbox, retry_after: int | str | datetime, sent: bytes
) -> None:
    """A datetime becomes an HTTP date."""
    assert b"\r\nRetry-After: " + sent + b"\r\n" in ask(plain, Fault(status=503, retry_after=retry_after))


def test_faults_are_used_up_in_order(plain: Sandbox) -> None:
    """Those for another path wait, and after the last one all is well."""
    plain.faults.add(
        Fault("/elsewhere", status=500),
        Fault("/site/oauth2/access_token", status=502, times=2),
        Fault("/site/*", status=503),
    )
    with connect(plain) as sock:
        statuses = []
        for _ in range(4):
            sock.sendall(REQUEST)
            statuses.append(sock.recv(65536)[9:12])

    assert statuses == [b"502", b"502", b"503", b"405"]


def test_a_fault_can_last_until_it_is_cleared(plain: Sandbox) -> None:
    """`times=None` is for ever."""
    plain.faults.add(Fault(status=503, times=None))
    with connect(plain) as sock:
        statuses = []
        for number in range(5):
            if number == 4:
                plain.faults.clear()
            sock.sendall(REQUEST)
            statuses.append(sock.recv(65536)[9:12])

    assert statuses == [b"503"] * 4 + [b"405"]


def test_an_unknown_kind_is_refused() -> None:
    """A typing error does not pass for a fault."""
    with pytest.raises(ValueError, match="no such fault"):
        Fault.from_json({"kind": "explode"})


def test_a_reset_is_a_rst(plain: Sandbox) -> None:
    """The request was read, and noted."""
    plain.faults.add(Fault(kind="reset"))

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)

    assert len(plain.requests) == 1


def test_a_connection_can_be_reset_at_once(plain: Sandbox) -> None:
    """It may even come before the client has noticed that it is connected."""
    plain.faults.add(Fault(kind="connect-reset"))

    with pytest.raises(ConnectionResetError), connect(plain) as sock:
        sock.recv(1)

    assert plain.requests == []


def test_a_reset_in_the_body_comes_after_half_of_it(plain: Sandbox) -> None:
    """The client has read something before it fails."""
    plain.faults.add(Fault(kind="reset-body", body=b"abcdef"))

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        first = sock.recv(65536)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)

    assert b"Content-Length: 6\r\n" in first
    assert first.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("kind", ["close", "connect-close"])
def test_a_close_is_an_end_without_an_answer(plain: Sandbox, kind: str) -> None:
    """FIN, and nothing before it."""
    plain.faults.add(Fault.from_json({"kind": kind}))

    with connect(plain) as sock:
        if kind == "close":
            sock.sendall(REQUEST)
        assert sock.recv(1) == b""


def test_bytes_are_sent_as_they_are(plain: Sandbox) -> None:
    """No status line, no headers."""
    assert ask(plain, Fault(kind="bytes", body=b"\x00SSH-2.0\r\n")) == b"\x00SSH-2.0\r\n"


def test_garbage_comes_in_place_of_a_handshake(sandbox: Sandbox) -> None:
    """The client has not even said what it wants."""
    sandbox.faults.add(Fault(kind="connect-garbage"))

    with connect(sandbox) as sock:
        assert everything(sock) == b"This is neither TLS nor HTTP.\r\n"


@pytest.mark.parametrize("kind", ["connect-silence", "silence"])
def test_silence_lasts_while_the_client_stays(plain: Sandbox, kind: str) -> None:
    """Nothing comes, and when the client goes, so does the thread."""
    plain.faults.add(Fault.from_json({"kind": kind}))

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_a_handshake_can_be_met_with_silence(sandbox: Sandbox) -> None:
    """A TLS client waits for a ServerHello that does not come."""
    sandbox.faults.add(Fault(kind="connect-silence"))

    with connect(sandbox) as sock:
        sock.sendall(b"\x16\x03\x01\x00\x05hello")
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_a_delay_ends_with_the_answer(plain: Sandbox) -> None:
    """`seconds` later, but in full."""
    plain.faults.add(Fault(kind="delay", seconds=0.3))
    begin = time.monotonic()

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        answer = sock.recv(65536)

    assert time.monotonic() - begin >= 0.3
    assert answer.startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(("kind", "interval", "least"), [("drip-head", 0.01, 0.5), ("drip-body", 0.1, 0.2)])
def test_a_drip_is_one_byte_at_a_time(plain: Sandbox, kind: str, interval: float, least: float) -> None:
    """Of the head, or of the body alone."""
    plain.faults.add(Fault.from_json({"kind": kind, "body": "abc", "interval": interval}))
    begin, pieces = time.monotonic(), list[bytes]()

    with connect(plain) as sock:
        sock.sendall(REQUEST)
        while not b"".join(pieces).endswith(b"\r\n\r\nabc"):
            pieces.append(sock.recv(65536))

    assert time.monotonic() - begin >= least
    assert len(pieces) >= 3


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


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_leads_to_another_host(plain: Sandbox, status: int) -> None:
    """Following it would carry the secret there."""
    answer = ask(plain, Fault(kind="redirect", status=status, location="https://elsewhere.example/x"))

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nLocation: https://elsewhere.example/x\r\n" in answer


def test_a_page_can_stand_in_for_json(plain: Sandbox) -> None:
    """With status 200, as login pages and captive portals do."""
    answer = ask(plain, Fault(kind="html"))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: text/html" in answer


def test_not_json_says_that_it_is(plain: Sandbox) -> None:
    """The content type is no proof."""
    head, _, body = ask(plain, Fault(kind="not-json")).partition(b"\r\n\r\n")

    assert b"Content-Type: application/json" in head
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(body)


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_wrong_shapes_arrive_as_they_are(plain: Sandbox, name: str) -> None:
    """Each with status 200."""
    answer = ask(plain, Fault(body=WRONG_SHAPES[name]))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.partition(b"\r\n\r\n")[2] == WRONG_SHAPES[name]


def test_a_lost_connection_mints_no_token(sandbox: Sandbox) -> None:
    """Faults without an answer do not touch the application."""
    sandbox.faults.add(Fault(kind="connect-close"))

    with connect(sandbox) as sock:
        assert sock.recv(1) == b""

    assert sandbox.tokens == []
    assert sandbox.connections == 1
