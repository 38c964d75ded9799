"""Steps 2 to 4: whether names are found, whether a proxy lets this program through, and whether TLS is trusted.

Behind a proxy, the proxy's name is the only one that is looked up here; the proxy finds the servers itself.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from pipe.errors import PipeError, UnreachableError
from pipe.http.addresses import Address, attempts, connect, resolved
from pipe.http.client import Http
from pipe.http.proxies import host_and_port
from pipe.http.trust import tls_context
from pipe.verbs.check.report import Finding, fine
from pipe.verbs.check.state import CheckState, Route

Result = TypeVar("Result")

_MOST_SHOWN = 4
# Seconds: enough for a second packet where the first one was lost.
_PATIENCE = 3.0


def examine_dns(state: CheckState) -> Finding:
    """Resolve what a run would connect to, and try each address if there are several."""

    def probe(server: Route) -> Finding:
        if server.failure:
            return Finding(None, f"nothing to resolve for {server.host}, whose proxy has no usable address")
        name, port = server.first_end
        found = tried(state.http, server, lambda: resolved(name, port))
        addresses = [*map(_shown, found)]
        several = ", ".join(addresses[:_MOST_SHOWN]) + (", ..." if len(found) > _MOST_SHOWN else "")
        what = f"the proxy {name} is {several}" if server.proxy else f"{name} is {several}"
        facts = {"name": name, "addresses": addresses}
        if len(found) == 1:  # The steps that follow tell.
            return fine(what, facts)
        silent = tried(state.http, server, lambda: _silent(found, min(state.inputs.timeout, _PATIENCE)))
        facts["silent"] = [*map(_shown, silent)]
        if not silent:
            return fine(what, facts)
        return fine(
            f"Warning: {what}; no answer from {', '.join(facts['silent'][:_MOST_SHOWN])}",
            facts,
            why="Packets to these addresses are lost, as where a network has IPv6 addresses and no way out for them.",
            now="Have that mended: this program tries the next address after 0.25 s, others may wait much longer.",
        )

    return state.on_each_server("dns", probe)


def _shown(address: Address) -> str:
    # Two colons in a row could start a command of a CI system, so they are never shown.
    return ip_address(str(address.end[0]).partition("%")[0]).exploded


def _silent(addresses: Sequence[Address], timeout: float) -> list[Address]:
    """Try all `addresses` at once; return those from which nothing came in time, not even a refusal."""
    silent = []
    for address, outcome in attempts(addresses, timeout, apart=0):
        if isinstance(outcome, TimeoutError):
            silent.append(address)
        elif not isinstance(outcome, OSError):
            outcome.close()
    return sorted(silent, key=addresses.index)


def examine_proxy(state: CheckState) -> Finding:
    """Have each proxy connect to its server (CONNECT, RFC 9110 section 9.3.6)."""

    def probe(server: Route) -> Finding:
        if server.failure:
            raise server.failure
        if not server.proxy:
            return fine(f"none for {server.host}", {"proxy": ""})
        facts = {"proxy": host_and_port(server.proxy)}
        if not server.is_secure:
            return fine(f"{facts['proxy']} for {server.host}, over plain HTTP", facts)
        over_tls = server.proxy.lower().startswith("https:")

        def connect() -> None:
            # Behind TLS to the proxy, a CONNECT of its own would need a second way to speak TLS.
            way = Route(server.proxy, "") if over_tls else server
            with connected(way, state.inputs.timeout, rooted_context(state.http) if over_tls else None):
                pass

        tried(state.http, server, connect, at_proxy=True)
        return fine(f"{facts['proxy']} {'speaks TLS' if over_tls else 'lets through'} for {server.host}", facts)

    return state.on_each_server("proxy", probe)


_DAY = 86_400
_FEW_DAYS = 14


def examine_tls(state: CheckState) -> Finding:
    """Do a handshake with each server, with the trust of a run."""

    def probe(server: Route) -> Finding:
        if not server.is_secure:
            return fine(f"none for {server.host}, which is asked over plain HTTP")
        if server.proxy.lower().startswith("https:"):
            return fine(f"inside that of the proxy for {server.host}; the step token endpoint tries it")
        try:
            version, certificate = tried(state.http, server, lambda: _handshake(server, state))
        except PipeError as error:
            raise _with_time(error) from error
        return _told(server.host, version, certificate)

    return state.on_each_server("tls", probe)


def _handshake(server: Route, state: CheckState) -> tuple[str, Mapping[str, object]]:
    with connected(server, state.inputs.timeout, rooted_context(state.http)) as connection:
        secure = connection.sock
        if not isinstance(secure, ssl.SSLSocket):
            raise OSError("no TLS")
        return secure.version() or "", secure.getpeercert() or {}


def _told(host: str, version: str, certificate: Mapping[str, object]) -> Finding:
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((ends - time.time()) // _DAY)
    issuer = _issuer(certificate.get("issuer"))
    facts = {
        "version": version,
        "issuer": issuer,
        "ends": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days": days,
    }
    what = f"{host} by {version}, certificate of {issuer} with {days} days left"
    if days >= _FEW_DAYS:
        return fine(what, facts)
    return fine(
        f"Warning: {what}",
        facts,
        why=f"From its last day on, {facts['ends']}, nothing reaches {host} any more.",
        now="Have the certificate renewed; see whether this runner's clock is right.",
    )


def _issuer(value: object) -> str:
    """The issuer's name for people, of the pairs that Python makes of it."""
    pairs = [pair for part in value for pair in part] if isinstance(value, tuple) else []
    names = dict(reversed(pairs))
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")


def _with_time(error: PipeError) -> PipeError:
    """Add this machine's time where OpenSSL complains of a certificate's: one of the two is wrong."""
    cause = error.__cause__
    if not isinstance(cause, ssl.SSLCertVerificationError) or not re.search(
        "expired|not yet valid", cause.verify_message
    ):
        return error
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return UnreachableError(f"{error.what.rstrip('.')}; this runner's clock says {now}.", error.why, error.now)


def rooted_context(http: Http) -> ssl.SSLContext:
    """Return what trusts whom a run trusts: a file or a folder, or the roots that come with requests."""
    context = http.tls_context() or tls_context()
    roots = http.ca_file or DEFAULT_CA_BUNDLE_PATH
    context.load_verify_locations(**{"capath" if Path(roots).is_dir() else "cafile": roots})
    return context


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
    connection._create_connection = connect  # type: ignore[attr-defined] # http.client's, as urllib3's is
    if server.proxy:
        connection.set_tunnel(*server.end, headers=requests.adapters.HTTPAdapter().proxy_headers(server.proxy))
    try:
        connection.connect()
        yield connection
    finally:
        connection.close()


def tried(http: Http, server: Route, work: Callable[[], Result], *, at_proxy: bool = False) -> Result:
    """Do `work` within the deadline; raise what a run would raise if it fails. `at_proxy`: the proxy is to blame."""
    while True:
        try:
            return http.within_deadline(work, server.host)
        except (OSError, HTTPException, ValueError) as error:
            if not http.relaxes(error, server.host):
                raise http.explained(_as_of_requests(error, at_proxy), server.host, server.proxy) from error


def _as_of_requests(error: Exception, at_proxy: bool) -> requests.RequestException:
    if isinstance(error, ssl.SSLError):
        return requests.exceptions.SSLError(error)
    return requests.exceptions.ProxyError(error) if at_proxy else requests.ConnectionError(error)
