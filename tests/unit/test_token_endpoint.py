"""One request to the token endpoint, and what its answer means."""

import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from pipe.errors import AnswerError, InputError, PipeError, RefusedError
from pipe.http.responses import TRY_AGAIN, Response, retry_after
from pipe.oauth.token import AccessToken
from pipe.oauth.token_endpoint import Client, client_authentication, token_in
from pipe.redaction.secret import Secret, forms
from tests.oracle import Oracle
from tests.unit.samples import TOKEN

URL = "https://git.example.com:7990/context/rest/oauth2/latest/token"
SECRET = "hunter2-correct/horse+battery=staple"
GOOD = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 7200, "scope": "repository"}


def ask(
    status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    client: Client = Client("key", Secret(SECRET), "basic-raw"),  # noqa: B008 - it is never changed
    asked: tuple[str, ...] = (),
) -> AccessToken:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Response(status, CaseInsensitiveDict(headers or {}), data, "git.example.com:7990")
    return token_in(answer, client, URL, forms(client.secret, key=client.key), asked=asked)


def failure(status: int, body: object, headers: Mapping[str, str] | None = None) -> PipeError:
    with pytest.raises(PipeError) as caught:
        ask(status, body, headers)
    return caught.value


def sent(client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """Return the form and the headers that a client sends."""
    headers, credentials = client_authentication(client)
    return {"grant_type": "client_credentials", "scope": "a b", **credentials}, headers


# Client authentication


@pytest.mark.parametrize(
    ("auth", "key", "secret", "credentials"),
    [
        ("basic-raw", "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", b"s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw"),
        ("basic-encoded", "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", b"s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw"),
        ("basic-raw", "key", "a:b%c+d e&f=ü", "key:a:b%c+d e&f=ü".encode()),
        ("basic-encoded", "key", "a:b%c+d e&f=ü", b"key:a%3Ab%25c%2Bd+e%26f%3D%C3%BC"),
        ("basic-encoded", "my:key", "~-._*/!", b"my%3Akey:~-._%2A%2F%21"),
        ("basic-encoded", "cl%C3%A9", "x", b"cl%25C3%25A9:x"),
    ],
)
def test_basic_authentication_is_raw_or_form_encoded(auth: str, key: str, secret: str, credentials: bytes) -> None:
    """RFC 6749 section 2.3.1 has key and secret form-encoded first; Bitbucket Cloud compares them as they are."""
    form, headers = sent(Client(key, Secret(secret), auth))

    scheme, _, encoded = headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(encoded, validate=True) == credentials
    assert form == {"grant_type": "client_credentials", "scope": "a b"}


def test_basic_authentication_is_the_rfcs_own_example() -> None:
    """RFC 6749 section 2.3.1."""
    headers = sent(Client("s6BhdRkqt3", Secret("7Fjfp0ZBr1KtDRbnfVdmIw"), "basic-encoded"))[1]

    assert headers["Authorization"] == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"


def test_in_the_body_there_are_two_fields_and_no_header() -> None:
    """A client must not use more than one way in one request."""
    form, headers = sent(Client("my:key", Secret("a:b%c+d"), "body"))

    assert form == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "client_id": "my:key",
        "client_secret": "a:b%c+d",
    }
    assert headers == {}


def test_raw_authentication_cannot_carry_a_colon_in_the_key() -> None:
    """The server would cut the key there, and refuse for a reason that nobody finds."""
    with pytest.raises(InputError, match="consumer-key holds a colon") as caught:
        sent(Client("key:with", Secret(SECRET), "basic-raw"))

    assert "basic-encoded or body" in caught.value.now
    Oracle([SECRET]).check("the failure", f"{caught.value.what} {caught.value.why} {caught.value.now}")


# What an answer means

LOGIN_PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"
OAUTH = {"error": "invalid_client", "error_description": "No such client"}
API = {"type": "error", "error": {"message": "Resource not found", "detail": {"a": 1}}}

Row = tuple[int, object, type[PipeError], bool, str]

TABLE: list[Row] = [
    # status, body, class, again, a piece of the advice
    *((status, b"", AnswerError, True, "Run the step again") for status in (408, 425, 500, 502, 503, 504)),
    *((status, OAUTH, AnswerError, True, "Run the step again") for status in (408, 425, 500, 502, 503, 504)),
    *((status, LOGIN_PAGE, AnswerError, True, "Run the step again") for status in (500, 502, 503, 504)),
    (429, b"Rate limit for this resource has been exceeded", AnswerError, True, "Run the step again in some minutes"),
    (429, {"error": "slow_down"}, AnswerError, True, "consumers of their own"),
    (400, {"error": "temporarily_unavailable"}, AnswerError, True, "Run the step again"),
    (200, {"error": "temporarily_unavailable"}, AnswerError, True, "Run the step again"),
    (400, {"error": "server_error"}, AnswerError, True, "Run the step again"),
    *((status, body, AnswerError, False, "Run the step again") for status in (501, 520, 599) for body in (b"", OAUTH)),
    *((status, OAUTH, RefusedError, False, "Copy key and secret anew") for status in (200, 201, 400, 401, 403, 404)),
    (400, {"error": "invalid_scope"}, RefusedError, False, "scope"),
    (400, {"error": "invalid_grant"}, RefusedError, False, "Get a new one"),
    (400, {"error": "unsupported_grant_type"}, RefusedError, False, "Check grant"),
    (400, {"error": "unheard_of"}, RefusedError, False, "Check base-url or token-url"),
    (200, {**GOOD, "error": "invalid_client"}, RefusedError, False, "Copy key and secret anew"),
    (200, {**GOOD, "error": {"message": "no"}}, RefusedError, False, "base-url"),
    (404, API, RefusedError, False, "base-url"),
    (401, b"", RefusedError, False, "Copy key and secret anew"),
    (401, LOGIN_PAGE, RefusedError, False, "Copy key and secret anew"),
    (403, b"Forbidden", RefusedError, False, "this runner's address"),
    (403, LOGIN_PAGE, RefusedError, False, "this runner's address"),
    (404, LOGIN_PAGE, AnswerError, False, "Check base-url or token-url"),
    (404, b"", AnswerError, False, "/context/rest/oauth2/latest/token"),
    (405, b"", AnswerError, False, "Check base-url or token-url"),
    (400, b"", AnswerError, False, "Check base-url or token-url"),
    (400, {}, AnswerError, False, "Check base-url or token-url"),
    (418, {"detail": "no"}, AnswerError, False, "Check base-url or token-url"),
    (200, LOGIN_PAGE, AnswerError, False, "leave both out"),
    (200, b"", AnswerError, False, "leave both out"),
    (204, b"", AnswerError, False, "leave both out"),
    (200, [GOOD], AnswerError, False, "leave both out"),
    (200, {}, AnswerError, False, "leave both out"),
    (200, {**GOOD, "token_type": "mac"}, AnswerError, False, "leave both out"),
    *((status, b"", AnswerError, False, "final address") for status in (300, 301, 302, 303, 304, 307, 308)),
    (302, OAUTH, AnswerError, False, "final address"),
]


@pytest.mark.parametrize(("status", "body", "kind", "again", "advice"), TABLE)
def test_each_answer_has_its_meaning(
    status: int, body: object, kind: type[PipeError], again: bool, advice: str
) -> None:
    """Which failure it is, whether another try could help, and what to do now."""
    error = failure(status, body)

    assert type(error) is kind
    assert error.again is again
    assert advice in error.now
    assert "git.example.com:7990" in error.what
    assert error.why


@pytest.mark.parametrize("status", [200, 201, 203])
def test_a_token_in_any_2xx_answer_is_one(status: int) -> None:
    """What matters is what it holds; `error` may be there and empty."""
    assert ask(status, {**GOOD, "error": None}).value.reveal() == TOKEN
    assert ask(status, GOOD).scopes == ("repository",)


def test_scopes_that_are_not_told_are_those_asked_for() -> None:
    """RFC 6749 section 5.1."""
    assert ask(200, {"access_token": TOKEN}, asked=("a",)).scopes == ("a",)


def test_statuses_that_are_tried_again_are_those_of_the_contract() -> None:
    """And no other: a request that was refused is not repeated."""
    assert set(TRY_AGAIN) == {408, 425, 429, 500, 502, 503, 504}


@given(
    st.integers(200, 599),
    st.binary(max_size=60)
    | st.fixed_dictionaries(
        {},
        optional={
            "error": st.text(st.characters(), max_size=30) | st.none() | st.dictionaries(st.text(), st.text()),
            "error_description": st.text(st.characters(), max_size=300) | st.integers() | st.just(f"for {SECRET}"),
            "access_token": st.text(max_size=10) | st.just(TOKEN),
        },
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("Retry-After", "Location", "Content-Type"),
            st.binary(max_size=20).map(lambda data: data.decode("latin-1"))
            | st.sampled_from([f"https://{SECRET}/", "https://[", "text/HTML", "7"]),
        ),
    ),
)
def test_any_answer_is_a_token_or_a_clear_failure(status: int, body: bytes, headers: dict[str, str]) -> None:
    """Whatever a server sends; and no failure repeats the secret or commands the runner."""
    try:
        token = ask(status, body, headers)
    except (RefusedError, AnswerError) as error:
        text = f"{error.what}\n{error.why}\n{error.now}"
        assert error.what.isprintable()  # noqa: PT017 - either outcome is fine
        assert "::" not in text.replace("https://", "")
        Oracle([SECRET], key="key").check("the failure", text)
        return
    assert 200 <= status < 300
    assert token.value.reveal()


def test_what_the_server_says_is_quoted_harmlessly() -> None:
    """Cut, without commands, and with the secret replaced."""
    error = failure(400, {"error": "x", "error_description": f"::error::{SECRET}\n" + "long " * 100})

    assert error.what.startswith(
        'git.example.com:7990 refused (HTTP 400): ": :error: :***\N{REPLACEMENT CHARACTER}long'
    )
    assert len(error.what) < 300


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "code", "error_description": "a text"}, '"a text"'),
        ({"error": "code"}, '"code"'),
        ({"error": {"message": "a text", "detail": "x"}}, '"a text"'),
        ({"error": {"message": {"a": 1}}}, "(HTTP 400)."),
        ({"error": ["a"]}, "(HTTP 400)."),
        ({"error": "code", "error_description": {"a": 1}}, '"code"'),
    ],
)
def test_a_server_speaks_in_the_shape_of_oauth_or_of_bitbuckets_api(body: object, said: str) -> None:
    """`error` is a text here and an object there."""
    assert said in failure(400, body).what


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://login.example.com/path?token=x", "to login.example.com "),
        ("/relative", "redirects (HTTP"),
        ("", "redirects (HTTP"),
        ("https://[", "redirects (HTTP"),
        (f"https://{SECRET.partition('/')[0]}.example/", "redirects"),
    ],
)
def test_of_a_redirect_only_the_host_is_told(location: str, told: str) -> None:
    """It is not followed with a secret in hand."""
    error = failure(302, b"", {"Location": location})

    assert told in error.what
    assert "token=x" not in error.what


@pytest.mark.parametrize("content_type", ["text/html", "TEXT/HTML; charset=utf-8", "application/json"])
def test_a_page_is_told_apart_from_other_nonsense(content_type: str) -> None:
    """By its type or by how it begins; not a word of it is shown."""
    error = failure(200, b" \n<html><h1>Welcome to the proxy</h1>", {"Content-Type": content_type})

    assert "an HTML page" in error.what
    assert "Welcome" not in error.what + error.why + error.now
    assert "no JSON object" in failure(200, b"access_token=abc", {"Content-Type": "text/plain"}).what


# Retry-After


def waits(text: str | None) -> float | None:
    headers = CaseInsensitiveDict({} if text is None else {"retry-after": text})
    return retry_after(Response(503, headers, b"", "host"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("1", 1), (" 120 ", 120), ("007", 7), ("999999999", 999_999_999)]
)
def test_retry_after_may_be_seconds(text: str, seconds: float) -> None:
    """RFC 9110 section 10.2.3: a whole number, never negative."""
    assert waits(text) == seconds


@pytest.mark.parametrize("text", ["9999999999", "9" * 50, "9" * 5000])
def test_retry_after_may_be_absurdly_long(text: str) -> None:
    """It is longer than any deadline, so the run ends; it must not be taken for silence."""
    assert (waits(text) or 0) > 86_400 * 365


@pytest.mark.parametrize("ahead", [1, 60, 3600, 86_400 * 365])
def test_retry_after_may_be_a_date(ahead: int) -> None:
    """In any of the three forms of HTTP."""
    moment = datetime.now(UTC) + timedelta(seconds=ahead)
    forms_of_http = [
        format_datetime(moment, usegmt=True),
        moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
        moment.strftime("%a %b %e %H:%M:%S %Y"),
    ]

    for text in forms_of_http:
        assert ahead - 5 <= (waits(text) or 0) <= ahead, text


def test_a_date_that_is_past_means_at_once() -> None:
    """Clocks differ; nobody waits for less than nothing."""
    assert waits("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "soon", "-1", "-120", "1.5", "1e3", "0x10", "١٢", "12 s", "\x00", "NaN", "inf"),
        *("Wed", "Wed, 99 Xyz 2015 07:28:00 GMT", "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2015 99:28:00 GMT"),
    ],
)
def test_garbage_means_nothing(text: str | None) -> None:
    """The program's own wait counts then."""
    assert waits(text) is None


@given(st.binary().map(lambda data: data.decode("latin-1")) | st.text(st.sampled_from("0123456789 :,-+JanMoGT;")))
def test_any_retry_after_is_a_time_or_nothing(text: str) -> None:
    """It never ends in an exception, and is never negative."""
    seconds = waits(text)

    assert seconds is None or seconds >= 0


def test_retry_after_is_handed_on_with_every_failure_that_is_tried_again() -> None:
    """And only with these."""
    header = {"Retry-After": "7"}

    assert failure(429, b"", header).retry_after == 7
    assert "in 7 s" in failure(429, b"", header).now
    assert failure(503, b"", header).retry_after == 7
    assert failure(400, {"error": "server_error"}, header).retry_after == 7
    assert failure(401, b"", header).retry_after is None
