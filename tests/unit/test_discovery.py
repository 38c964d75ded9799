"""A server's description of itself: believed only if it is the one that was asked for."""

import json
from collections.abc import Mapping

import pytest

from pipe.errors import AnswerError
from pipe.http.client import Http
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from pipe.oauth.client import discover
from pipe.oauth.endpoints import Endpoints
from tests.unit.conftest import context_of

ISSUER = "https://id.example.com/tenant"
RFC_8414 = "https://id.example.com/.well-known/oauth-authorization-server/tenant"
OPENID = "https://id.example.com/tenant/.well-known/openid-configuration"
TOKEN = "https://login.example.com/token"
GOOD = {"issuer": ISSUER, "token_endpoint": TOKEN, "revocation_endpoint": "https://login.example.com/revoke"}


class Described(Http):
    """Answers each address with what `pages` has for it, in turn; else with 404."""

    def __init__(self, pages: Mapping[str, list[Response]]) -> None:
        super().__init__(Deadline(10), timeout=1, ca_file="", env={})
        self._pages = {url: list(answers) for url, answers in pages.items()}
        self.asked: list[str] = []

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
    ) -> Response:
        assert (method, dict(headers), form, json) == ("GET", {}, None, None), "nothing of the client's is sent"
        self.asked.append(url)
        answers = self._pages.get(url, [])
        return answers.pop(0) if answers else answer(404, b"nothing")


def answer(status: int, content: object, **headers: str) -> Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(status, headers, body, "id.example.com")


def ask(http: Http, issuer: str) -> Endpoints:
    return discover(issuer, context_of(http, max_attempts=2, sleep=lambda _: None))


def described(*answers: Response, openid: Response | None = None) -> tuple[Endpoints, list[str]]:
    """Discover a server that gives `answers` at the address of RFC 8414, or `openid` at OpenID's."""
    http = Described({RFC_8414: list(answers), OPENID: [openid] if openid else []})
    return ask(http, ISSUER), http.asked


def refused(*answers: Response, openid: Response | None = None) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        described(*answers, openid=openid)
    assert caught.value.now
    return caught.value


def test_rfc_8414_comes_first() -> None:
    """Its name is put between host and path (section 3.1)."""
    assert described(answer(200, GOOD)) == (Endpoints(TOKEN, "https://login.example.com/revoke"), [RFC_8414])


@pytest.mark.parametrize(
    "first",
    [
        answer(404, b""),
        answer(302, b"", Location="https://id.example.com/login"),
        answer(200, b"<html>"),
        answer(400, {}),
    ],
    ids=["missing", "redirect", "page", "refusal"],
)
def test_openid_comes_next(first: Response) -> None:
    """Its name is put behind the path (OpenID Connect Discovery section 4)."""
    found, asked = described(first, openid=answer(200, GOOD))

    assert found.token_endpoint == TOKEN
    assert asked == [RFC_8414, OPENID]


@pytest.mark.parametrize(
    ("issuer", "addresses"),
    [
        ("https://a.example", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        ("https://a.example/", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        ("https://a.example/b/", ["/.well-known/oauth-authorization-server/b", "/b/.well-known/openid-configuration"]),
    ],
)
def test_no_slash_is_doubled(issuer: str, addresses: list[str]) -> None:
    """Auth0's issuers end with one."""
    http = Described({})
    with pytest.raises(AnswerError):
        ask(http, issuer)

    assert http.asked == [f"https://a.example{address}" for address in addresses]


@pytest.mark.parametrize(
    "named",
    [
        f"{ISSUER}/",
        "https://ID.example.com/tenant",
        "https://evil.example",
        "http://id.example.com/tenant",
        "",
        None,
        7,
    ],
)
def test_the_issuer_is_compared_exactly(named: object) -> None:
    """RFC 8414 section 3.3; what it names is told, since the slash at the end is what people leave out."""
    error = refused(answer(200, {**GOOD, "issuer": named}), openid=answer(200, GOOD))

    assert "describes another server" in error.what
    assert named is None or str(named) in error.what or named == 7
    assert "slash at the end" in error.why


def test_an_issuer_without_a_name_is_none() -> None:
    """It is required (RFC 8414 section 2)."""
    assert "none" in refused(answer(200, {"token_endpoint": TOKEN})).what


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://login.example.com/token",
        "http://127.0.0.1:8080/token",
        "https://user:password@login.example.com/",
        "https://login.example.com/#a",
        "file:///etc/passwd",
        "/token",
        "",
        None,
        ["https://login.example.com/token"],
    ],
)
@pytest.mark.parametrize("name", ["token_endpoint", "revocation_endpoint"])
def test_an_endpoint_is_held_to_the_rules_of_an_input(name: str, endpoint: object) -> None:
    """Nobody but the user sends a secret over an open wire, or to this machine."""
    if name == "revocation_endpoint" and endpoint is None:
        return
    error = refused(answer(200, {**GOOD, name: endpoint}))

    assert error.what.startswith(f"{name} (from the metadata of id.example.com)")
    assert "token-url instead of issuer" in error.now
    assert "password" not in error.what


def test_a_server_on_this_machine_may_do_without_tls() -> None:
    """As its issuer does."""
    issuer = "http://127.0.0.1:8080"
    found = {"issuer": issuer, "token_endpoint": f"{issuer}/token"}
    http = Described({f"{issuer}/.well-known/oauth-authorization-server": [answer(200, found)]})

    assert ask(http, issuer) == Endpoints(f"{issuer}/token")


def test_a_server_need_not_revoke() -> None:
    """RFC 7009 is for those that can."""
    assert described(answer(200, {"issuer": ISSUER, "token_endpoint": TOKEN}))[0] == Endpoints(TOKEN, "")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff", b"[" * 100_000, b"{} {}"])
def test_what_is_no_json_object_describes_nothing(body: bytes) -> None:
    """At neither address."""
    error = refused(answer(200, body), openid=answer(200, body))

    assert "HTTP 200 and HTTP 200" in error.what
    assert not error.again


def test_a_redirect_is_told_and_not_followed() -> None:
    """It could lead anywhere."""
    there = answer(302, b"", Location="https://evil.example/path?x=1")
    error = refused(there, openid=there)

    assert "redirects to evil.example (HTTP 302)" in error.what


def test_trouble_is_tried_again() -> None:
    """As with any other request; and it is no sign that the server does not know RFC 8414."""
    found, asked = described(answer(503, b""), answer(200, GOOD))
    assert (found.token_endpoint, asked) == (TOKEN, [RFC_8414, RFC_8414])

    assert "in trouble (HTTP 503)" in refused(answer(503, b""), answer(503, b""), openid=answer(200, GOOD)).what


def test_what_a_server_says_is_harmless() -> None:
    """A name can hold anything."""
    error = refused(answer(200, {**GOOD, "issuer": "::error::\n" + "x" * 5000}))

    assert "::error" not in error.what
    assert "\n" not in error.what
    assert len(error.what) < 400
