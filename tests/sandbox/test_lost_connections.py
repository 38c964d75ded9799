"""Connections that end, or stay silent, as their fault says."""

import socket
import struct
import time

import pytest

from sandbox import Fault, Sandbox
from tests.sandbox.wire import REQUEST, ask, connect, everything


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
    """The client has only begun to say what it wants."""
    sandbox.faults.add(Fault(kind="connect-garbage"))

    with connect(sandbox) as sock:
        sock.sendall(b"\x16")
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


def test_a_lost_connection_mints_no_token(sandbox: Sandbox) -> None:
    """Faults without an answer do not touch the application."""
    sandbox.faults.add(Fault(kind="connect-close"))

    with connect(sandbox) as sock:
        assert sock.recv(1) == b""

    assert sandbox.tokens == []
    assert sandbox.connections == 1


def test_a_client_that_resets_before_the_handshake_leaves_no_socket_open(sandbox: Sandbox) -> None:
    """It would be told as a warning while another test runs."""
    for _ in range(50):
        with connect(sandbox) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sandbox.close()

    assert sandbox.tokens == []
