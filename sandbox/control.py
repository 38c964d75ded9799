"""A way in for tests in other processes: `/_sandbox/...` over plain HTTP, on this machine only.

GET    /_sandbox/requests         the journal; bodies, queries and credentials only with `?secrets=shown`
DELETE /_sandbox/requests         forget it
POST   /_sandbox/faults           a fault, or a list of them, as JSON with the names of `Fault`
DELETE /_sandbox/faults           let everything go right again
GET    /_sandbox/tokens           the tokens handed out; their texts only with `?secrets=shown`
POST   /_sandbox/tokens/expire    make all of them expired ones
"""

import json
from collections.abc import Callable

from sandbox.faults import Fault
from sandbox.messages import Request, Response, json_response
from sandbox.sandbox import Sandbox
from sandbox.server import Server
from sandbox.tokens import Token

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization"})


class Control:
    """Steers a sandbox from outside its process."""

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        self._sandbox = sandbox
        self._server = Server(("127.0.0.1", port), self._answer)
        self._commands: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "tokens"): self._tokens,
            ("POST", "tokens/expire"): self._expire,
        }
        self.url = f"http://127.0.0.1:{self._server.listener.port}/_sandbox"

    def start(self) -> None:
        """Begin to listen."""
        self._server.listener.start()

    def close(self) -> None:
        """Stop."""
        self._server.listener.close()

    def _answer(self, request: Request) -> Response:
        command = self._commands.get((request.method, request.path.removeprefix("/_sandbox/")))
        return command(request) if command else json_response(404, {"error": "no such command"})

    def _requests(self, request: Request) -> Response:
        shown = _secrets_shown(request)
        return json_response(200, [_request(entry, shown) for entry in self._sandbox.requests])

    def _forget(self, _request: Request) -> Response:
        self._sandbox.journal.clear()
        return Response(204)

    def _add_faults(self, request: Request) -> Response:
        try:
            value = json.loads(request.body)
            faults = [Fault.from_json(item) for item in (value if isinstance(value, list) else [value])]
        except (ValueError, TypeError) as error:
            return json_response(400, {"error": str(error)})
        self._sandbox.faults.add(*faults)
        return Response(204)

    def _clear_faults(self, _request: Request) -> Response:
        self._sandbox.faults.clear()
        return Response(204)

    def _tokens(self, request: Request) -> Response:
        shown = _secrets_shown(request)
        return json_response(200, [_token(token, shown) for token in self._sandbox.tokens])

    def _expire(self, _request: Request) -> Response:
        for token in self._sandbox.tokens:
            token.expire()
        return Response(204)


def _secrets_shown(request: Request) -> bool:
    return request.parameters.get("secrets") == "shown"


def _request(request: Request, shown: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "time": request.time,
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "peer": request.peer,
        "headers": [
            [name, value if shown or name.lower() not in _SECRET_HEADERS else "***"] for name, value in request.headers
        ],
    }
    if shown:
        entry |= {"query": request.query, "body": request.body.decode("latin-1")}
    return entry


def _token(token: Token, shown: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "consumer": token.consumer.key,
        "grant": token.grant,
        "scopes": list(token.scopes),
        "expires_at": token.expires_at,
    }
    return {**entry, "value": token.value} if shown else entry
