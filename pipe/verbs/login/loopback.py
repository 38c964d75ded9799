"""A web server for one answer of a person's browser, on this machine only (RFC 8252 section 7.3)."""

import hmac
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from pipe.errors import UnreachableError
from pipe.redaction.secret import Secret

# Seconds: browsers open connections that they may never use.
_PATIENCE = 5.0


class Redirected(NamedTuple):
    """What the browser brought back: a code, or the server's error."""

    code: Secret
    error: str


class Loopback:
    """Waits for the one GET of `redirect_uri` that brings `state`; every other request is answered and forgotten.

    Port 0 stands for any that is free; `uri` has the real one. Raises `OSError` if the port is taken.
    """

    def __init__(self, redirect_uri: str, state: Secret) -> None:
        parts = urlsplit(redirect_uri)
        address = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        port = 80 if parts.port is None else parts.port
        self._arrived: SimpleQueue[Redirected] = SimpleQueue()
        self._server = _Server(address, port, parts.path or "/", state, self._arrived)
        self.uri = redirect_uri
        if parts.port == 0:
            host = parts.netloc.rpartition(":")[0]
            self.uri = parts._replace(netloc=f"{host}:{self._server.server_address[1]}").geturl()

    def __enter__(self) -> Self:
        """Begin to listen. Raises `UnreachableError` where no thread can be started."""
        try:
            Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        except RuntimeError:
            self._server.server_close()
            raise UnreachableError(
                "No thread can be started to wait for the browser.",
                "A limit on processes is reached, or the container's seccomp profile is too old for this kernel.",
                "Raise the limit (docker run --pids-limit, ulimit -u), or update Docker.",
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop; what still hangs on it ends with the program."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> Redirected | None:
        """Return what the browser brought, or None if it did not come in time."""
        try:
            return self._arrived.get(timeout=seconds)
        except Empty:
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int, path: str, state: Secret, arrived: "SimpleQueue[Redirected]") -> None:
        if ":" in address:
            from socket import AF_INET6  # noqa: PLC0415 - for ::1 alone

            self.address_family = AF_INET6
        self.path = path
        self.state = state
        self.arrived = arrived
        self._lock = Lock()
        self._done = False
        super().__init__((address, port), _Handler)

    def is_first(self) -> bool:
        """Say whether no answer with the state came before this one."""
        with self._lock:
            first, self._done = not self._done, True
        return first

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has gone away is nobody's concern; the usual traceback would show what it asked for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    server_version = "bitbucket-token"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with a fixed page: nothing of what was asked for is in it."""
        path, _, query = self.path.partition("?")
        given = parse_qsl(query, keep_blank_values=True, max_num_fields=100) if path == self.server.path else []
        found = dict(given)
        state = found.get("state", "").encode()
        once = all(sum(name == key for key, _ in given) <= 1 for name in ("state", "code", "error"))
        known = hmac.compare_digest(state, self.server.state.reveal().encode()) and once
        if known and bool(found.get("code")) != bool(found.get("error")) and self.server.is_first():
            try:
                self._page(200, "Thank you. Go back to the terminal; this page can be closed.")
            finally:  # not before the page: the program may end as soon as the answer is there
                self.server.arrived.put(Redirected(Secret(found.get("code", "")), found.get("error", "")))
            return
        self._page(404, "There is nothing here.")

    def _page(self, status: int, text: str) -> None:
        page = f"<!DOCTYPE html><title>bitbucket-token</title><p>{text}</p>\n".encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the usual line would show the code."""
