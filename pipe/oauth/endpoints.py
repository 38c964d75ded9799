"""Where Bitbucket's OAuth 2.0 endpoints are."""

from typing import NamedTuple
from urllib.parse import urlsplit


class Endpoints(NamedTuple):
    """The URLs of its endpoints; empty for one that it lacks, or that nobody named."""

    token_endpoint: str
    revocation_endpoint: str = ""


def origin_of(url: str) -> str:
    """Return the server of `url`: scheme, host and port, the latter unless it is the usual one (RFC 6454 section 4)."""
    parts = urlsplit(url.lower())
    usual = {"https": ":443", "http": ":80"}.get(parts.scheme, ":")
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual)}"


def is_cloud(base_url: str) -> bool:
    """Whether `base_url` is Bitbucket Cloud and not somebody's own Data Center."""
    return urlsplit(base_url).hostname == "bitbucket.org"


def token_endpoint(base_url: str) -> str:
    """Return the token endpoint below `base_url`; a Data Center's context path is kept.

    Cloud: "Use OAuth on Bitbucket Cloud". Data Center: "OAuth 2.0 provider", since 7.21.
    """
    return base_url + ("/site/oauth2/access_token" if is_cloud(base_url) else "/rest/oauth2/latest/token")


def authorization_endpoint(base_url: str) -> str:
    """Return the page on which a person allows access; sources as for `token_endpoint`."""
    return base_url + ("/site/oauth2/authorize" if is_cloud(base_url) else "/rest/oauth2/latest/authorize")
