"""The REST API: pages followed with care, failures told with advice, scopes read from what comes along."""

import json
from collections.abc import Mapping

import pytest

from pipe.bitbucket.cloud import Api
from pipe.bitbucket.cloud_errors import api_failure, by_kind_of_token, granted_scopes, lacks_scope
from pipe.bitbucket.paging import MOST_PAGES
from pipe.errors import AnswerError, PipeError, RefusedError, UnfitTokenError
from pipe.http.client import Http
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from tests.unit.conftest import context_of

BASE = "https://api.bitbucket.org/2.0"


def answer(status: int, body: object = None, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, data, "api.bitbucket.org")


class Played(Http):
    """Answers what it is told to, over and over, and remembers what it was asked."""

    def __init__(self, *answers: Response) -> None:
        super().__init__(Deadline(60), timeout=1, ca_file="", env={})
        self.answers = answers
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
        self.asked.append(f"{method} {url} {headers['Authorization']}")
        return self.answers[(len(self.asked) - 1) % len(self.answers)]


def api(http: Http) -> Api:
    return Api(context_of(http, max_attempts=3, sleep=lambda _seconds: None), "Bearer x")


def test_pages_are_followed_as_they_are_named() -> None:
    """Not made up; what is no object in a list is left out."""
    http = Played(
        answer(200, {"values": [{"a": 1}, "x"], "next": f"{BASE}/list?after=z"}), answer(200, {"values": [{"b": 2}]})
    )

    assert list(api(http).pages("/list")) == [{"a": 1}, {"b": 2}]
    assert http.asked == [f"GET {BASE}/list?pagelen=100 Bearer x", f"GET {BASE}/list?after=z Bearer x"]


def test_a_list_without_an_end_ends() -> None:
    """Each page names another one as the next."""
    http = Played(*(answer(200, {"values": [], "next": f"{BASE}/list?page={number}"}) for number in range(200)))

    with pytest.raises(AnswerError, match="more than 100 pages"):
        list(api(http).pages("/list"))
    assert len(http.asked) == MOST_PAGES + 1


def test_a_circle_is_left_at_once() -> None:
    """The second page names the first."""
    http = Played(
        answer(200, {"values": [], "next": f"{BASE}/list?page=2"}),
        answer(200, {"values": [], "next": f"{BASE}/list?pagelen=100"}),
    )

    with pytest.raises(AnswerError, match="a page that was there before"):
        list(api(http).pages("/list"))
    assert len(http.asked) == 2


@pytest.mark.parametrize(
    "following",
    ["https://api.bitbucket.org.evil.example/x", "https://api.bitbucket.org:444/x", "https://u@api.bitbucket.org/x"],
)
def test_the_next_page_is_on_the_very_same_host(following: str) -> None:
    """Port and all."""
    http = Played(answer(200, {"values": [], "next": following}))

    with pytest.raises(AnswerError, match="another host"):
        list(api(http).pages("/list"))
    assert len(http.asked) == 1


def test_trouble_is_tried_again_and_a_refusal_is_not() -> None:
    """As at the token endpoint."""
    http = Played(answer(503), answer(200, {}))
    assert api(http).send("PUT", "/x", {}).status == 200

    http = Played(answer(401))
    with pytest.raises(RefusedError):
        api(http).send("PUT", "/x", {})
    assert len(http.asked) == 1


def error(message: str, detail: object = None) -> object:
    return {"type": "error", "error": {"message": message, "detail": detail}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "advice"),
    [
        (401, error("Access token expired."), RefusedError, "Make a new one"),
        (
            401,
            error("Access token expired. Use your refresh token to obtain a new access token."),
            RefusedError,
            "Make a new one",
        ),
        (
            401,
            error("Token is invalid, expired, or not supported for this endpoint."),
            RefusedError,
            "say what it is in access-token-kind",
        ),
        (401, b"Login failed due to incorrect login credentials or method.", RefusedError, "Copy it anew"),
        (403, error("no", {"required": ["a"], "granted": ["b", "c"]}), UnfitTokenError, "lacks a; it has b c"),
        (403, error("no", {"required": ["a"]}), UnfitTokenError, "lacks a; it has none"),
        (403, error("Forbidden"), RefusedError, "allow-list of IP addresses"),
        (403, error("no", "a text"), RefusedError, "permissions"),
        (404, error("Repository x not found"), UnfitTokenError, "Check the names"),
        (410, error("CHANGE-2770 - Functionality has been deprecated"), AnswerError, "single workspace"),
        (429, b"Rate limit for this resource has been exceeded", AnswerError, "too many requests"),
        (400, error("Bad request"), AnswerError, "Check the names and values"),
        (302, b"", AnswerError, "redirects"),
        (500, b"<html>", AnswerError, "status.atlassian.com"),
        (401, b"[1, 2]", RefusedError, "Copy it anew"),
        (401, b"<html>", RefusedError, "Copy it anew"),
        (403, b"", RefusedError, "permissions"),
        (403, b"\n<!DOCTYPE html>", AnswerError, "whether this runner may reach the server"),
        (404, b"<html>", AnswerError, "answered in the API's place"),
        (407, b"<html>", AnswerError, "answered in the API's place"),
        (403, {"error": "a text"}, RefusedError, "permissions"),
        (403, {"error": {"message": 7, "detail": {"required": "x"}}}, RefusedError, "permissions"),
    ],
)
def test_each_refusal_has_its_advice(status: int, body: object, kind: type[PipeError], advice: str) -> None:
    """As the texts were seen, and in shapes that they never had."""
    failure = api_failure(answer(status, body), masks=())

    assert type(failure) is kind
    assert advice in f"{failure.what} {failure.why} {failure.now}"


@pytest.mark.parametrize(
    ("status", "body", "path", "told"),
    [
        (403, error("This API is not accessible by this authentication mechanism"), "user", True),
        (401, error("This API is not accessible by this authentication mechanism"), "user", True),
        (403, error("Forbidden"), "repositories/a/b/permissions-config/groups/c", True),
        (403, error("no", {"required": ["repository:admin"]}), "repositories/a/b/permissions-config/groups/c", False),
        (404, error("no"), "repositories/a/b/permissions-config/groups/c", False),
        (403, error("Forbidden"), "repositories/a/b", False),
        (401, error("Token is invalid, expired, or not supported for this endpoint."), "user", False),
        (403, b"", "user", False),
    ],
)
def test_a_refusal_for_the_kind_of_token_says_so(status: int, body: object, path: str, told: bool) -> None:
    """By what it says, or where it is known; a missing scope is another thing."""
    found = answer(status, body)
    plain = api_failure(found, masks=())
    failure = by_kind_of_token(plain, found, f"{BASE}/{path}")

    assert (type(failure), failure.what) == (type(plain), plain.what)
    assert ("API token of a person" in failure.now) == told


def test_what_the_server_says_is_harmless() -> None:
    """In the message, and in the scopes that it names."""
    said = error("::warning::\nsecret-text " + "x" * 500, {"required": ["secret-text", {}], "granted": ["::error::"]})
    failure = api_failure(answer(403, said), masks=("secret-text",))

    text = f"{failure.what} {failure.why}"
    assert "secret-text" not in text
    assert "::" not in text
    assert "\n" not in text
    assert len(text) < 600


def test_a_missing_scope_proves_the_token() -> None:
    """And names the scopes that it has."""
    found = answer(403, error("no", {"required": ["account"], "granted": ["repository", "pipeline"]}))

    assert lacks_scope(found)
    assert granted_scopes(found) == ("repository", "pipeline")
    assert not lacks_scope(answer(403, error("Forbidden")))
    assert not lacks_scope(answer(401, error("no", {"required": ["account"]})))


@pytest.mark.parametrize(
    ("header", "scopes"),
    [
        ("pipeline, pullrequest:write, account", ("pipeline", "pullrequest:write", "account")),
        ("a a", ("a",)),
        ("", None),
        ("a\x00b", None),
        ("\xe9", None),
        ("x" * 9000, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_scopes_come_in_a_header(header: str, scopes: tuple[str, ...] | None) -> None:
    """What cannot be scopes is not told as such: it would be exported."""
    assert granted_scopes(answer(200, {}, X_OAuth_Scopes=header)) == scopes


def test_scopes_that_nobody_names_are_not_known() -> None:
    """Nor are those in a shape that never was."""
    assert granted_scopes(answer(200, {})) is None
    assert granted_scopes(answer(403, error("no", {"required": [], "granted": [1, None]}))) is None
