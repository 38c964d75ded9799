"""The stand-in's Data Center says no where the real one does: tests against one that never does prove nothing."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from pipe.bitbucket.oauth1 import authorization
from pipe.redaction.secret import Secret
from sandbox import Sandbox
from sandbox.data_center import DataCenter

WHO = "/rest/api/latest/application-properties"
NOW = 1_780_000_000.0
OWN = "/rest/access-tokens/latest/users/build.bot_example.com"
WISH = {"name": "one", "permissions": ["REPO_READ"], "expiryDays": 1}


class Client:
    """Asks the Data Center over plain HTTP, as whom the header says."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.server: DataCenter = sandbox.data_center
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, path: str, header: str = "", method: str = "GET", json: object = None) -> requests.Response:
        return self.session.request(
            method,
            self.sandbox.url + path,
            headers={"Authorization": header} if header else {},
            json=json,
            allow_redirects=False,
            timeout=5,
        )

    def signed(self, path: str, *, method: str = "GET", timestamp: float = NOW, nonce: str = "once") -> str:
        link = self.server.link
        made = authorization(
            method,
            self.sandbox.url + path,
            consumer_key=link.consumer_key,
            private_key=Secret(link.pem),
            timestamp=int(timestamp),
            nonce=nonce,
        )
        return made.reveal()

    @property
    def bearer(self) -> str:
        return f"Bearer {self.server.oauth2_token(self.server.bot)}"


@pytest.fixture
def client() -> Iterator[Client]:
    with Sandbox(scheme="http", clock=lambda: NOW) as sandbox:
        found = Client(sandbox)
        with found.session:
            yield found


def user_of(answer: requests.Response) -> str | None:
    return answer.headers.get("X-AUSERNAME")


def problem(answer: requests.Response) -> str:
    assert answer.status_code == 401
    assert answer.text.startswith("oauth_problem=")
    found = re.search('oauth_problem="(.+)"', answer.headers["WWW-Authenticate"])
    assert found
    return found[1]


def test_a_signed_request_is_the_links_user(client: Client) -> None:
    """Whose name stands percent-encoded in a header."""
    answer = client.ask(WHO, client.signed(WHO))

    assert (answer.status_code, user_of(answer)) == (200, quote(client.server.bot.name, safe=""))


@pytest.mark.parametrize("token", [None, 'oauth_token="something"'])
def test_without_an_empty_token_nobody_looks_at_the_signature(client: Client, token: str | None) -> None:
    """The request is then anybody's, however well it is signed."""
    header = client.signed(WHO).replace('oauth_token="", ', f"{token}, " if token else "")

    answer = client.ask(WHO, header)

    assert (answer.status_code, user_of(answer)) == (200, None)


def test_a_link_without_a_user_answers_as_to_anybody(client: Client) -> None:
    """No error tells of it."""
    client.server.link.execute_as = ""

    answer = client.ask(WHO, client.signed(WHO))

    assert (answer.status_code, user_of(answer)) == (200, None)


def test_a_signature_is_good_for_one_request_only(client: Client) -> None:
    """Not for another address, method or query, and not twice."""
    header = client.signed(WHO)

    assert problem(client.ask(WHO + "?limit=1", header)) == "signature_invalid"
    assert problem(client.ask("/bitbucket" + WHO, header)) == "signature_invalid"
    assert problem(client.ask(WHO, header, method="PUT")) == "signature_invalid"
    assert problem(client.ask(WHO, header.replace('"once"', '"twice"'))) == "signature_invalid"
    assert client.ask(WHO, header).status_code == 200
    assert problem(client.ask(WHO, header)) == "nonce_used"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_is_good_for_some_minutes_only(client: Client, seconds: int) -> None:
    """On either side, for clocks differ."""
    assert problem(client.ask(WHO, client.signed(WHO, timestamp=NOW + seconds))) == "timestamp_refused"
    assert client.ask(WHO, client.signed(WHO, timestamp=NOW + seconds / 2)).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("the-link", "no-link", "consumer_key_unknown"),
        ("RSA-SHA1", "HMAC-SHA1", "signature_method_rejected"),
        ('version="1.0"', 'version="2.0"', "parameter_rejected"),
        ('signature="', 'signature="AAAA', "signature_invalid"),
        ('signature="', 'signature="!', "signature_invalid"),
    ],
)
def test_what_is_wrong_with_a_signature_is_named(client: Client, old: str, new: str, named: str) -> None:
    """In the challenge and in the body."""
    assert problem(client.ask(WHO, client.signed(WHO).replace(old, new))) == named


def test_impersonation_has_to_be_allowed_and_signed(client: Client) -> None:
    """By a parameter of the query, of which the signature knows."""
    path = f"{WHO}?xoauth_requestor_id=admin"

    assert problem(client.ask(path, client.signed(path))) == "permission_denied"
    client.server.link.impersonates = True
    assert user_of(client.ask(path, client.signed(path, nonce="second"))) == "admin"
    assert problem(client.ask(path, client.signed(WHO, nonce="third"))) == "signature_invalid"


def test_a_token_cannot_make_tokens(client: Client) -> None:
    """Its user can, by every other way to authorise."""
    token = client.ask(OWN, client.bearer, "PUT", WISH).json()["token"]

    answer = client.ask(OWN, f"Bearer {token}", "PUT", WISH)

    assert (answer.status_code, user_of(answer)) == (401, quote(client.server.bot.name, safe=""))
    assert client.ask(OWN, f"Bearer {token}").status_code == 200


def test_a_token_has_an_end(client: Client) -> None:
    """In milliseconds, and its text is told once."""
    created = client.ask(OWN, client.bearer, "PUT", WISH).json()

    assert created["expiryDate"] - created["createdDate"] == 86_400_000
    [listed] = client.ask(OWN, client.bearer).json()["values"]
    assert {**listed, "token": created["token"]} == created


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"permissions": []},
        {"permissions": ["REPO_OWN"]},
        {"permissions": ["PROJECT_ADMIN", "REPO_READ"]},
        {"expiryDays": 0},
        {"expiryDays": 8},
    ],
)
def test_what_cannot_be_wished_for_is_refused(client: Client, change: dict[str, object]) -> None:
    """400, with the errors in their usual shape."""
    client.server.tokens.most_days = 7

    answer = client.ask(OWN, client.bearer, "PUT", {**WISH, **change})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("users/admin", "PUT", 401),
        ("users/admin", "GET", 401),
        ("users/nobody", "GET", 404),
        ("projects/TOP", "GET", 401),
        ("projects/TOP/repos/secret", "PUT", 401),
        ("projects/PRJ", "PUT", 200),
        ("projects/PRJ/repos/hello", "PUT", 200),
        ("projects/PRJ/repos/nothing", "GET", 404),
        ("projects/NO", "GET", 404),
        ("teams/one", "GET", 404),
        ("users/build.bot_example.com/12345", "DELETE", 404),
    ],
)
def test_everybody_has_a_place(client: Client, path: str, method: str, status: int) -> None:
    """The pipeline's user administers one project, and is nobody elsewhere."""
    answer = client.ask(f"/rest/access-tokens/latest/{path}", client.bearer, method, WISH)

    assert answer.status_code == status


def test_administrators_make_no_tokens_for_others(client: Client) -> None:
    """They see them and delete them."""
    admin = f"Bearer {client.server.oauth2_token(client.server.admin)}"
    token = client.server.mint("users/build.bot_example.com", "one")

    assert client.ask(OWN, admin, "PUT", WISH).status_code == 401
    assert client.ask(OWN, admin).status_code == 200
    assert client.ask(f"{OWN}/{token.id}", admin, "DELETE").status_code == 204


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic !", "Basic YTpi", "OAuth nonsense"])
def test_strangers_get_no_tokens(client: Client, header: str) -> None:
    """Some are refused, the others are not known."""
    answer = client.ask(OWN, header)

    assert (answer.status_code, user_of(answer)) == (401, None)


@pytest.mark.parametrize(
    ("path", "status", "user"),
    [
        ("PRJ", 200, "Build.Bot%40example.com"),
        ("PRJ/repos/hello", 200, "Build.Bot%40example.com"),
        ("~bot/repos/own", 200, "Build.Bot%40example.com"),
        ("TOP", 401, "Build.Bot%40example.com"),
        ("TOP/repos/secret", 401, "Build.Bot%40example.com"),
        ("PRJ/repos/none", 404, None),
        ("NONE", 404, None),
    ],
)
def test_a_project_is_for_those_who_may_see_it(client: Client, path: str, status: int, user: str | None) -> None:
    """401 names the user who may not, 404 names nobody."""
    answer = client.ask(f"/rest/api/latest/projects/{path}", client.bearer)
    assert (answer.status_code, user_of(answer)) == (status, user)

    assert client.ask(f"/rest/api/latest/projects/{path}").status_code in (401, 404)
    assert client.ask(f"/rest/api/latest/projects/{path}", client.bearer, "DELETE").status_code == 404
