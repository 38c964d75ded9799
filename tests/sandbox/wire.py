"""A client that sees bytes, and no HTTP."""

import socket

from sandbox import Fault, Sandbox

REQUEST = b"GET /site/oauth2/access_token HTTP/1.1\r\nHost: bitbucket.org\r\n\r\n"


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
