"""Accepts connections on one address and gives each its own thread, until it is closed."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from sandbox.connection import ClientGoneError, Connection


class Listener:
    """A listening socket; `serve` is called once for each connection, in a thread of its own."""

    def __init__(self, host: str, port: int, serve: Callable[[Connection], None]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        # Where shutdown() does not wake accept(), this does.
        self._socket.settimeout(0.2)
        self.port: int = self._socket.getsockname()[1]
        self.accepted = 0
        self._serve = serve
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[threading.Thread, Connection] = {}
        self._acceptor = threading.Thread(target=self._accept, name=f"sandbox-{self.port}", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def close(self) -> None:
        """Stop accepting, interrupt every connection and wait for their threads."""
        self._closing.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._acceptor.ident is not None:
            self._acceptor.join()
        self._socket.close()
        with self._lock:
            running = dict(self._threads)
        for connection in running.values():
            connection.interrupt()
        for thread in running:
            thread.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, f"{address[0]}:{address[1]}")
            thread = threading.Thread(target=self._run, args=(connection,), name="sandbox-client", daemon=True)
            with self._lock:
                self.accepted += 1
                self._threads[thread] = connection
            thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            with suppress(ClientGoneError):
                self._serve(connection)
        finally:
            connection.close()
            with self._lock:
                self._threads.pop(threading.current_thread(), None)
