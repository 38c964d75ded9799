"""Connections that carry no request, to see how far one gets. A secret of a proxy goes to that proxy alone."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from pipe.errors import PipeError
from pipe.http.client import Http
from pipe.http.unreachable import unreachable

Result = TypeVar("Result")

_PORTS = {"http": 80, "https": 443}


class Route(NamedTuple):
    """A server that is asked: the address, and the proxy on the way there, empty if there is none."""

    url: str
    proxy: str

    @property
    def host(self) -> str:
        """Its name, with its port if that is not the usual one."""
        return urlsplit(self.url).netloc

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS; plain HTTP is for this machine's own."""
        return self.url.startswith("https:")

    @property
    def end(self) -> tuple[str, int]:
        """Its name and port."""
        return _end(self.url)

    @property
    def first_end(self) -> tuple[str, int]:
        """Name and port of what is connected to: the proxy's, or its own."""
        return _end(self.proxy or self.url)


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return what trusts whom a run trusts: `ca_file`, a file or a folder, or the roots that come with requests."""
    roots = ca_file or DEFAULT_CA_BUNDLE_PATH
    if Path(roots).is_dir():
        return ssl.create_default_context(capath=roots)
    return ssl.create_default_context(cafile=roots)


@contextmanager
def connected(server: Route, timeout: float, context: ssl.SSLContext | None = None) -> Iterator[HTTPConnection]:
    """Connect to `server`, through its proxy if it has one; with `context`, over TLS.

    Raises `OSError` or `HTTPException`. A proxy is asked as a run asks it.
    """
    name, port = server.first_end
    if context is None:
        connection = HTTPConnection(name, port, timeout=timeout)
    else:
        connection = HTTPSConnection(name, port, timeout=timeout, context=context)
    if server.proxy:
        connection.set_tunnel(*server.end, headers=requests.adapters.HTTPAdapter().proxy_headers(server.proxy))
    try:
        connection.connect()
        yield connection
    finally:
        connection.close()


def tried(http: Http, server: Route, work: Callable[[], Result], *, timeout: float, at_proxy: bool = False) -> Result:
    """Do `work` within the deadline; raise what a run would raise if it fails. `at_proxy`: the proxy is to blame."""
    try:
        return http.within_deadline(work, server.host)
    except (OSError, HTTPException, ValueError) as error:
        raise _explained(error, server, timeout, at_proxy=at_proxy) from error


def _explained(error: Exception, server: Route, timeout: float, *, at_proxy: bool) -> PipeError:
    if isinstance(error, ssl.SSLError):
        outer: requests.RequestException = requests.exceptions.SSLError(error)
    elif at_proxy:
        outer = requests.exceptions.ProxyError(error)
    else:
        outer = requests.ConnectionError(error)
    return unreachable(outer, host=server.host, proxy=server.proxy, timeout=timeout)


def _end(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
