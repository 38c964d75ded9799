"""How a token is got."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipe.errors import MissingInputError
from pipe.grants import grant
from pipe.grants.request import TokenRequest
from pipe.http.client import Answer, Http
from pipe.http.context import Means
from pipe.http.deadline import Deadline
from pipe.inputs.inputs import Inputs, check
from pipe.inputs.table import GRANTS
from pipe.inputs.values import Given
from tests.oracle import Oracle
from tests.unit.conftest import Written
from tests.unit.samples import TOKEN

SECRET = "hunter2 correct/horse"
BODY = f'{{"access_token": "{TOKEN}", "expires_in": 60}}'.encode()


class Recorder(Http):
    """Answers every request with a token and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(Deadline(10), timeout=1, ca_file="", env={})
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        self.asked.append((url, dict(form), dict(headers)))
        return Answer(200, {}, BODY, "host")


def inputs(**texts: str) -> Inputs:
    given = {"consumer-key": "key", "consumer-secret": SECRET, **{n.replace("_", "-"): t for n, t in texts.items()}}
    return check({name: Given(text, "TEST") for name, text in given.items() if text}, ("none",))


def request(checked: Inputs) -> tuple[TokenRequest, Recorder, Written]:
    http, written = Recorder(), Written()
    means = Means(
        http,
        written.log,
        mask=lambda _: None,
        set_output=lambda _name, _value: None,
        has_outputs=False,
        cwd=Path("/"),
        max_attempts=1,
    )
    return TokenRequest(checked, means), http, written


def asked(**texts: str) -> tuple[str, dict[str, str], str]:
    """Return the URL, the form and the kind of authentication of one request."""
    made, http, _ = request(inputs(**texts))
    assert grant("client_credentials")(made).value.reveal() == TOKEN
    ((url, form, headers),) = http.asked
    return url, form, headers.get("Authorization", "none").partition(" ")[2]


RAW = "a2V5Omh1bnRlcjIgY29ycmVjdC9ob3JzZQ=="
ENCODED = "a2V5Omh1bnRlcjIrY29ycmVjdCUyRmhvcnNl"


@pytest.mark.parametrize("name", GRANTS)
def test_each_grant_has_a_file(name: str) -> None:
    """With one function in it."""
    assert callable(grant(name))


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
    made, http, _ = request(inputs(scope="a, b"))

    assert grant("client_credentials")(made).scopes == ("a", "b")
    assert http.asked[0][1] == {"grant_type": "client_credentials", "scope": "a b"}


@pytest.mark.parametrize("missing", ["consumer-key", "consumer-secret"])
def test_both_key_and_secret_are_needed(missing: str) -> None:
    """Nothing is sent without."""
    made, http, written = request(inputs(**{missing.replace("-", "_"): ""}))

    with pytest.raises(MissingInputError, match=f"{missing} is missing"):
        grant("client_credentials")(made)

    assert (http.asked, written.lines) == ([], [])


def test_it_says_whom_it_asks_for_what() -> None:
    """The host alone: a path or a query may be nobody's business."""
    made, _, written = request(inputs(token_url="https://id.example.com:8443/t?a=b"))
    grant("client_credentials")(made)

    assert written.lines == ["Asking id.example.com:8443 for a token (client_credentials)."]


def test_a_request_does_not_show_what_must_not_be_repeated(tmp_path: Path) -> None:
    """Its masks are plain texts."""
    made, _, _ = request(inputs(output_file=str(tmp_path)))

    Oracle([SECRET]).check("the representation", f"{made!r} {made}")
