"""Step 3: which proxy is used for which server, and whether it lets this program through."""

from urllib.parse import urlsplit

import requests

from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine
from pipe.first_aid.wire import Server, connected, tls_context, tried
from pipe.proxies import shown
from pipe.unreachable import unreachable


def examine(case: Case) -> Finding:
    """Have each proxy connect to its server (CONNECT, RFC 9110 section 9.3.6)."""

    def probe(server: Server) -> Finding:
        if not server.proxy:
            return fine(f"none for {server.host}", {"proxy": ""})
        _check(server, case.inputs.timeout)
        facts = {"proxy": shown(server.proxy)}
        if not server.is_secure:
            return fine(f"{facts['proxy']} for {server.host}, over plain HTTP", facts)
        over_tls = server.proxy.lower().startswith("https:")

        def connect() -> None:
            # Behind TLS to the proxy, a CONNECT of its own would need a second way to speak TLS.
            way = Server(server.proxy, "") if over_tls else server
            with connected(way, case.inputs.timeout, tls_context(case.ca_file) if over_tls else None):
                pass

        tried(case.http, server, connect, timeout=case.inputs.timeout, at_proxy=True)
        return fine(f"{facts['proxy']} {'speaks TLS' if over_tls else 'lets through'} for {server.host}", facts)

    return case.on_each_server("proxy", probe)


def _check(server: Server, timeout: float) -> None:
    """Raise what a run would raise for an address that is none."""
    try:
        parts = urlsplit(server.proxy)
        usable = parts.scheme.lower() in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        error = requests.exceptions.InvalidProxyURL()
        raise unreachable(error, host=server.host, proxy=server.proxy, timeout=timeout)
