"""Steps 2 to 4: whether names are found, whether a proxy lets this program through, and whether TLS is trusted.

Behind a proxy, the proxy's name is the only one that is looked up here; the proxy finds the servers itself.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from pipe.errors import PipeError, UnreachableError
from pipe.http.proxies import host_and_port
from pipe.http.unreachable import unreachable
from pipe.verbs.check.report import Finding, fine
from pipe.verbs.check.state import CheckState
from pipe.verbs.check.wire import Route, connected, tls_context, tried

_MOST_SHOWN = 4


def examine_dns(state: CheckState) -> Finding:
    """Resolve what a run would connect to."""

    def probe(server: Route) -> Finding:
        name, port = server.first_end
        found = tried(state.http, server, lambda: _addresses(name, port), timeout=state.inputs.timeout)
        addresses = f"{', '.join(found[:_MOST_SHOWN])}{', ...' if len(found) > _MOST_SHOWN else ''}"
        what = f"the proxy {name} is {addresses}" if server.proxy else f"{name} is {addresses}"
        return fine(what, {"name": name, "addresses": found})

    return state.on_each_server("dns", probe)


def _addresses(name: str, port: int) -> list[str]:
    found = [str(address[4][0]) for address in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
    # Two colons in a row could start a command of a CI system, so they are never shown.
    return list(dict.fromkeys(ip_address(address.partition("%")[0]).exploded for address in found))


def examine_proxy(state: CheckState) -> Finding:
    """Have each proxy connect to its server (CONNECT, RFC 9110 section 9.3.6)."""

    def probe(server: Route) -> Finding:
        if not server.proxy:
            return fine(f"none for {server.host}", {"proxy": ""})
        _check(server, state.inputs.timeout)
        facts = {"proxy": host_and_port(server.proxy)}
        if not server.is_secure:
            return fine(f"{facts['proxy']} for {server.host}, over plain HTTP", facts)
        over_tls = server.proxy.lower().startswith("https:")

        def connect() -> None:
            # Behind TLS to the proxy, a CONNECT of its own would need a second way to speak TLS.
            way = Route(server.proxy, "") if over_tls else server
            with connected(way, state.inputs.timeout, tls_context(state.http.ca_file) if over_tls else None):
                pass

        tried(state.http, server, connect, timeout=state.inputs.timeout, at_proxy=True)
        return fine(f"{facts['proxy']} {'speaks TLS' if over_tls else 'lets through'} for {server.host}", facts)

    return state.on_each_server("proxy", probe)


def _check(server: Route, timeout: float) -> None:
    """Raise what a run would raise for an address that is none."""
    try:
        parts = urlsplit(server.proxy)
        usable = parts.scheme.lower() in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        error = requests.exceptions.InvalidProxyURL()
        raise unreachable(error, host=server.host, proxy=server.proxy, timeout=timeout)


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
            version, certificate = tried(
                state.http, server, lambda: _handshake(server, state), timeout=state.inputs.timeout
            )
        except PipeError as error:
            raise _with_reason(error) from error
        return _told(server.host, version, certificate)

    return state.on_each_server("tls", probe)


def _handshake(server: Route, state: CheckState) -> tuple[str, Mapping[str, object]]:
    with connected(server, state.inputs.timeout, tls_context(state.http.ca_file)) as connection:
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


def _with_reason(error: PipeError) -> PipeError:
    """Add what OpenSSL says, and this machine's time where that is a part of it: one of the two is wrong."""
    cause = error.__cause__
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return error
    reason = cause.verify_message
    if "expired" in reason or "not yet valid" in reason:
        reason += f"; this runner's clock says {datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"
    return UnreachableError(f"{error.what} OpenSSL says: {reason.rstrip('.')}.", error.why, error.now)
