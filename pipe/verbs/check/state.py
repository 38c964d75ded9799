"""What the steps of one check share: whom a run would ask, with what, and what is known so far."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from pipe.bitbucket.cloud import CLOUD_API
from pipe.ci.system import CiSystem
from pipe.errors import PipeError
from pipe.http.client import Http
from pipe.http.proxies import USUAL_PORTS, proxy_for
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Invocation
from pipe.inputs.table import OAUTH_GRANTS
from pipe.oauth.client import asks_cloud, server_of
from pipe.oauth.endpoints import is_cloud, token_endpoint
from pipe.oauth.token import AccessToken
from pipe.redaction.log import DeferredLog
from pipe.run import connection, context_of
from pipe.verbs.check.report import Finding, joined, trouble, untried


class Route(NamedTuple):
    """A server that is asked: the address, and the proxy on the way there, empty if there is none."""

    url: str
    proxy: str
    failure: PipeError | None = None
    """Why a run could not even begin to connect: the proxy's address is none."""

    @property
    def host(self) -> str:
        """Return its name, with its port if that is not the usual one."""
        return urlsplit(self.url).netloc

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS; plain HTTP is for this machine's own."""
        return urlsplit(self.url).scheme == "https"

    @property
    def end(self) -> tuple[str, int]:
        """Return its name and port."""
        return _end(self.url)

    @property
    def first_end(self) -> tuple[str, int]:
        """Return name and port of what is connected to: those of the proxy, or its own."""
        return _end(self.proxy or self.url)


class Recorded(NamedTuple):
    """An answer, and when it was asked for and was there: in seconds since 1970 by this machine's clock."""

    sent: float
    received: float
    answer: Response


class RecordingHttp(Http):
    """Keeps the answers of one check."""

    def __init__(self, deadline: Deadline, **given: Any) -> None:
        super().__init__(deadline, **given)
        self.recorded: list[Recorded] = []

    def _exchange(self, request: requests.Request, host: str, proxy: str) -> Response:
        sent = time.time()
        answer = super()._exchange(request, host, proxy)
        self.recorded.append(Recorded(sent, time.time(), answer))
        return answer


WHO = "/rest/api/latest/application-properties"
"""A resource of a Data Center that answers anybody, and says in a header who that is."""


class CheckState:
    """What is known so far in one check. Only the steps of that check, in their order, change it.

    Raises `InputError` if the inputs name a file that is not there.
    """

    def __init__(self, inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
        self.inputs = inputs
        self.ci = ci
        self.invocation = invocation
        self.http = connection(RecordingHttp, inputs, invocation)
        self.deferred_log = DeferredLog(invocation.log)
        self.context = context_of(inputs, ci, invocation._replace(log=self.deferred_log), self.http)
        self.first = self._server(_first_address(inputs))
        self.api = _api(inputs)
        """Where Bitbucket's REST API is; empty for a server that is none."""
        others = [self._server(self.api)] if self.api and urlsplit(self.api).netloc != self.first.host else []
        self.servers = [self.first, *others]
        self.unreached: dict[str, str] = {}
        """The servers that were not reached, and the step that did not."""
        self.token: AccessToken | None = None
        self._first_response: Response | PipeError | None = None

    def on_each_server(self, step: str, probe: Callable[[Route], Finding]) -> Finding:
        """Try `probe` on each server that was reached so far."""
        found = []
        for server in self.servers:
            if server.host not in self.unreached:
                try:
                    found.append((server.host, probe(server)))
                except PipeError as error:
                    self.unreached[server.host] = step
                    found.append((server.host, trouble(error)))
        return joined(found) if found else self.not_reached_before(self.first)

    def not_reached_before(self, server: Route) -> Finding:
        """What to say of a step that needs `server`."""
        return untried(f"the step {self.unreached[server.host]} did not reach {server.host}")

    def first_response(self) -> Response:
        """Return what the first server answers to a request without any secret, which is sent once."""
        if self._first_response is None:
            try:
                self._first_response = self._ask()
            except PipeError as error:
                self._first_response = error
        if isinstance(self._first_response, PipeError):
            raise self._first_response
        return self._first_response

    def _ask(self) -> Response:
        url = self.first.url
        if self.inputs.grant in OAUTH_GRANTS:
            url = server_of(self.inputs, self.context).token_endpoint
        return self.http.send("GET", url, headers={})

    def _server(self, url: str) -> Route:
        try:
            return Route(url, proxy_for(url, self.invocation.env))
        except PipeError as error:
            return Route(url, "", error)


def _first_address(inputs: Inputs) -> str:
    """What a run asks first."""
    if inputs.grant in OAUTH_GRANTS:
        return inputs.issuer or inputs.token_url or token_endpoint(inputs.base_url)
    return f"{CLOUD_API}/user" if is_cloud(inputs.base_url) else inputs.base_url + WHO


def _api(inputs: Inputs) -> str:
    if asks_cloud(inputs):
        return CLOUD_API
    return "" if inputs.token_url or inputs.issuer else inputs.base_url


def _end(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or USUAL_PORTS.get(parts.scheme, 443)
