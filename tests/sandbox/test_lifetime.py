"""The sandbox starts and stops at once, whatever its clients do, and leaves nothing behind."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from sandbox import Fault, Sandbox
from tests.sandbox.conftest import Client

REQUEST = b"GET /x HTTP/1.1\r\nHost: bitbucket.org\r\n\r\n"


def sandbox_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("sandbox")}


@pytest.fixture(autouse=True)
def others() -> set[threading.Thread]:
    """Return the threads of sandboxes that other tests keep running."""
    return sandbox_threads()


def at_once(scenario: Callable[[], float], seconds: float = 0.5) -> bool:
    """Say whether what `scenario` measures stays below `seconds` in one of a few tries.

    Who waits for something waits each time; a machine that is busy with other tests does not stay so.
    """
    return any(scenario() < seconds for _ in range(10))


def test_it_starts_and_stops_at_once() -> None:
    """A test can afford one of its own."""

    def start() -> float:
        begin = time.monotonic()
        with Sandbox():
            return time.monotonic() - begin

    def stop() -> float:
        with Sandbox():
            begin = time.monotonic()
        return time.monotonic() - begin

    assert at_once(start, 0.3)
    assert at_once(stop)


@pytest.mark.parametrize("kind", ["connect-silence", "silence", "drip-body", "drip-head", "endless", "delay"])
@pytest.mark.parametrize("direct", [True, False], ids=["direct", "through the proxy"])
def test_it_stops_while_clients_hang(others: set[threading.Thread], kind: str, direct: bool) -> None:
    """No thread is left, and the client learns that it is over."""

    def stop() -> float:
        sandbox = Sandbox(scheme="http")
        sandbox.faults.add(Fault.from_json({"kind": kind, "interval": 10, "seconds": 60, "body": "abc"}))
        port = sandbox.port if direct else int(sandbox.proxy_url.rpartition(":")[2])
        with sandbox, socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            if not direct:
                sock.sendall(b"CONNECT bitbucket.org:443 HTTP/1.1\r\n\r\n")
                assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")
            sock.sendall(REQUEST)
            eventually(lambda: sandbox.connections == 1 and (kind == "connect-silence" or len(sandbox.requests) == 1))
            time.sleep(0.1)
            begin = time.monotonic()
            sandbox.close()
            took = time.monotonic() - begin
        assert sandbox_threads() <= others
        return took

    assert at_once(stop)


def test_it_stops_while_a_handshake_hangs(others: set[threading.Thread]) -> None:
    """A client that connects and says nothing delays nothing."""

    def stop() -> float:
        with Sandbox() as sandbox, socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as sock:
            eventually(lambda: sandbox.connections == 1)
            time.sleep(0.1)
            begin = time.monotonic()
            sandbox.close()
            took = time.monotonic() - begin
            assert sock.recv(1) == b""
        assert sandbox_threads() <= others
        return took

    assert at_once(stop)


def test_a_client_that_goes_takes_its_thread_with_it(sandbox: Sandbox) -> None:
    """Also in the middle of a handshake that does not go on."""
    sandbox.faults.add(Fault(kind="connect-silence"))
    before = sandbox_threads()

    with socket.create_connection(("127.0.0.1", sandbox.port)) as sock:
        sock.sendall(b"\x16\x03\x01")
        eventually(lambda: not sandbox_threads() <= before)

    eventually(lambda: sandbox_threads() <= before)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("host", "name"), [("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")])
def test_it_listens_where_it_is_told(host: str, name: str) -> None:
    """On every address, for containers, it has a name that this machine can use as well."""
    with Sandbox(host=host) as sandbox:
        assert sandbox.url == f"https://{name}:{sandbox.port}"
        assert Client(sandbox).token().status_code == 200
        assert sandbox.environment("host.docker.internal")["HTTPS_PROXY"].startswith("http://host.docker.internal:")


def test_it_can_be_closed_without_having_been_started() -> None:
    """And it leaves no file."""
    sandbox = Sandbox()
    assert sandbox.ca_file.exists()

    sandbox.close()

    assert not sandbox.ca_file.exists()


def test_the_journal_can_be_waited_for(sandbox: Sandbox) -> None:
    """For tests that act while a request is on its way."""
    with pytest.raises(TimeoutError, match="0 requests"):
        sandbox.journal.wait_for(lambda requests: len(requests) == 1, timeout=0.05)

    with Sandbox(scheme="http") as plain, socket.create_connection(("127.0.0.1", plain.port)) as sock:
        plain.faults.add(Fault(kind="silence"))
        sock.sendall(REQUEST)
        (request,) = plain.journal.wait_for(lambda requests: len(requests) == 1)

    assert (request.method, request.host, request.path) == ("GET", "bitbucket.org", "/x")


def test_what_is_no_http_gets_a_400() -> None:
    """And the end of the connection."""
    with Sandbox(scheme="http") as plain, socket.create_connection(("127.0.0.1", plain.port)) as sock:
        sock.sendall(b"\x16\x03\x01hello\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 400 ")
