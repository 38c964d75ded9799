"""Where a redirect may lead: below the API of the same server, as every reader of an address sees it."""

from urllib.parse import unquote, urlsplit

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.bitbucket.addresses import LONGEST_ADDRESS, RestApi, archive, elsewhere, target_of
from pipe.http.responses import Response

CLOUD = RestApi("https://api.bitbucket.org", "/2.0", "/2.0/", cloud=True)
CENTER = RestApi("https://git.example:8443/bitbucket", "/rest/api/latest", "/rest/", cloud=False)
HERE = {CLOUD: "https://api.bitbucket.org/2.0/a/b?c=d", CENTER: "https://git.example:8443/bitbucket/rest/a/b?c=d"}

PIECES = (
    *(
        "https:",
        "http:",
        "//",
        "/",
        "?",
        "#",
        "@",
        ":443",
        ":80",
        ":8443",
        ";",
        ":",
        "=",
        "&",
        "%",
        "[",
        "]",
        "\\",
        "\t",
    ),
    *("api.bitbucket.org", "git.example:8443", "evil.example", "bitbucket", "2.0", "rest", "a", "\xfc", " ", "\r\n"),
    *(".", "..", "%2e", "%2E", "%2f", "%5c", "..;", "%3b", "%25", "%0D", "%00"),
)


def lead(place: RestApi, location: str | None, url: str = "") -> str:
    headers = {} if location is None else {"Location": location}
    return target_of(Response(302, headers, b"", "host"), url or HERE[place], place)


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
@example("https:///2.0/x")
@example("/2.0/%2e%2e/x")
@example("/bitbucket/rest/..;/..;/x")
@pytest.mark.parametrize("place", [CLOUD, CENTER])
def test_the_token_stays_below_the_api(place: RestApi, location: str) -> None:
    """Of what is sent in the end, too."""
    url = lead(place, location)
    if not url or archive(url, place):
        return
    sent = requests.Request("GET", url).prepare().url
    for found in (url, sent):
        assert isinstance(found, str)
        assert found.startswith(place.base + place.rooted)
        assert found.isascii()
        parts = unquote(urlsplit(found).path).replace("\\", "/").split("/")
        assert not {".", ".."} & {part.partition(";")[0] for part in parts}
        assert urlsplit(found).netloc == urlsplit(place.base).netloc


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
@example("https://bitbucket.org/a/b/get/../../../account")
@example("https://bitbucket.org/a/b/get/%2e%2e/x")
@example("https://files.example:8443/x?y")
@example("https://files.example\\@bitbucket.org/x")
@pytest.mark.parametrize("place", [CLOUD, CENTER])
def test_what_is_elsewhere_is_read_by_all_in_one_way(place: RestApi, location: str) -> None:
    """By https, at a server that is not Bitbucket's, and nothing stands before its name."""
    answer = Response(302, {"Location": location}, b"", "host")
    url = elsewhere(answer, HERE[place], place)
    if not url:
        return
    assert not target_of(answer, HERE[place], place)
    for found in (url, requests.Request("GET", url).prepare().url):
        assert isinstance(found, str)
        parts = urlsplit(found)
        assert (parts.scheme, parts.username, parts.password) == ("https", None, None)
        assert parts.hostname not in {"bitbucket.org", "api.bitbucket.org"} if place.cloud else {"git.example"}
        assert parts.hostname == urllib3.util.parse_url(found).host


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://files.example/x?Signature=y", True),
        ("HTTPS://Files.example:8443/x", True),
        ("//files.example/x", True),
        ("https://[::1]:8443/x", True),
        ("http://files.example/x", False),
        ("ftp://files.example/x", False),
        ("https://u@files.example/x", False),
        ("https://u:p@files.example/x", False),
        ("https://files.example%40x/", False),
        ("https://files.example:x/", False),
        ("https://files.example:99999/", False),
        ("https://bitbucket.org/account/signin/", False),
        ("https://bitbucket.org:444/x", False),
        ("https://api.bitbucket.org/1.0/x", False),
        ("https:///x", False),
        ("/x", False),
        ("", False),
    ],
)
def test_another_server_is_one_that_is_not_bitbuckets(location: str, found: bool) -> None:
    """A page of Bitbucket's own would be its login."""
    answer = Response(302, {"Location": location}, b"", "host")

    assert bool(elsewhere(answer, HERE[CLOUD], CLOUD)) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://bitbucket.org/team/hello/get/main.zip", True),
        ("https://bitbucket.org/team/hello/get/feature/x.tar.gz?y", True),
        ("https://bitbucket.org/team/hello/get/", False),
        ("https://bitbucket.org/team/hello/got/main.zip", False),
        ("https://bitbucket.org/team/get/main.zip", False),
        ("https://bitbucket.org/a/team/hello/get/main.zip", False),
        ("https://bitbucket.org/team/hello/get/%2e%2e/%2e%2e/x", False),
        ("https://bitbucket.org/account?/team/hello/get/x", False),
        ("https://bitbucket.org.evil/team/hello/get/x", False),
        ("https://u@bitbucket.org/team/hello/get/x", False),
        ("http://bitbucket.org/team/hello/get/x", False),
    ],
)
def test_an_archive_alone_is_asked_for_with_the_token(url: str, found: bool) -> None:
    """Of all that the site has; a Data Center's are within its API."""
    assert archive(url, CLOUD) == (url if found else "")
    assert archive(url, CENTER) == ""


@pytest.mark.parametrize(
    "location",
    [
        *("https://evil.example/2.0/x", "//evil.example/2.0/x", "https://api.bitbucket.org.evil/2.0/", None, ""),
        *("http://api.bitbucket.org/2.0/x", "https://api.bitbucket.org:444/2.0/x", "ftp://api.bitbucket.org/2.0/x"),
        *("https://api.bitbucket.org@evil/2.0/", "https://u:p@api.bitbucket.org/2.0/x", "https://bitbucket.org/2.0/x"),
        *(
            "https://api.bitbucket.org\\@evil/2.0/",
            "https://api.bitbucket.org\\.evil/2.0/",
            "https://[::1/2.0/",
            "//[::1/",
        ),
        *(
            "https://api.bitbucket.org\t.evil/2.0/",
            "/2.0/a b",
            "/2.0/\x0b",
            "/2.0/\xfc",
            "/2.0/x#y",
            "\t/2.0/x",
            "/2.0/x\n",
        ),
        *("https://api.bitbucket.org/x", "/", "/2.0", "/2.00/x", "/internal/x", "/2%2e0/x", "//2.0/x", "///2.0/x"),
        *("/2.0/../x", "../../x", "https://api.bitbucket.org/2.0/../x", "/2.0/%2e%2e/x", "/2.0/.%2E/x", "/2.0/%2E./x"),
        *("/2.0/a/..%2f..%2fx", "/2.0/..;/x", "/2.0/..%3bx/x", "/2.0/..%5cx", "/2.0/./x/%2e", "/2.0/a/%2e%2e%2f2.0/x"),
        *(
            "mailto:me@example.com",
            "javascript:alert(1)",
            "https://",
            "https:///2.0/x",
            "https:/2.0/x",
            "https:x",
            "//",
        ),
        "/2.0/" + "x" * LONGEST_ADDRESS,
        "/2.0/" + "x" * (LONGEST_ADDRESS - 29),
    ],
)
def test_what_is_not_of_the_api_is_none(location: str | None) -> None:
    """Another server, another way there, another part of the server, or no address at all."""
    assert lead(CLOUD, location) == ""


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/2.0/x", "https://api.bitbucket.org/2.0/x"),
        ("//API.bitbucket.org/2.0/x", "https://api.bitbucket.org/2.0/x"),
        ("HTTPS://api.bitbucket.org:443/2.0/x?y", "https://api.bitbucket.org/2.0/x?y"),
        ("x/w:1%0D2", "https://api.bitbucket.org/2.0/a/x/w:1%0D2"),
        ("../x", "https://api.bitbucket.org/2.0/x"),
        ("/2.0/../2.0/x", "https://api.bitbucket.org/2.0/x"),
        ("?y=z", "https://api.bitbucket.org/2.0/a/b?y=z"),
        ("main..x", "https://api.bitbucket.org/2.0/a/main..x"),
        ("/2.0/" + "x" * (LONGEST_ADDRESS - 30), "https://api.bitbucket.org/2.0/" + "x" * (LONGEST_ADDRESS - 30)),
    ],
)
def test_what_is_of_the_api_is_found(location: str, target: str) -> None:
    """RFC 9110 section 10.2.2: beside the address that was asked."""
    assert lead(CLOUD, location) == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://git.example:8443/bitbucket/rest/x", "https://git.example:8443/bitbucket/rest/x"),
        ("/bitbucket/rest/x", "https://git.example:8443/bitbucket/rest/x"),
        ("/rest/x", ""),
        ("/bitbucket/login?next=/rest/", ""),
        ("/jira/rest/x", ""),
        ("https://git.example/bitbucket/rest/x", ""),
    ],
)
def test_a_data_centers_api_is_below_its_context_path(location: str, target: str) -> None:
    """The host may have other applications."""
    assert lead(CENTER, location) == target


def test_what_was_wished_for_goes_along() -> None:
    """But not the rest, and not where the redirect has its own."""
    url = "https://api.bitbucket.org/2.0/a?q=x%26y&sort=-z&fields=values.a&pagelen=9&page=4&path=p"
    wished = "q=x%26y&sort=-z&fields=values.a&pagelen=9"

    assert lead(CLOUD, "/2.0/b?topic=true", url) == f"https://api.bitbucket.org/2.0/b?topic=true&{wished}"
    assert lead(CLOUD, "/2.0/b?pagelen=5&q=&sort=s&fields=", url) == (
        "https://api.bitbucket.org/2.0/b?pagelen=5&q=&sort=s&fields="
    )
    assert lead(CENTER, "/bitbucket/rest/b", HERE[CENTER] + "&limit=7&start=7").endswith("/rest/b?limit=7")
