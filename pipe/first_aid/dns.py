"""Step 2: whether names are found. Behind a proxy that is the proxy's name alone; it finds the servers itself."""

import socket
from ipaddress import ip_address

from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine
from pipe.first_aid.wire import Server, tried

_MOST_SHOWN = 4


def examine(case: Case) -> Finding:
    """Resolve what a run would connect to."""

    def probe(server: Server) -> Finding:
        name, port = server.first_end
        found = tried(case.http, server, lambda: _addresses(name, port), timeout=case.inputs.timeout)
        addresses = f"{', '.join(found[:_MOST_SHOWN])}{', ...' if len(found) > _MOST_SHOWN else ''}"
        what = f"the proxy {name} is {addresses}" if server.proxy else f"{name} is {addresses}"
        return fine(what, {"name": name, "addresses": found})

    return case.on_each_server("dns", probe)


def _addresses(name: str, port: int) -> list[str]:
    found = [str(address[4][0]) for address in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
    # Two colons in a row could start a command of a CI system, so they are never shown.
    return list(dict.fromkeys(ip_address(address.partition("%")[0]).exploded for address in found))
