"""A forward proxy that knows the way to the stand-in, and to nothing else.

With it curl, git and the program use Bitbucket's real addresses, and none of them can reach Bitbucket itself.
"""

import base64
import selectors
import socket
from dataclasses import dataclass
from typing import cast

from sandbox.certificates import FILES
from sandbox.connection import ClientGoneError, ClientResetError, Connection
from sandbox.listener import Listener
from sandbox.messages import Response, text_response

_BITBUCKET = frozenset({"bitbucket.org:443", "api.bitbucket.org:443", f"{FILES}:443"})


@dataclass(frozen=True, slots=True)
class Connect:
    """One CONNECT: where to, and the status it was answered with."""

    target: str
    status: int


class Proxy:
    """`CONNECT` to Bitbucket's two hosts or to the stand-in's own address leads to it; all else is a 403."""

    def __init__(
        self,
        address: tuple[str, int],
        upstream: tuple[str, int],
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.listener = Listener(*address, self._serve)
        self.credentials = credentials
        self.refuse_all = False
        self.connects: list[Connect] = []
        self._upstream = upstream

    def _serve(self, connection: Connection) -> None:
        method, _, rest = connection.read_line().decode("latin-1").partition(" ")
        target = rest.partition(" ")[0].lower()
        headers = {}
        while line := connection.read_line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        refusal = self._refusal(method, target, headers.get("proxy-authorization", ""))
        if refusal is not None:
            self.connects.append(Connect(target, refusal.status))
            connection.send(refusal.head() + refusal.body)
            return
        try:
            upstream = socket.create_connection(self._upstream)
        except OSError:
            self.connects.append(Connect(target, 502))
            raise ClientGoneError from None
        with upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connects.append(Connect(target, 200))
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _tunnel(connection, Connection(upstream, "stand-in"))

    def _refusal(self, method: str, target: str, authorization: str) -> Response | None:
        close = {"Connection": "close"}
        if self.credentials is not None:
            expected = "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()
            if authorization != expected:
                challenge = {"Proxy-Authenticate": 'Basic realm="sandbox"', **close}
                return text_response(407, "Proxy authentication required", challenge)
        own = {f"{name}:{self._upstream[1]}" for name in ("127.0.0.1", "[::1]", "localhost", "host.docker.internal")}
        if self.refuse_all or method != "CONNECT" or target not in _BITBUCKET | own:
            return text_response(403, "This proxy leads to the Bitbucket stand-in only", close)
        return None


def _tunnel(client: Connection, server: Connection) -> None:
    """Copy both ways until both have ended; an end (FIN) is passed on as one, and a RST as a RST."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select():
                source, sink = cast("Connection", key.fileobj), cast("Connection", key.data)
                try:
                    sink.send(source.receive())
                except ClientResetError:
                    sink.reset()
                    return
                except ClientGoneError:
                    selector.unregister(source)
                    sink.send_end()
