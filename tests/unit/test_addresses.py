"""Connections to a name with several addresses."""

import errno
import selectors
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pipe.errors import UnreachableError
from pipe.http.addresses import APART, Address, attempts, connect, resolved
from pipe.http.client import Http
from pipe.http.retry import Deadline
from tests.silence import swallowing

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def port() -> Iterator[int]:
    """A port of 127.0.0.1 that takes connections, which is silent at 127.0.0.2 to .4."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with swallowing("127.0.0.2", "127.0.0.3", "127.0.0.4", port=number):
            yield number


def named(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let every name have these addresses."""

    def found(_name: str, port: int, *_: object, **__: object) -> list[object]:
        return [(V6 if ":" in host else V4, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no route to any address of that kind."""
    usual = socket.socket.connect

    def connect(sock: socket.socket, end: Any) -> None:
        if sock.family == V6:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        usual(sock, end)

    monkeypatch.setattr(socket.socket, "connect", connect)


def test_the_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one first, and each address once (RFC 8305 section 4)."""
    named(monkeypatch, "2001:db8::1", "2001:db8::2", "2001:db8::1", "192.0.2.1", "2001:db8::3", "192.0.2.2")

    assert [address.end[0] for address in resolved("example.com", 443)] == [
        *("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"),
    ]


def test_a_dead_address_costs_a_quarter_of_a_second(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """And not the time that a connection may take: three of them and a good one."""
    named(monkeypatch, "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1")
    start = time.monotonic()
    with connect(("example.com", port), 60) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)
        assert sock.gettimeout() == 60

    assert 3 * APART <= time.monotonic() - start < 20


def test_a_refusal_costs_nothing(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The next address is tried at once: the clock that says when stands still."""
    monkeypatch.setattr("pipe.http.addresses.time.monotonic", lambda: 1.0)
    named(monkeypatch, "127.0.0.9", "127.0.0.8", "127.0.0.1")

    connect(("example.com", port), 60).close()


def test_an_address_that_is_late_still_counts(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """What is begun is not given up when the next one is."""
    named(monkeypatch, "127.0.0.1", "127.0.0.2", "127.0.0.3")

    class Deaf(selectors.DefaultSelector):
        """Hears nothing until all three are under way."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            return super().select(timeout) if len(self.get_map()) == 3 else []

    monkeypatch.setattr("pipe.http.addresses.selectors.DefaultSelector", Deaf)
    with connect(("example.com", port), 60) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)


def test_whoever_loses_is_closed(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Also if somebody ends the search."""
    made: list[socket.socket] = []

    class Watched(socket.socket):
        def __init__(self, *arguments: int) -> None:
            super().__init__(*arguments)
            made.append(self)

    addresses = [Address(V4, (f"127.0.0.{number}", port)) for number in (2, 3, 1)]
    monkeypatch.setattr(socket, "socket", Watched)
    named(monkeypatch, *(str(address.end[0]) for address in addresses))
    with connect(("example.com", port), 60) as winner:
        assert [sock.fileno() >= 0 for sock in made] == [sock is winner for sock in made]

    made.clear()
    search = attempts([*addresses[:2], Address(V4, ("127.0.0.9", port))], 60, apart=0)
    next(search)
    search.close()
    assert len(made) == 3
    assert all(sock.fileno() < 0 for sock in made)


def test_silence_everywhere_is_a_timeout(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """After as long as one may take, and not after so long for each."""
    named(monkeypatch, "127.0.0.2", "127.0.0.3")

    with pytest.raises(TimeoutError):
        connect(("example.com", port), 0.1)
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.1 s"):
        Http(Deadline(60), timeout=0.1, ca_file="", env={}).send("GET", f"http://localhost:{port}/", headers={})


@pytest.mark.parametrize("hosts", [("127.0.0.9", "::2"), ("::2", "127.0.0.9"), ("127.0.0.9",)])
def test_of_several_failures_the_one_that_says_most_is_told(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], port: int
) -> None:
    """That there is no IPv6 here does not keep anybody from a server that refuses."""
    named(monkeypatch, *hosts)
    without_ipv6(monkeypatch)

    with pytest.raises(ConnectionRefusedError):
        connect(("example.com", port), 5)


def test_where_nothing_leads_there_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No attempt was even begun."""
    named(monkeypatch, "::2", "::3")
    without_ipv6(monkeypatch)
    with pytest.raises(OSError, match="unreachable") as caught:
        connect(("example.com", 1), 5)

    assert caught.value.errno == errno.ENETUNREACH


def test_a_name_that_cannot_be_one_is_no_os_error() -> None:
    """Nobody looks it up."""
    with pytest.raises(UnicodeError):
        resolved("a" * 64 + ".example", 443)


def test_the_connection_of_a_request_is_made_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """To a server and to a proxy, with what urllib3 wants of a socket (TCP_NODELAY to a server)."""
    seen: list[object] = []

    def failing(address: tuple[str, int], timeout: float | None, *, socket_options: object) -> socket.socket:
        seen.extend([address, timeout, socket_options])
        raise ConnectionRefusedError(errno.ECONNREFUSED, "x")

    monkeypatch.setattr("pipe.http.addresses.connect", failing)
    for url, env, end in (
        ("https://example.com/", {}, ("example.com", 443)),
        ("http://localhost:81/", {}, ("localhost", 81)),
        ("https://example.com/", {"https_proxy": "http://proxy.example:3128"}, ("proxy.example", 3128)),
        ("https://example.com/", {"https_proxy": "https://proxy.example"}, ("proxy.example", 443)),
        ("http://localhost/", {"http_proxy": "http://proxy.example"}, ("proxy.example", 80)),
    ):
        seen.clear()
        with pytest.raises(UnreachableError):
            Http(Deadline(60), timeout=7, ca_file="", env=env).send("GET", url, headers={})
        assert seen == [end, 7, () if env else [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]]


def test_what_urllib3_would_raise_is_raised() -> None:
    """A connection that was never there is told by it."""
    with pytest.raises(UnreachableError) as caught:
        Http(Deadline(60), timeout=7, ca_file="", env={}).send("GET", "http://127.0.0.1:1/", headers={})

    assert isinstance(caught.value.__cause__, requests.ConnectionError)
    assert type(caught.value.__cause__.args[0].reason).__name__ == "NewConnectionError"
