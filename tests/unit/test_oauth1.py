"""OAuth 1.0a's signature base string and header, against RFC 5849 itself and against another implementation."""

import re
from base64 import b64decode
from urllib.parse import quote, unquote, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import given, settings
from hypothesis import strategies as st

from pipe.bitbucket.oauth1 import authorization, base_string
from pipe.redaction.secret import Secret
from sandbox import Request
from sandbox.data_center import ApplicationLink
from sandbox.data_center.signatures import Signatures

LINK = ApplicationLink("the-link", impersonates=True)
NOW = 1_780_000_000

PROTOCOL = [
    ("oauth_consumer_key", "9djdj82h48djs9d2"),
    ("oauth_token", "kkk9d7dh3k39sjv7"),
    ("oauth_signature_method", "HMAC-SHA1"),
    ("oauth_timestamp", "137131201"),
    ("oauth_nonce", "7d8f3e4a"),
]


def test_the_example_of_the_rfc() -> None:
    """Section 3.4.1.1; what stands in its form is handed in beside the protocol's own parameters."""
    form = [("c2", ""), ("a3", "2 q")]
    assert base_string("post", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", [*PROTOCOL, *form]) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_an_empty_token_is_signed() -> None:
    """As oauthlib makes the text when the empty token stands in the query, since it drops one of its own."""
    protocol = {
        "oauth_consumer_key": "CK",
        "oauth_nonce": "N",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1",
        "oauth_token": "",
        "oauth_version": "1.0",
    }
    url = "https://bb.example.com/rest/api/1.0/projects?limit=1&xoauth_requestor_id=alice"
    assert base_string("GET", url, protocol.items()) == (
        "GET&https%3A%2F%2Fbb.example.com%2Frest%2Fapi%2F1.0%2Fprojects&limit%3D1%26oauth_consumer_key%3DCK"
        "%26oauth_nonce%3DN%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1%26oauth_token%3D"
        "%26oauth_version%3D1.0%26xoauth_requestor_id%3Dalice"
    )


ADDRESSES = {
    "HTTP://EXAMPLE.COM:80/r%20v/X?id=123": "http://example.com/r%20v/X",
    "https://www.example.net:8080/?q=1": "https://www.example.net:8080/",
    "https://Example.com:443/a": "https://example.com/a",
    "https://example.com:80/a": "https://example.com:80/a",
    "http://example.com:443/a": "http://example.com:443/a",
    "https://example.com": "https://example.com/",
    "https://example.com/Context/rest/~Bot": "https://example.com/Context/rest/~Bot",
    "https://[::1]:8443/a": "https://[::1]:8443/a",
    "https://[2001:DB8::1]/a": "https://[2001:db8::1]/a",
}


@pytest.mark.parametrize(("url", "address"), ADDRESSES.items())
def test_the_address_is_normalized(url: str, address: str) -> None:
    """Section 3.4.1.2, with its two examples: the case of the host, usual ports, and the path as it is sent."""
    assert unquote(base_string("GET", url, []).split("&")[1]) == address


def test_parameters_are_sorted_after_they_are_encoded() -> None:
    """Section 3.4.1.3.2: by name, then by value, as bytes; `%7A` comes before `a`, and `z` after it."""
    url = "https://example.com/?z=1&a=2&a=10&%C3%A9=3&A=4&a%20b=5&a-b=6"
    names = unquote(base_string("GET", url, []).split("&")[2])
    assert names == "%C3%A9=3&A=4&a=10&a=2&a%20b=5&a-b=6&z=1"


@pytest.mark.parametrize(
    ("character", "encoded"),
    [
        ("a", "a"),
        ("-._~", "-._~"),
        (" ", "%20"),
        ("+", "%2B"),
        ("*", "%2A"),
        ("/", "%2F"),
        ("é", "%C3%A9"),
        ("☃", "%E2%98%83"),
    ],
)
def test_encoding_is_that_of_the_rfc(character: str, encoded: str) -> None:
    """Section 3.6: unlike in forms, a space is %20, and only four marks stay."""
    url = f"https://example.com/?name={quote(character, safe='')}"
    assert base_string("GET", url, []).endswith("&" + quote(f"name={encoded}", safe=""))


def header(url: str, method: str = "GET", nonce: str = "once") -> str:
    made = authorization(
        method, url, consumer_key=LINK.consumer_key, private_key=Secret(LINK.pem), timestamp=NOW, nonce=nonce
    )
    return made.reveal()


def sent(url: str, value: str, method: str = "GET") -> Request:
    """The request as a server reads it."""
    parts = urlsplit(url)
    return Request(
        method,
        parts.netloc.lower(),
        parts.path,
        parts.query,
        (("Authorization", value),),
        b"",
        "test",
        NOW,
        parts.scheme,
    )


def test_the_header_has_an_empty_token_and_no_more_than_it_needs() -> None:
    """Section 3.5.1, with each value in quotes; `realm` is optional and left out."""
    value = header("https://example.com/")
    names = re.findall(r'(\w+)="', value)

    assert value.startswith('OAuth oauth_consumer_key="the-link", oauth_token="", ')
    assert sorted(names) == [
        *("oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method"),
        *("oauth_timestamp", "oauth_token", "oauth_version"),
    ]


def test_the_signature_is_that_of_the_base_string() -> None:
    """Verified by another implementation of RSA: section 3.4.3, RSASSA-PKCS1-v1_5 with SHA-1."""
    url = "https://example.com/rest?start=0"
    values = dict(re.findall(r'(\w+)="([^"]*)"', header(url)))
    signature = b64decode(unquote(values.pop("oauth_signature")), validate=True)

    text = base_string("GET", url, values.items()).encode()
    LINK.key.public_key().verify(signature, text, padding.PKCS1v15(), SHA1())  # noqa: S303


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
# The protocol's own parameters may be given once (section 3.2), and the signature gives them.
names = texts.filter(lambda text: text and not text.startswith(("oauth_", "xoauth_")))


@settings(max_examples=40)
@given(
    st.sampled_from(["https://git.example.com", "https://git.example.com:7990/bitbucket", "http://127.0.0.1:80/x"]),
    st.lists(texts.filter(lambda text: text not in ("", ".", "..")), min_size=1, max_size=3),
    st.dictionaries(names, texts, max_size=4),
    texts.filter(bool),
    st.sampled_from(["GET", "PUT", "DELETE"]),
)
def test_a_server_verifies_whatever_is_asked(
    base: str, path: list[str], query: dict[str, str], user: str, method: str
) -> None:
    """The stand-in makes its text from RFC 5849 alone, and both come to the same for any path, query and user."""
    parameters = {**query, "xoauth_requestor_id": user}
    url = f"{base}/{'/'.join(quote(part, safe='') for part in path)}?{urlencode(parameters, quote_via=quote)}"

    signed = Signatures({LINK.consumer_key: LINK}).verify(sent(url, header(url, method), method), NOW)

    assert signed is not None
    assert (signed.link, signed.requestor) == (LINK, user)
