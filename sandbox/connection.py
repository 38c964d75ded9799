"""One client's connection: its bytes, its TLS, and how it ends."""

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from typing import Self

_CHUNK = 65536
_LONGEST_WAIT = 3600.0


class ClientGoneError(Exception):
    """The client went away, or the sandbox is closing."""


class ClientResetError(ClientGoneError):
    """The client went away with a RST."""


class Connection:
    """A socket that one thread serves and that any thread may interrupt."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self.peer = peer
        self._sock = sock
        self._buffer = bytearray()
        self._lock = threading.Lock()
        self._interrupted = False

    def fileno(self) -> int:
        """Return the socket's number, for selectors."""
        return self._sock.fileno()

    def start_tls(self, context: ssl.SSLContext) -> Self:
        """Do the server's part of a TLS handshake."""
        try:
            with self._lock:
                if self._interrupted:
                    raise ClientGoneError
                # Of a client that has reset the connection by now, wrap_socket() would leave a socket behind, unclosed.
                self._sock.getpeername()
                secure = context.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
                self._sock = secure
            secure.do_handshake()
        except OSError as error:
            raise ClientGoneError from error
        return self

    def receive(self) -> bytes:
        """Return the next bytes, at least one."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            return data
        return self._more()

    def _more(self) -> bytes:
        try:
            data = self._sock.recv(_CHUNK)
        except ConnectionResetError as error:
            raise ClientResetError from error
        except OSError as error:
            raise ClientGoneError from error
        if not data:
            raise ClientGoneError
        return data

    def read_line(self) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes."""
        while len(self._buffer) < size:
            self._fill()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise ClientGoneError from error

    def stays(self, seconds: float) -> bool:
        """Wait `seconds`, ignoring what the client says; return whether it is still there after them."""
        end = time.monotonic() + min(seconds, _LONGEST_WAIT)
        try:
            while (left := end - time.monotonic()) > 0:
                self._sock.settimeout(left)
                if not self._sock.recv(_CHUNK):
                    return False
            self._sock.settimeout(None)
        except TimeoutError:
            self._sock.settimeout(None)
        except OSError:
            return False
        return True

    def wait_for_end(self) -> None:
        """Stay silent until the client goes away."""
        while self.stays(_LONGEST_WAIT):
            pass

    def send_end(self) -> None:
        """Say that nothing more will be sent (FIN); the client may still speak."""
        try:
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
        except OSError as error:
            raise ClientGoneError from error

    def reset(self) -> None:
        """End with a RST: the client's next read fails instead of ending."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def interrupt(self) -> None:
        """From any thread: wake whoever reads or writes here, as if the client had gone."""
        with self._lock:
            self._interrupted = True
            # Not SSLSocket.shutdown(): that one forgets its TLS state under the reading thread's feet.
            with suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        with self._lock:
            self._interrupted = True
            self._sock.close()

    def _fill(self) -> None:
        self._buffer += self._more()
