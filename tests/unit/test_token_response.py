"""The token endpoint's success answer is taken apart as untrusted input."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.errors import AnswerError
from pipe.http.responses import json_object
from pipe.oauth.token import LONGEST_LIFETIME, LONGEST_SCOPES, LONGEST_TOKEN, AccessToken, parse_token_response
from tests.unit.samples import NOW, TOKEN

GOOD: dict[str, object] = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 7200, "scope": "repository"}


def parsed(asked: tuple[str, ...] = (), /, **members: object) -> AccessToken:
    """Parse a good answer with some members changed."""
    return parse_token_response({**GOOD, **members}, "host", asked, NOW)


def without(*names: str, asked: tuple[str, ...] = ()) -> AccessToken:
    """Parse a good answer that lacks some members."""
    return parse_token_response({name: value for name, value in GOOD.items() if name not in names}, "host", asked, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
members = st.fixed_dictionaries(
    {},
    optional={
        "access_token": json_values | st.just(TOKEN),
        "token_type": json_values | st.sampled_from(["bearer", "Bearer", "mac"]),
        "expires_in": json_values | st.integers(-5, 2**70) | st.from_regex(r"\A[+-]?[0-9]{1,30}(\.[0-9]+)?\Z"),
        "scope": json_values | st.lists(st.text(max_size=5)),
        "scopes": json_values | st.lists(st.text(max_size=5)),
        "refresh_token": json_values,
        "state": json_values,
    },
)


@given(members)
def test_any_members_are_a_token_or_a_clear_failure(answer: dict[str, object]) -> None:
    """Nothing that a server can put into a JSON object makes another exception, or a token no header can carry."""
    try:
        token = parse_token_response(answer, "host", (), NOW)
    except AnswerError:
        return
    assert answer["access_token"] == token.value.reveal()
    assert token.value.reveal().isascii()
    assert token.value.reveal().isprintable()
    assert " " not in token.value.reveal()
    assert token.expires_in is None or 0 <= token.expires_in <= LONGEST_LIFETIME
    assert token.expires_at == "" or token.expires_at.endswith("Z")
    assert all(scope.isascii() and scope.isprintable() and scope for scope in token.scopes or ())


@given(
    st.binary(max_size=200) | st.text(st.characters(), max_size=80).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_an_object_or_none(body: bytes) -> None:
    """A body that is no JSON object is no reason to fall over."""
    assert isinstance(json_object(body), dict | None)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_an_object_is_read_as_it_was_written(value: dict[str, object]) -> None:
    """With or without a byte order mark, whose presence no server notices."""
    text = json.dumps(value)

    assert json.dumps(json_object(text.encode())) == text
    assert json.dumps(json_object(text.encode("utf-8-sig"))) == text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'["access_token"]',
        b'"access_token"',
        b"7200",
        b"access_token=abc&token_type=bearer",
        b"<!DOCTYPE html><html></html>",
        b'{"access_token": "abc"',
        b'{"access_token": "abc"}}',
        b"{'access_token': 'abc'}",
        '{"access_token": "abc"}'.encode("utf-16"),
        b'{"access_token": "\xff"}',
        b'{"expires_in": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
def test_what_is_no_json_object_is_none(body: bytes) -> None:
    """Whether it is empty, a list, a form, a page, cut short, in another encoding, too large a number or too deep."""
    assert json_object(body) is None


def test_of_a_member_written_twice_the_last_counts() -> None:
    """As in every common JSON parser, so that a proxy in between and this program read the same."""
    assert json_object(b'{"scope": "a", "scope": "b"}') == {"scope": "b"}


def test_the_answer_of_bitbucket_before_may_2026() -> None:
    """`scopes` in one text, and a refresh token that this grant has no use for."""
    answer = json_object(
        b'{"scopes":"pipeline runner pullrequest team project account issue snippet","access_token":"3N7udm1K-_Q=",'
        b'"expires_in":7200,"token_type":"bearer","state":"client_credentials","refresh_token":"bqh4vsh8xCtaELGwwD"}'
    )
    token = parse_token_response(answer or {}, "bitbucket.org", (), NOW)

    assert token.value.reveal() == "3N7udm1K-_Q="
    assert token.scopes == ("pipeline", "runner", "pullrequest", "team", "project", "account", "issue", "snippet")
    assert token.expires_at == "2026-06-01T14:00:00Z"


def test_the_answer_of_bitbucket_since_may_2026() -> None:
    """`scope`, no refresh token, and a token of thousands of characters."""
    token = parsed(scope="repository pullrequest:write", access_token="e" * 2500)

    assert token.scopes == ("repository", "pullrequest:write")
    assert token.value.reveal() == "e" * 2500


@pytest.mark.parametrize("value", [None, "", 0, 1.5, True, False, [], ["abc"], {}, {"value": "abc"}])
def test_an_access_token_is_a_text_that_is_not_empty(value: object) -> None:
    """Anything else is no token response."""
    with pytest.raises(AnswerError, match="has no access_token"):
        parsed(access_token=value)


def test_an_answer_without_an_access_token_is_none() -> None:
    """Clients that look for `error` alone accept it, and export nothing."""
    with pytest.raises(AnswerError, match="has no access_token"):
        without("access_token")


@pytest.mark.parametrize(
    "token", ["a b", " ab", "ab\n", "a\nb", "ab\r", "a\tb", "a\0b", "a\x7fb", "ä", "a\u2028b", "\ud800", "a\u00a0", "é"]
)
def test_a_token_has_no_character_that_a_header_cannot_carry(token: str) -> None:
    """RFC 6750: printable ASCII without the space; a line break would write what it likes into the runner's files."""
    with pytest.raises(AnswerError, match="characters that no bearer token has") as caught:
        parsed(access_token=token)

    assert token not in str(caught.value)
    assert not caught.value.again


def test_a_token_of_64_kib_is_the_longest() -> None:
    """It is opaque and may be long; longer ones no header and no environment carries."""
    assert parsed(access_token="x" * LONGEST_TOKEN).value.reveal() == "x" * 65_536
    with pytest.raises(AnswerError, match="more than 65536"):
        parsed(access_token="x" * (LONGEST_TOKEN + 1))


@pytest.mark.parametrize("token", ["x", "0", "null", "=", "a.b.c", "'\"\\$`%&|<>;", "-----BEGIN"])
def test_a_token_is_not_judged_by_its_look(token: str) -> None:
    """Short, or not a JWT, or full of characters that shells know: it is what the server said."""
    assert parsed(access_token=token).value.reveal() == token


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER", "bEaReR"])
def test_the_type_is_bearer_in_any_case(kind: str) -> None:
    """RFC 6749 section 5.1: the value is case insensitive."""
    assert parsed(token_type=kind).value.reveal() == TOKEN


def test_the_type_may_be_absent() -> None:
    """Some servers leave it out."""
    assert without("token_type").value.reveal() == TOKEN


@pytest.mark.parametrize("kind", ["", "mac", "DPoP", "bearer ", "bearer token", 1, True, ["bearer"], {"bearer": 1}])
def test_any_other_type_is_refused(kind: object) -> None:
    """A client must not use a token whose type it does not understand (RFC 6749 section 7.1)."""
    with pytest.raises(AnswerError, match="token_type other than bearer"):
        parsed(token_type=kind)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (7200, 7200),
        ("7200", 7200),
        (7200.9, 7200),
        ("7200.9", 7200),
        ("1e3", 1000),
        (0, 0),
        ("0", 0),
        (None, None),
        (2**31, LONGEST_LIFETIME),
        (10**300, LONGEST_LIFETIME),
        (1e308, LONGEST_LIFETIME),
    ],
)
def test_a_lifetime_is_a_number_a_numeric_text_or_absent(value: object, seconds: int | None) -> None:
    """Seconds, whole; one that no clock can hold is cut."""
    assert parsed(expires_in=value).expires_in == seconds


def test_no_lifetime_is_told_if_the_server_told_none() -> None:
    """Nothing is guessed."""
    assert without("expires_in").expires_in is None
    assert without("expires_in").expires_at == ""


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "7200s", "0x10", "-1", "nan", "inf", "\ud800"),
        *(-1, -0.5, 10**400, float("nan"), float("inf"), float("-inf")),
        *(True, False, [7200], {}),
    ],
)
def test_any_other_lifetime_is_refused(value: object) -> None:
    """A token whose end nobody knows must not look like one that never ends."""
    with pytest.raises(AnswerError, match="expires_in that is no number of seconds"):
        parsed(expires_in=value)


@pytest.mark.parametrize(
    ("answer", "scopes"),
    [
        ({"scope": "a b"}, ("a", "b")),
        ({"scopes": "a b"}, ("a", "b")),
        ({"scope": ["a", "b"]}, ("a", "b")),
        ({"scopes": ["a", "b"]}, ("a", "b")),
        ({"scope": "a, b,c"}, ("a", "b", "c")),
        ({"scope": ["a b", "c"]}, ("a", "b", "c")),
        ({"scope": "a", "scopes": "b"}, ("a", "b")),
        ({"scope": "a b", "scopes": ["b", "a"]}, ("a", "b")),
        ({"scope": None, "scopes": "a"}, ("a",)),
        ({"scope": "a a a"}, ("a",)),
        ({"scope": ""}, ()),
        ({"scope": []}, ()),
        ({}, None),
        ({"scope": None}, None),
    ],
)
def test_scopes_come_in_two_members_and_two_shapes(answer: dict[str, object], scopes: tuple[str, ...] | None) -> None:
    """`scope` and `scopes`, as a text or a list, each scope once and in the server's order."""
    assert parse_token_response({"access_token": TOKEN, **answer}, "host", (), NOW).scopes == scopes


@pytest.mark.parametrize(
    "value", [0, 1, True, False, {}, {"a": 1}, [1], [None], [["a"]], ["a", 1], "a\x00b", 'a"b', "a\\b", "ä", "\ud800"]
)
def test_any_other_scope_is_refused(value: object) -> None:
    """Scopes are shown, exported and compared: only what RFC 6749 section 3.3 allows comes through."""
    for name in ("scope", "scopes"):
        with pytest.raises(AnswerError, match="scope that is no list of scopes"):
            parsed(**{name: value})


def test_scopes_have_an_end() -> None:
    """They go into a variable, and an environment is not endless."""
    many = [f"s{number:07}" for number in range(LONGEST_SCOPES // 8)]

    assert parsed(scope=many).scopes == tuple(many)
    with pytest.raises(AnswerError, match="no list of scopes"):
        parsed(scope=[*many, "x"])


def test_a_server_that_grants_what_was_asked_may_keep_silent() -> None:
    """RFC 6749 section 5.1: scope is optional if identical to the scope requested."""
    assert without("scope", asked=("a", "b")).scopes == ("a", "b")
    assert without("scope").scopes is None
    assert parsed(("a", "b"), scope="a").scopes == ("a",)


@pytest.mark.parametrize("name", ["__class__", "error", "id_token", "constructor"])
def test_unknown_members_are_ignored(name: str) -> None:
    """RFC 6749 section 5.1 says so."""
    assert parsed(**{name: {"x": 1}}) == parsed()
