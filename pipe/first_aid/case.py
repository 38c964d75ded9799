"""What the steps of one check share: whom a run would ask, with what means, and what is known so far."""

from collections.abc import Callable
from urllib.parse import urlsplit

from pipe.bitbucket.api import CLOUD_API
from pipe.bitbucket.endpoints import is_cloud, token_endpoint
from pipe.ci.system import CiSystem
from pipe.errors import PipeError
from pipe.first_aid.finding import Finding, joined, trouble, untried
from pipe.first_aid.overheard import Overheard
from pipe.first_aid.wire import Server
from pipe.grants.request import TokenRequest
from pipe.http import Answer
from pipe.inputs import Inputs
from pipe.log import Aside
from pipe.means import Means
from pipe.oauth_client import asks_cloud, server_of
from pipe.proxies import proxy_for
from pipe.run import World, means_of, store_of
from pipe.table import OAUTH_GRANTS
from pipe.token import AccessToken
from pipe.trust import roots

WHO = "/rest/api/latest/application-properties"
"""A resource of a Data Center that answers anybody, and says in a header who that is."""


class Case:
    """One check. Raises `InputError` if the inputs name what is not there."""

    def __init__(self, inputs: Inputs, ci: CiSystem, world: World) -> None:
        self.inputs = inputs
        self.ci = ci
        self.world = world
        self.ca_file = roots(inputs.ca_file, world.env, world.cwd)
        self.http = Overheard(world.deadline, timeout=inputs.timeout, ca_file=self.ca_file, env=world.env)
        self.aside = Aside(world.log)
        self.means = self.new_means(self.aside)
        self.means.http = self.http
        self.first = self._server(_first_address(inputs))
        self.api = _api(inputs)
        """Where Bitbucket's REST API is; empty for a server that is none."""
        others = [self._server(self.api)] if self.api and urlsplit(self.api).netloc != self.first.host else []
        self.servers = [self.first, *others]
        self.lost: dict[str, str] = {}
        """The servers that were not reached, and the step that did not."""
        self.token: AccessToken | None = None
        self._knocked: Answer | PipeError | None = None

    def new_means(self, aside: Aside) -> Means:
        """Means whose lines go to `aside`."""
        return means_of(self.inputs, self.ci, self.world._replace(log=aside))

    def request(self) -> TokenRequest:
        """What the grant is given in a run."""
        return TokenRequest(self.inputs, self.means, store_of(self.inputs, self.means), self.ci.build_name())

    def on_each_server(self, step: str, probe: Callable[[Server], Finding]) -> Finding:
        """Try `probe` on each server that was reached so far."""
        found = []
        for server in self.servers:
            if server.host not in self.lost:
                try:
                    found.append((server.host, probe(server)))
                except PipeError as error:
                    self.lost[server.host] = step
                    found.append((server.host, trouble(error)))
        return joined(found) if found else self.lost_before(self.first)

    def lost_before(self, server: Server) -> Finding:
        """What to say of a step that needs `server`."""
        return untried(f"the step {self.lost[server.host]} did not reach {server.host}")

    def knock(self) -> Answer:
        """Return what the first server answers to a request without any secret, which is sent once."""
        if self._knocked is None:
            try:
                self._knocked = self._ask()
            except PipeError as error:
                self._knocked = error
        if isinstance(self._knocked, PipeError):
            raise self._knocked
        return self._knocked

    def _ask(self) -> Answer:
        url = self.first.url
        if self.inputs.grant in OAUTH_GRANTS:
            url = server_of(self.inputs, self.means).token_endpoint
        return self.http.send("GET", url, headers={})

    def _server(self, url: str) -> Server:
        return Server(url, proxy_for(url, self.world.env))


def _first_address(inputs: Inputs) -> str:
    """What a run asks first."""
    if inputs.grant in OAUTH_GRANTS:
        return inputs.issuer or inputs.token_url or token_endpoint(inputs.base_url)
    return f"{CLOUD_API}/user" if is_cloud(inputs.base_url) else inputs.base_url + WHO


def _api(inputs: Inputs) -> str:
    if asks_cloud(inputs):
        return CLOUD_API
    return "" if inputs.token_url or inputs.issuer else inputs.base_url
