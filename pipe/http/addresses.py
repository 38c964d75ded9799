"""Connections to a name with several addresses, some of which may swallow packets ("Happy Eyeballs", RFC 8305).

With IPv6 that leads nowhere, each dead address costs a whole `timeout` where one is tried after the other.
"""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

APART = 0.25
"""Seconds between the starts of two attempts (RFC 8305 section 8, "Connection Attempt Delay")."""

SocketOptions = Sequence[tuple[int, int, int | bytes]]

# What a machine without IPv6, or without a network, says of itself and not of the other end.
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class Address(NamedTuple):
    """An address of a server, as `getaddrinfo` gives it."""

    family: int
    end: tuple[Any, ...]
    """What the socket of that family connects to: first the address as a text, then the port."""


def resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of `host`, the families in turn, in the order of RFC 6724 (RFC 8305 section 4).

    Raises `socket.gaierror`, or `UnicodeError` for a name that cannot be one.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    by_family: dict[int, dict[Address, None]] = {}
    for family, _kind, _protocol, _name, end in found:
        by_family.setdefault(family, {})[Address(family, end)] = None
    return [address for address in chain.from_iterable(zip_longest(*by_family.values())) if address]


def connect(
    address: tuple[str, int],
    timeout: float | None = None,
    source_address: tuple[str, int] | None = None,  # noqa: ARG001 - the form of socket.create_connection
    socket_options: SocketOptions = (),
) -> socket.socket:
    """Return a connection to the first address that takes one; each has `timeout` seconds for it.

    Raises the `OSError` that says most, if none does: of several, not the one that tells of this machine alone.
    """
    failures: list[OSError] = []
    with closing(attempts(resolved(*address), timeout, apart=APART, options=socket_options)) as outcomes:
        for _, outcome in outcomes:
            if not isinstance(outcome, OSError):
                outcome.settimeout(timeout)
                return outcome
            failures.append(outcome)
    raise next((failure for failure in reversed(failures) if failure.errno not in _NO_WAY), failures[-1])


def attempts(
    addresses: Sequence[Address], timeout: float | None, *, apart: float, options: SocketOptions = ()
) -> Generator[tuple[Address, socket.socket | OSError], None, None]:
    """Try `addresses`, `apart` seconds one after the other, or as soon as one has failed; yield what becomes of each.

    A connection that is yielded is the caller's; what is still under way when nobody asks on is closed.
    """
    waiting = list(reversed(addresses))
    begun: dict[socket.socket, tuple[Address, float]] = {}
    begin_at = 0.0
    with selectors.DefaultSelector() as selector:

        def ended(sock: socket.socket, code: int) -> tuple[Address, socket.socket | OSError]:
            selector.unregister(sock)
            address, _ = begun.pop(sock)
            if not code:
                return address, sock
            sock.close()
            return address, OSError(code, os.strerror(code))

        try:
            while waiting or begun:
                if waiting and (not begun or time.monotonic() >= begin_at):
                    address = waiting.pop()
                    try:
                        sock = _begun(address, options)
                    except OSError as error:
                        yield address, error
                        continue
                    begin_at = time.monotonic() + apart
                    begun[sock] = address, time.monotonic() + (float("inf") if timeout is None else timeout)
                    selector.register(sock, selectors.EVENT_WRITE)
                until = min([end for _, end in begun.values()] + ([begin_at] if waiting else []))
                wait = None if until == float("inf") else max(0.0, until - time.monotonic())
                for key, _ in selector.select(wait):
                    ready = next(sock for sock in begun if sock is key.fileobj)
                    outcome = ended(ready, ready.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                    begin_at = 0.0
                    yield outcome
                for late in [sock for sock, (_, end) in begun.items() if end <= time.monotonic()]:
                    yield ended(late, errno.ETIMEDOUT)
        finally:
            for sock in begun:
                sock.close()


def _begun(address: Address, options: SocketOptions) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.setblocking(False)
        with suppress(BlockingIOError):
            sock.connect(address.end)
    except BaseException:
        sock.close()
        raise
    return sock


class _Connection(HTTPConnection):
    """urllib3's own, but for the order in which addresses are tried."""

    def _new_conn(self) -> socket.socket:
        """Raise what urllib3 raises."""
        timeout = self.timeout if isinstance(self.timeout, float | int) else None
        try:
            return connect((self._dns_host, self.port or 0), timeout, socket_options=self.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "timed out") from error
        except OSError as error:
            raise NewConnectionError(self, "failed") from error


class _SecureConnection(_Connection, HTTPSConnection):
    """The same, over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """requests' way to a server or a proxy, trying the addresses of each as `connect` does.

    `context` says how TLS is done with both, if not as urllib3 does it by itself.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._tls: dict[str, Any] = {"ssl_context": context} if context else {}
        self._tls_to_proxy: dict[str, Any] = {"proxy_ssl_context": context} if context else {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make what keeps the connections to servers."""
        super().init_poolmanager(*args, **{**more, **self._tls})
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Return what keeps those through `proxy`."""
        manager = super().proxy_manager_for(proxy, **{**more, **self._tls, **self._tls_to_proxy})
        manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
        return manager
