"""Which proxy a request goes through."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import should_bypass_proxies

from pipe.errors import InputError, UnreachableError
from pipe.http.proxies import host_and_port, passwords, proxy_for, used
from pipe.redaction.secret import Secret

PROXY = "http://proxy.example:3128"
CLOUD = "https://bitbucket.org/site/oauth2/access_token"
FIVE = ["first", "second", "third", "last"]


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
        # As in curl: https://curl.se/libcurl/c/CURLOPT_NOPROXY.html, and its tests/unit/unit1614.c.
        (CLOUD, "example.com bitbucket.org"),
        (CLOUD, "example.com\tbitbucket.org\n"),
        (CLOUD, "BitBucket.ORG"),
        (CLOUD, "bitbucket.org."),
        ("https://bitbucket.org./x", "bitbucket.org"),
        (CLOUD, " * "),
        (CLOUD, "bitbucket.org:443"),
        (CLOUD, "a.example:1,.bitbucket.org:0443"),
        ("http://localhost", "localhost:80"),
        ("https://api.git.example.com:7990/x", ".git.example.com:7990"),
        ("https://10.1.2.3:8443", "10.1.2.3:8443"),
        ("https://10.1.2.3", "10.1.2.3/32"),
        ("https://10.1.2.3", "10.9.9.9/8"),
        ("https://192.168.0.1", "192.168.0.0/16 10.0.0.0/8"),
        ("https://[::1]:8443/x", "::1"),
        ("https://[::1]:8443/x", "[::1]"),
        ("https://[::1]:8443/x", "[::1]:8443"),
        ("https://[2001:db8::1]", "2001:0DB8:0::1"),
        ("https://[2001:db8::1]", "2001:db8::/32"),
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


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        (CLOUD, "bucket.org"),
        (CLOUD, "*.org"),
        (CLOUD, "bitbucket.org:8443"),
        (CLOUD, "bitbucket.org:0"),
        (CLOUD, "bitbucket.org:"),
        (CLOUD, "bitbucket.org/8"),
        (CLOUD, "."),
        (CLOUD, ":443"),
        (CLOUD, "://"),
        (CLOUD, "[]"),
        ("https://10.1.2.3", "3"),
        ("https://10.1.2.3", ".1.2.3"),
        ("https://10.1.2.3", "10.1.2"),
        ("https://10.1.2.3", "10.0.0.0/99"),
        ("https://10.1.2.3", "10.0.0.0/"),
        ("https://10.1.2.3", "11.0.0.0/8"),
        ("https://10.1.2.3", "::/0"),
        ("https://[::1]:8443/x", "[::1]:1"),
        ("https://[::1]", "::2"),
    ],
)
def test_no_proxy_is_not_stretched(url: str, no_proxy: str) -> None:
    """What only looks like the host, and what is no entry at all."""
    assert proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == PROXY


LABELS = st.sampled_from(["a", "b", "ab", "org", "example", "localhost"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
ADDRESSES = st.tuples(*[st.sampled_from([0, 1, 10, 127, 192, 255])] * 4).map(lambda parts: ".".join(map(str, parts)))
ENTRIES = st.one_of(
    NAMES,
    NAMES.map(".{}".format),
    ADDRESSES,
    st.tuples(ADDRESSES, st.integers(1, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(NAMES, st.sampled_from([443, 8443])).map(lambda pair: f"{pair[0]}:{pair[1]}"),
)


@given(st.one_of(NAMES, ADDRESSES), st.lists(ENTRIES, max_size=3), st.sampled_from([",", " , "]))
def test_no_proxy_means_what_it_means_to_requests(host: str, entries: list[str], separator: str) -> None:
    """Where entries are separated by commas; with a port that is given in the address."""
    url, no_proxy = f"https://{host}:8443/x", separator.join(entries)
    direct = proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == ""

    assert direct is should_bypass_proxies(url, no_proxy=no_proxy)


def test_many_threads_find_the_same_proxy_and_touch_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests writes NO_PROXY into that of the process and takes it out again, which fails with two threads."""

    class ReadOnly(dict[str, str]):
        def __setitem__(self, name: str, value: str) -> None:
            raise AssertionError("somebody wrote to the environment")

        def __delitem__(self, name: str) -> None:
            raise AssertionError("somebody took something out of the environment")

    env = {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example,.b.example:443 10.0.0.0/8"}
    wanted = {"https://a.example": "", "https://b.example": "", "https://10.1.1.1": "", CLOUD: PROXY}

    def ask(_: int) -> dict[str, str]:
        return {url: proxy_for(url, env) for url in wanted}

    with monkeypatch.context() as patch, ThreadPoolExecutor(16) as pool:
        patch.setattr(os, "environ", ReadOnly(os.environ))
        assert all(found == wanted for found in pool.map(ask, range(400)))


@pytest.mark.parametrize("raw", "/?#\\")
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("scheme", ["http://", "", "socks5h://"])
def test_a_raw_delimiter_in_a_proxys_password_is_told_as_what_it_is(raw: str, variable: str, scheme: str) -> None:
    """Before a library cuts the password there and shows its first part."""
    for credentials in (f"user:first{raw}rest", f"user{raw}name:rest", f"user:{raw}"):
        with pytest.raises(UnreachableError, match=f"{variable} has a raw ") as caught:
            proxy_for(CLOUD, {variable: f"{scheme}{credentials}@proxy.example:3128"})
        assert "Percent-encode it" in caught.value.now
        assert not caught.value.again
        assert "first" not in caught.value.what + caught.value.why + caught.value.now


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://proxy:99999", "http://proxy:80a", "http://[::1", "http://proxy:-1", "http://"),
        *(
            "socks5://proxy:1",
            "://",
            "http:///x",
            "http://a b",
            "http://a\tb",
            "http://a\x00b",
            "http://user:x\udcff@a",
        ),
    ],
)
def test_an_address_that_is_none_is_refused_by_its_name(proxy: str) -> None:
    """No library sees it."""
    with pytest.raises(UnreachableError, match="not one that can be used") as caught:
        proxy_for(CLOUD, {"https_proxy": proxy})

    assert caught.value.why.startswith("https_proxy holds ")
    assert not caught.value.again


def test_an_address_that_is_not_needed_may_be_anything() -> None:
    """A variable of no concern must not end a run."""
    env = {"HTTPS_PROXY": "http://a:b/c@[", "NO_PROXY": "bitbucket.org", "HTTP_PROXY": "nonsense://"}

    assert proxy_for(CLOUD, env) == ""


@pytest.mark.parametrize("credentials", ["user:%E2%82%AC", "%E2%82%AC:x", "user:\u20ac", "user:%FF"])
def test_what_has_no_encoding_on_the_wire_is_refused(credentials: str) -> None:
    """Exit 2: requests sends ISO-8859-1, and would find out at the time of sending, again and again."""
    with pytest.raises(InputError, match="HTTPS_PROXY has a character that cannot be sent"):
        proxy_for(CLOUD, {"HTTPS_PROXY": f"http://{credentials}@proxy.example:3128"})

    latin = "http://us%C3%A9r:p%C3%A4ss@proxy.example:3128"
    assert proxy_for(CLOUD, {"HTTPS_PROXY": latin}) == latin


def test_the_proxies_that_are_used_are_told_without_a_look_at_their_form() -> None:
    """Their passwords are masked before anything else is done."""
    env = {"HTTPS_PROXY": "http://user:a/b@x", "HTTP_PROXY": "http://other", "NO_PROXY": "b.example"}

    assert used([CLOUD, "https://a.example"], env) == ("http://user:a/b@x",)
    assert used(["https://b.example"], env) == ()
    assert used(["http://localhost", CLOUD], env) == ("http://other", "http://user:a/b@x")


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
        ("http://user:p@ss/w:rd@proxy.example/", ["p@ss/w:rd", "w:rd"]),
        ("http://user:first/second?third#and@last@proxy.example", ["first/second?third#and@last", *FIVE]),
        ("http://user:abc@proxy.example", []),
        ("http://user:%41bc@proxy.example", ["%41bc"]),
        ("user:s3cret@proxy.example", ["s3cret"]),
        ("http://:s3cret@proxy.example", ["s3cret"]),
    ],
)
def test_the_password_of_a_proxy_is_a_secret(proxy: str, found: list[str]) -> None:
    """As it stands there, decoded, for that is what is sent, and each part that it falls into; not if it is short."""
    assert list(passwords(proxy)) == [Secret(text) for text in found]


@given(st.text(), st.text(min_size=1), st.sampled_from(["http://", "https://", "socks5://", ""]))
def test_a_proxy_is_shown_without_its_credentials(user: str, password: str, scheme: str) -> None:
    """Its host and port are all that helps."""
    assert host_and_port(f"{scheme}{user}:{password}@proxy.example:3128/") == "proxy.example:3128"
    assert host_and_port(f"{scheme}proxy.example:3128") == "proxy.example:3128"
