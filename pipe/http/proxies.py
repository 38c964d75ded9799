"""Which proxy a request goes through, from the environment that the edge handed in."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from pipe.errors import InputError, UnreachableError
from pipe.redaction.secret import Secret

# Characters. A shorter text is also found where it tells nothing: to mask `e` stars a whole log.
_SHORTEST_MASK = 4

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# Where one library or another takes an address to end, or its host to begin (RFC 3986 section 3.2; browsers read `\`
# as `/`).
_DELIMITERS = re.compile(r"[/?#\\]")
USUAL_PORTS = {"http": 80, "https": 443}
"""Of an address that names none (RFC 9110 section 4.2), by its scheme."""


def proxy_for(url: str, env: Mapping[str, str]) -> str:
    """Return the proxy's URL for `url`, or an empty text to connect directly.

    `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count in both cases; the lower-case name wins, as in curl. Raises
    `UnreachableError` for an address that cannot be used, before any library sees it, and `InputError` for credentials
    that cannot be sent.
    """
    variable, proxy = _named(url, env)
    return _checked(proxy, variable) if proxy else ""


def used(urls: Iterable[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """Return every proxy, usable or not, that a request for one of `urls` goes through."""
    return tuple(dict.fromkeys(filter(None, (_named(url, env)[1] for url in urls))))


def named(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return every proxy that `env` names, whether or not a request goes through it."""
    names = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
    return tuple(env[name] for name in names if env.get(name))


def passwords(proxy: str) -> tuple[Secret, ...]:
    """Return the password in a proxy's URL, as it stands there and decoded, and each part that a library could cut off.

    One that is shorter than four characters is none: to hide it would hide innocent text, and tell what it is.
    """
    password = _credentials(proxy).partition(":")[2]
    texts = (password, unquote(password), *re.split(r"[/?#@\\]", password))
    return tuple(Secret(text) for text in dict.fromkeys(texts) if len(text) >= _SHORTEST_MASK)


def has_raw_at(proxy: str) -> bool:
    """Whether an `@` stands in the credentials as it is, which not everybody takes for a part of them."""
    return "@" in _credentials(proxy)


def host_and_port(proxy: str) -> str:
    """Return the proxy's host and port, without any credentials."""
    return proxy.rpartition("@")[2].rpartition("://")[2].rstrip("/")


def _named(url: str, env: Mapping[str, str]) -> tuple[str, str]:
    """The variable that names the proxy for `url`, and its address; both empty to connect directly."""
    variable = f"{urlsplit(url).scheme}_proxy"
    variable = variable if env.get(variable) else variable.upper()
    proxy = env.get(variable, "")
    if not proxy or _is_direct(url, env.get("no_proxy") or env.get("NO_PROXY") or ""):
        return "", ""
    return variable, proxy if _SCHEME.match(proxy) else f"http://{proxy}"


def _credentials(proxy: str) -> str:
    """Return all before the last `@`, at which the password ends for curl, and for people."""
    return _SCHEME.sub("", proxy, count=1).rpartition("@")[0]


def _checked(proxy: str, variable: str) -> str:
    credentials = _credentials(proxy)
    if _DELIMITERS.search(credentials):
        raise UnreachableError(
            f"{variable} has a raw /, \\, ? or # in the proxy's password or user name.",
            "In an address each of them ends the part where the password stands.",
            "Percent-encode it: %2F for /, %5C for \\, %3F for ?, %23 for #, and %40 for @.",
        )
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in USUAL_PORTS and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", proxy):
        raise unusable(variable)
    try:
        unquote(credentials).encode("latin-1")
    except UnicodeEncodeError:
        raise InputError(
            f"The user name or password in {variable} has a character that cannot be sent.",
            "Basic credentials have no encoding that all proxies share (RFC 7617); beyond ISO-8859-1 there is none.",
            "Have the proxy's password changed to one of ASCII characters.",
        ) from None
    return proxy


def unusable(variable: str) -> UnreachableError:
    """The address that `variable` holds is none of a proxy that this program can use."""
    return UnreachableError(
        "The proxy's address is not one that can be used.",
        f"{variable} holds no http:// or https:// address with a host and a port; SOCKS is not supported.",
        "Correct the variable, or list the server in NO_PROXY.",
    )


def _is_direct(url: str, no_proxy: str) -> bool:
    """Whether `no_proxy` names the host of `url`, by curl's rules: https://curl.se/libcurl/c/CURLOPT_NOPROXY.html.

    A name stands for itself and all below it, also with a dot before it; an address for itself, a network in CIDR form
    for all in it, and a single `*` for everything. Entries are separated by commas or spaces. One with a port, as
    requests knows them, counts for that port alone.
    """
    if no_proxy.strip() == "*":
        return True
    parts = urlsplit(url)
    port = parts.port or USUAL_PORTS.get(parts.scheme, 0)
    entries = filter(None, re.split(r"[\s,]+", no_proxy))
    return any(_covers(entry.lower(), (parts.hostname or "").rstrip("."), port) for entry in entries)


def _covers(entry: str, name: str, port: int) -> bool:
    host, colon, digits = entry.rpartition(":")
    if colon and digits.isdecimal() and (":" not in host or host.endswith("]")):
        if digits.lstrip("0") != str(port):
            return False
        entry = host
    entry = entry.strip("[]").rstrip(".")
    if ":" in name or name[-1:].isdigit():
        return _holds(entry, name)
    entry = entry.lstrip(".")
    return bool(entry) and f".{name}".endswith(f".{entry}")


def _holds(network: str, address: str) -> bool:
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - few servers are given by address

    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return network == address
