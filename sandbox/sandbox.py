"""The whole stand-in: server, proxy, consumers, tokens, faults and journal, started and stopped together."""

import shutil
import ssl
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sandbox.allowance import Allowance
from sandbox.api import Api
from sandbox.application import Application
from sandbox.authorize import Authorize
from sandbox.certificates import Certificate, server_context, write_ca
from sandbox.consumers import Consumer, old_consumer
from sandbox.data_center import DataCenter
from sandbox.faults import Faults
from sandbox.files import Archives, Files
from sandbox.git import DataCenterGit, Git
from sandbox.journal import Journal
from sandbox.messages import Request
from sandbox.proxy import Proxy
from sandbox.repositories import Repositories
from sandbox.server import Server
from sandbox.token_endpoint import Era, TokenEndpoint, rfc_token_endpoint
from sandbox.tokens import GRACE, Token, Tokens

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class Sandbox:
    """A Bitbucket of one's own, for the length of a `with` block.

    `consumers` are those it knows; by default one of today's kind and one of the kind before 2026.
    `era` is the shape of its token answers. `certificate`, `newest_tls` and `scheme` are for tests of TLS.
    `proxy_credentials` makes the proxy ask for a user and a password. `directory` is where the CA file is left;
    without it, it is removed at the end. `refresh_grace` is how long a refresh token works after its first use.
    `more_repositories` is how many the list of `team` has beside the usual ones. `allowance` is how many tokens all
    consumers together get in so many seconds; the others are refused as Bitbucket does, without `Retry-After`.
    """

    def __init__(
        self,
        *,
        consumers: Sequence[Consumer] | None = None,
        era: Era = "may-2026",
        host: str = "127.0.0.1",
        port: int = 0,
        proxy_port: int = 0,
        scheme: Literal["https", "http"] = "https",
        certificate: Certificate = "trusted",
        newest_tls: ssl.TLSVersion | None = None,
        proxy_credentials: tuple[str, str] | None = None,
        directory: Path | None = None,
        clock: Callable[[], float] = time.time,
        refresh_grace: float = GRACE,
        more_repositories: int = 0,
        allowance: tuple[int, float] | None = None,
    ) -> None:
        self.consumers = list(consumers) if consumers is not None else [Consumer(), old_consumer()]
        self.faults = Faults()
        self.journal = Journal()
        self._tokens = Tokens(clock, grace=refresh_grace)
        self._scheme = scheme
        self._name = _EVERYWHERE.get(host, host)
        self._temporary = tempfile.mkdtemp(prefix="sandbox-")
        self.ca_file = (directory or Path(self._temporary)) / "ca.pem"
        write_ca(self.ca_file)
        self.repositories = Repositories(Path(self._temporary) / "git", more_repositories)
        self.data_center = DataCenter(clock)
        self.git = Git(self.repositories, self._tokens)
        self.data_center_git = DataCenterGit(self.repositories, self.data_center)
        self.files = Files()
        self.api = Api(self.repositories, self._tokens, era, self.files)
        application = Application(
            authorize=Authorize(self.consumers, self._tokens),
            token=TokenEndpoint(
                self.consumers, self._tokens, era, Allowance(*allowance, clock=time.monotonic) if allowance else None
            ),
            rfc_token=rfc_token_endpoint(self.consumers, self._tokens),
            data_center_token=rfc_token_endpoint(
                self.consumers, self._tokens, grants=("refresh_token", "authorization_code")
            ),
            api=self.api,
            git=self.git,
            archives=Archives(self.repositories, self._tokens),
            files=self.files,
            data_center=self.data_center,
            data_center_git=self.data_center_git,
        )
        self._server = Server(
            (host, port),
            application,
            context=server_context(certificate, newest_tls) if scheme == "https" else None,
            faults=self.faults,
            journal=self.journal,
        )
        self.proxy = Proxy((host, proxy_port), (self._name, self.port), proxy_credentials)

    def __enter__(self) -> Self:
        """Start it."""
        self._server.listener.start()
        self.proxy.listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it, whoever still hangs on it."""
        self.close()

    def close(self) -> None:
        """Stop it, and remove its files."""
        self._server.listener.close()
        self.proxy.listener.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    @property
    def consumer(self) -> Consumer:
        """The first consumer."""
        return self.consumers[0]

    @property
    def old_consumer(self) -> Consumer:
        """The consumer with a key and a secret as they were before 2026."""
        return next(consumer for consumer in self.consumers if len(consumer.key) == 18)

    @property
    def port(self) -> int:
        """The server's port."""
        return self._server.listener.port

    @property
    def url(self) -> str:
        """The stand-in's own address; through the proxy it is https://bitbucket.org as well."""
        return f"{self._scheme}://{_bracketed(self._name)}:{self.port}"

    @property
    def token_url(self) -> str:
        """Bitbucket's token endpoint at the stand-in's own address."""
        return f"{self.url}/site/oauth2/access_token"

    @property
    def rfc_token_url(self) -> str:
        """The token endpoint of a server that is no Bitbucket."""
        return f"{self.url}/oauth2/token"

    @property
    def data_center_url(self) -> str:
        """A Bitbucket Data Center with a context path; as far as is known, it has no client credentials."""
        return f"{self.url}/bitbucket"

    @property
    def api_url(self) -> str:
        """The REST API at the stand-in's own address."""
        return f"{self.url}/2.0"

    @property
    def proxy_url(self) -> str:
        """The proxy, with the credentials it asks for."""
        return self._proxy_url(self._name)

    @property
    def requests(self) -> list[Request]:
        """Every request so far."""
        return self.journal.all()

    @property
    def connections(self) -> int:
        """How often somebody connected to the server, with or without a request."""
        return self._server.listener.accepted

    @property
    def tokens(self) -> list[Token]:
        """Every access token handed out so far."""
        return self._tokens.all()

    @property
    def refresh_tokens(self) -> dict[str, int]:
        """Every refresh token handed out so far, and how often each was used."""
        return self._tokens.refresh_tokens()

    def environment(self, host: str | None = None) -> dict[str, str]:
        """Return the variables that lead curl, git and Python to the stand-in instead of Bitbucket.

        `host` is the sandbox's name as the program sees it, for one in a container.
        """
        proxy, ca_file = self._proxy_url(host or self._name), str(self.ca_file)
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "CURL_CA_BUNDLE": ca_file,
            "GIT_SSL_CAINFO": ca_file,
        }

    def mint_token(self, *scopes: str, consumer: Consumer | None = None) -> Token:
        """Return an access token as the token endpoint would give it; with `scopes`, with these alone."""
        chosen = consumer or self.consumer
        return self._tokens.mint(chosen, "client_credentials", scopes=scopes or None)

    def api_token(self, email: str, *scopes: str) -> Token:
        """Return a person's API token, for Basic authentication with `email`."""
        return self._tokens.mint(self.consumer, "api_token", scopes=scopes or ("read:user:bitbucket",), email=email)

    def repository_token(self, repository: str, *scopes: str) -> Token:
        """Return the access token of one repository, named as `team/hello`."""
        return self._tokens.mint(self.consumer, "access_token", scopes=scopes or ("repository",), repository=repository)

    def authorization_code(
        self,
        consumer: Consumer | None = None,
        *,
        redirect_uri: str | None = None,
        challenge: str | None = None,
    ) -> str:
        """Return a code as Bitbucket gives it after "Grant access"; `challenge` is PKCE's S256 one."""
        return self._tokens.mint_code(consumer or self.consumer, redirect_uri, challenge)

    def refresh_token(self, consumer: Consumer | None = None) -> str:
        """Return a refresh token as an authorization code would have given it."""
        return self._tokens.mint_refresh_token(consumer or self.consumer)

    def _proxy_url(self, host: str) -> str:
        login = "" if self.proxy.credentials is None else ":".join(self.proxy.credentials) + "@"
        return f"http://{login}{_bracketed(host)}:{self.proxy.listener.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
