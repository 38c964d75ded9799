"""Which proxy a request goes through."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.http.proxies import host_and_port, passwords, proxy_for
from pipe.redaction.secret import Secret

PROXY = "http://proxy.example:3128"
CLOUD = "https://bitbucket.org/site/oauth2/access_token"


@pytest.fixture(autouse=True)
def other_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the process itself must not count: only the one that is handed in."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://wrong.example:1")
    monkeypatch.setenv("NO_PROXY", "bitbucket.org")
    monkeypatch.setenv("no_proxy", "bitbucket.org")


@pytest.mark.parametrize(
    ("env", "proxy"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, ""),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": "https://proxy.example"}, "https://proxy.example"),
        ({"HTTPS_PROXY": "http://user:p%40ss@proxy.example:3128"}, "http://user:p%40ss@proxy.example:3128"),
    ],
)
def test_the_proxy_for_https_is_named_in_either_case(env: dict[str, str], proxy: str) -> None:
    """The lower-case name wins, empty means not given, and http is what a proxy speaks unless it says otherwise."""
    assert proxy_for(CLOUD, env) == proxy


def test_http_has_a_proxy_of_its_own() -> None:
    """For what is not https."""
    assert proxy_for("http://git.example.com", {"http_proxy": PROXY, "https_proxy": "http://other"}) == PROXY


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        (CLOUD, "*"),
        (CLOUD, "bitbucket.org"),
        (CLOUD, ".bitbucket.org"),
        (CLOUD, "example.com,bitbucket.org"),
        (CLOUD, " example.com , bitbucket.org "),
        (CLOUD, "org"),
        ("https://api.bitbucket.org", "bitbucket.org"),
        ("https://api.bitbucket.org", ".bitbucket.org"),
        ("https://git.example.com:7990/x", "git.example.com:7990"),
        ("https://git.example.com:7990/x", "git.example.com"),
        ("https://10.1.2.3", "10.1.2.3"),
        ("https://10.1.2.3", "10.0.0.0/8"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://localhost:8080", "localhost"),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_names_what_is_reached_directly(url: str, no_proxy: str, name: str) -> None:
    """Names and all below them, with or without a port, addresses, networks, or everything."""
    env = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, name: no_proxy}

    assert proxy_for(url, env) == ""


@pytest.mark.parametrize("no_proxy", ["", "example.com", "api.bitbucket.org", "bitbucket.com", "10.0.0.0/8", ","])
def test_no_proxy_names_nothing_else(no_proxy: str) -> None:
    """A name above is not one of those below."""
    assert proxy_for(CLOUD, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == PROXY


def test_the_own_environment_is_left_as_it_was() -> None:
    """And it does not count."""
    before = dict(os.environ)

    assert proxy_for(CLOUD, {"HTTPS_PROXY": PROXY, "NO_PROXY": "example.com"}) == PROXY
    assert proxy_for(CLOUD, {}) == ""
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("proxy", "found"),
    [
        ("", []),
        (PROXY, []),
        ("http://user@proxy.example", []),
        ("http://user:@proxy.example", []),
        ("http://user:s3cret@proxy.example:3128", ["s3cret"]),
        ("http://user:p%40ss%2Fword@proxy.example", ["p%40ss%2Fword", "p@ss/word"]),
        ("http://user:p@ss/w:rd@proxy.example/", ["p@ss/w:rd"]),
        ("user:s3cret@proxy.example", ["s3cret"]),
        ("http://:s3cret@proxy.example", ["s3cret"]),
    ],
)
def test_the_password_of_a_proxy_is_a_secret(proxy: str, found: list[str]) -> None:
    """As it stands there, and decoded, for that is what is sent."""
    assert list(passwords(proxy)) == [Secret(text) for text in found]


@given(st.text(), st.text(min_size=1), st.sampled_from(["http://", "https://", "socks5://", ""]))
def test_a_proxy_is_shown_without_its_credentials(user: str, password: str, scheme: str) -> None:
    """Its host and port are all that helps."""
    assert host_and_port(f"{scheme}{user}:{password}@proxy.example:3128/") == "proxy.example:3128"
    assert host_and_port(f"{scheme}proxy.example:3128") == "proxy.example:3128"
