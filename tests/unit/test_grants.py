"""How a token is got."""

from collections.abc import Mapping

import pytest

from pipe import grants
from pipe.errors import MissingInputError
from pipe.grants import Grant
from pipe.http.client import Http
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from pipe.inputs.inputs import Inputs, checked_inputs
from pipe.inputs.table import GRANTS
from pipe.inputs.values import Given
from pipe.oauth.token import AccessToken
from tests.oracle import Oracle
from tests.unit.conftest import Written, context_of
from tests.unit.samples import TOKEN

SECRET = "hunter2 correct/horse"
BODY = f'{{"access_token": "{TOKEN}", "expires_in": 60}}'.encode()


class Recorder(Http):
    """Answers every request with a token and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(Deadline(10), timeout=1, ca_file="", env={})
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

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
        assert (method, json, content) == ("POST", None, None)
        self.asked.append((url, dict(form or {}), dict(headers)))
        return Response(200, {}, BODY, "host")


def inputs(**texts: str) -> Inputs:
    given = {"consumer-key": "key", "consumer-secret": SECRET, **{n.replace("_", "-"): t for n, t in texts.items()}}
    return checked_inputs({name: Given(text, "TEST") for name, text in given.items() if text}, ("none",))


def acquire(checked: Inputs) -> tuple[AccessToken, Recorder, Written]:
    http, written = Recorder(), Written()
    return grants.called("client_credentials").acquire(checked, context_of(http, written.log)), http, written


def asked(**texts: str) -> tuple[str, dict[str, str], str]:
    """Return the URL, the form and the kind of authentication of one request."""
    token, http, _ = acquire(inputs(**texts))
    assert token.value.reveal() == TOKEN
    ((url, form, headers),) = http.asked
    return url, form, headers.get("Authorization", "none").partition(" ")[2]


RAW = "a2V5Omh1bnRlcjIgY29ycmVjdC9ob3JzZQ=="
ENCODED = "a2V5Omh1bnRlcjIrY29ycmVjdCUyRmhvcnNl"


@pytest.mark.parametrize("name", GRANTS)
def test_each_grant_has_a_file(name: str) -> None:
    """It ends in what the others need to know of it."""
    assert isinstance(grants.called(name), Grant)


def test_no_file_is_there_without_a_grant() -> None:
    """What the input allows are the files."""
    assert set(grants.names()) == set(GRANTS)


def test_bitbucket_cloud_is_asked_as_its_documentation_says() -> None:
    """`curl -u key:secret -d grant_type=client_credentials`."""
    assert asked() == (
        "https://bitbucket.org/site/oauth2/access_token",
        {"grant_type": "client_credentials"},
        RAW,
    )


@pytest.mark.parametrize(
    ("texts", "credentials"),
    [
        ({"base_url": "https://bitbucket.org/"}, RAW),
        ({"base_url": "https://git.example.com"}, ENCODED),
        ({"token_url": "https://bitbucket.org/site/oauth2/access_token"}, RAW),
        ({"token_url": "https://id.example.com/token"}, ENCODED),
        ({"client_auth": "basic-raw", "base_url": "https://git.example.com"}, RAW),
        ({"client_auth": "basic-encoded"}, ENCODED),
        ({"client_auth": "body"}, ""),
    ],
)
def test_basic_is_raw_for_cloud_and_encoded_for_every_other_server(texts: dict[str, str], credentials: str) -> None:
    """What is asked decides; the other values force one form."""
    assert asked(**texts)[2] == credentials


def test_a_data_center_keeps_its_context_path() -> None:
    """And `token-url` is taken as it is."""
    assert asked(base_url="https://git.example.com/ctx/")[0] == "https://git.example.com/ctx/rest/oauth2/latest/token"
    assert asked(token_url="https://id.example.com/t/?a=b")[0] == "https://id.example.com/t/?a=b"


def test_scopes_are_asked_for_in_one_field() -> None:
    """Separated by spaces (RFC 6749 section 3.3), and those granted without a word are those asked for."""
    token, http, _ = acquire(inputs(scope="a, b"))

    assert token.scopes == ("a", "b")
    assert http.asked[0][1] == {"grant_type": "client_credentials", "scope": "a b"}


@pytest.mark.parametrize("missing", ["consumer-key", "consumer-secret"])
def test_both_key_and_secret_are_needed(missing: str) -> None:
    """Nothing is sent without."""
    http, written = Recorder(), Written()
    checked = inputs(**{missing.replace("-", "_"): ""})

    with pytest.raises(MissingInputError, match=f"{missing} is missing"):
        grants.called("client_credentials").acquire(checked, context_of(http, written.log))

    assert (http.asked, written.lines) == ([], [])


def test_it_says_whom_it_asks_for_what() -> None:
    """The host alone: a path or a query may be nobody's business."""
    _, _, written = acquire(inputs(token_url="https://id.example.com:8443/t?a=b"))

    assert written.lines == ["Asking id.example.com:8443 for a token (client_credentials)."]


def test_a_context_does_not_show_what_must_not_be_repeated() -> None:
    """Its masks are plain texts."""
    written = Written()
    written.log.hide([SECRET])
    made = context_of(Recorder(), written.log)

    Oracle([SECRET]).check("the representation", f"{made!r} {made}")
