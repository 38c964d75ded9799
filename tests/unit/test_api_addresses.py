"""Which addresses get the token: nothing that anybody writes leads it to another server."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.bitbucket.addresses import RestApi, address, names_in, on_same_server, with_parameter, with_parameters
from pipe.bitbucket.paging import naming_next
from pipe.errors import InputError

CLOUD = RestApi("https://api.bitbucket.org", "/2.0", "/2.0/", cloud=True)
CENTER = RestApi("https://git.example:8443/bitbucket", "/rest/api/latest", "/rest/", cloud=False)

PIECES = ("https", "http", ":", "//", "/", "@", "api.bitbucket.org", "git.example:8443", "evil", ".", "..", "%2e", "\\")
ODD = (
    "?",
    "#",
    "[",
    "]",
    "\t",
    "\n",
    " ",
    "a",
    "\u00fc",
    "\u2028",
    "2.0",
    "rest",
    "%",
    ":443",
    ":80",
    "%40",
    ";",
    "\x00",
)
WORDS = st.lists(st.sampled_from(PIECES + ODD), max_size=9).map("".join)


@given(WORDS)
@example("https://api.bitbucket.org@evil/")
@example("//evil/x")
@example("/%2e%2E/x")
@example("/..;a/%2e%2e%3b/x")
@example("/a%5c..%5cx")
@pytest.mark.parametrize("place", [CLOUD, CENTER])
def test_a_path_stays_on_its_server(place: RestApi, text: str) -> None:
    """Or is refused; what is sent has no part that a client would resolve."""
    try:
        url = address(place, text)
    except InputError:
        return
    assert url.startswith(f"https://{urlsplit(place.base).netloc}/")
    assert urlsplit(url).netloc == urlsplit(place.base).netloc
    assert url.isascii()
    assert url.isprintable()
    parts = unquote(urlsplit(url).path).replace("\\", "/").split("/")
    assert not {".", ".."} & {part.partition(";")[0] for part in parts}


@given(WORDS)
@pytest.mark.parametrize("place", [CLOUD, CENTER])
def test_so_does_a_next_page(place: RestApi, text: str) -> None:
    """As two different readers see it."""
    url = on_same_server(text, place.base)
    if url:
        assert url.startswith(f"https://{urlsplit(place.base).netloc}/")
        assert "@" not in urlsplit(text).netloc


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://api.bitbucket.org:443/2.0/a", "https://api.bitbucket.org/2.0/a"),
        ("HTTPS://API.BITBUCKET.ORG/2.0/a?b=c", "https://api.bitbucket.org/2.0/a?b=c"),
        ("repositories/{x}/a b", "https://api.bitbucket.org/2.0/repositories/%7Bx%7D/a%20b"),
        ("a/main..b", "https://api.bitbucket.org/2.0/a/main..b"),
        ('a?q=mail = "x@y"', "https://api.bitbucket.org/2.0/a?q=mail%20=%20%22x@y%22"),
        ("a?x=https://y", "https://api.bitbucket.org/2.0/a?x=https://y"),
        ("a%20b", "https://api.bitbucket.org/2.0/a%20b"),
    ],
)
def test_what_is_sent(given: str, sent: str) -> None:
    """Encoded once, and as it was meant."""
    assert address(CLOUD, given) == sent


def test_parameters_are_not_doubled() -> None:
    """Those in the path win, however they are encoded."""
    assert (
        with_parameters("u?pagel%65n=5&x", {"pagelen": "9", "q": "a&b", "x": "1", "s": ""}) == "u?pagel%65n=5&x&q=a%26b"
    )
    assert with_parameters("u", {}) == "u"
    assert with_parameter("u?a=1&start=5&b=2", "start", "7") == "u?a=1&b=2&start=7"
    assert names_in("u?a=%20b&c&d=1=2") == {"a": " b", "c": "", "d": "1=2"}


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ("values.slug", "values.slug,next,page,pagelen,size"),
        ("values.slug, next", "values.slug, next,page,pagelen,size"),
        ("size,values,pagelen,page,next", "size,values,pagelen,page,next"),
        ("*", "*"),
        ("-values.links", "-values.links"),
        ("+values.x,-y", "+values.x,-y"),
        ("values.slug,-y", "values.slug,-y,next,page,pagelen,size"),
        ("values.next", "values.next,next,page,pagelen,size"),
        ("-next", "+next"),
        ("values.slug, -next", "values.slug,+next,next,page,pagelen,size"),
        ("-values.links,-next", "-values.links,+next"),
        ("next,-next", "next,+next,page,pagelen,size"),
        ("-size,-page, -x", "+size,+page,-x"),
        ("", ""),
    ],
)
def test_what_leads_on_is_among_the_wanted_fields(fields: str, sent: str) -> None:
    """Unless all but some are wanted."""
    assert naming_next(fields) == sent
