"""Where Bitbucket's token endpoints are."""

import pytest

from pipe.oauth.endpoints import is_cloud, token_endpoint


@pytest.mark.parametrize(
    ("base_url", "endpoint"),
    [
        ("https://bitbucket.org", "https://bitbucket.org/site/oauth2/access_token"),
        ("https://bitbucket.org:8443", "https://bitbucket.org:8443/site/oauth2/access_token"),
        ("https://git.example.com", "https://git.example.com/rest/oauth2/latest/token"),
        ("https://example.com:7990/bitbucket", "https://example.com:7990/bitbucket/rest/oauth2/latest/token"),
        ("https://bitbucket.org.example.com", "https://bitbucket.org.example.com/rest/oauth2/latest/token"),
    ],
)
def test_the_endpoint_stands_below_the_base_url(base_url: str, endpoint: str) -> None:
    """Cloud and Data Center each have their own, and a context path is kept."""
    assert token_endpoint(base_url) == endpoint


@pytest.mark.parametrize("url", ["https://bitbucket.org", "https://BITBUCKET.org/", "https://bitbucket.org/a?b"])
def test_cloud_is_known_by_its_host(url: str) -> None:
    """In any case, with any path."""
    assert is_cloud(url)


@pytest.mark.parametrize(
    "url", ["", "https://api.bitbucket.org", "https://bitbucket.org.evil.example", "https://a/bitbucket.org"]
)
def test_nothing_else_is_cloud(url: str) -> None:
    """Neither a host that begins like it nor one that ends like it."""
    assert not is_cloud(url)
