"""Which proxy a request goes through, from the environment that the edge handed in."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from requests.utils import should_bypass_proxies

from pipe.redaction.secret import Secret


def proxy_for(url: str, env: Mapping[str, str]) -> str:
    """Return the proxy's URL for `url`, or an empty text to connect directly.

    `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count in both cases; the lower-case name wins, as in curl.
    `NO_PROXY` is read as requests reads it: names and all below them, addresses, networks, `*`.
    """
    name = f"{urlsplit(url).scheme}_proxy"
    proxy = env.get(name) or env.get(name.upper()) or ""
    if not proxy or should_bypass_proxies(url, no_proxy=env.get("no_proxy") or env.get("NO_PROXY") or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def named(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return every proxy that `env` names, whether or not a request goes through it."""
    names = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
    return tuple(env[name] for name in names if env.get(name))


def passwords(proxy: str) -> tuple[Secret, ...]:
    """Return the password in a proxy's URL, as it stands there and decoded: a secret like any other."""
    credentials, at, _ = proxy.rpartition("@")
    password = credentials.rpartition("://")[2].partition(":")[2]
    if not at or not password:
        return ()
    return tuple(dict.fromkeys((Secret(password), Secret(unquote(password)))))


def host_and_port(proxy: str) -> str:
    """Return the proxy's host and port, without any credentials."""
    return proxy.rpartition("@")[2].rpartition("://")[2].rstrip("/")
