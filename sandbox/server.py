"""The HTTP/1.1 server: reads requests, notes them, answers them, or does what a fault says."""

import ssl
from collections.abc import Callable

from sandbox.connection import Connection
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.listener import Listener
from sandbox.messages import BadRequestError, Request, Response, read_request, text_response
from sandbox.misbehaviour import strike


class Server:
    """A server on one address, over TLS if it is given a context."""

    def __init__(
        self,
        address: tuple[str, int],
        application: Callable[[Request], Response],
        *,
        context: ssl.SSLContext | None = None,
        faults: Faults | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._application = application
        self._context = context
        self._faults = faults or Faults()
        self._journal = journal or Journal()
        self.listener = Listener(*address, self._serve)

    def _serve(self, connection: Connection) -> None:
        fault = self._faults.take_for_connection()
        if fault is not None:
            strike(connection, fault, lambda: Response(500))
            return
        if self._context is not None:
            connection.start_tls(self._context)
        while self._answer(connection):
            pass

    def _answer(self, connection: Connection) -> bool:
        try:
            request = read_request(connection, "http" if self._context is None else "https")
        except BadRequestError:
            response = text_response(400, "Bad Request", {"Connection": "close"})
            connection.send(response.head() + response.body)
            return False
        fault = self._faults.take_for(request.path, request.method)
        self._journal.add(request)
        if fault is not None:
            return strike(connection, fault, lambda: self._application(request))
        response = self._application(request)
        connection.send(response.head() + (b"" if request.method == "HEAD" else response.body))
        return (request.header("Connection") or "").lower() != "close"
