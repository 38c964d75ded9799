"""The token endpoint answers as Bitbucket Cloud was seen to answer."""

import base64
import hashlib
import re

import pytest
import requests

from sandbox import Consumer, Sandbox
from tests.sandbox.conftest import Client


def test_a_token_is_long_and_comes_with_scope_since_may_2026(client: Client) -> None:
    """Client credentials give a bearer token for two hours, `scope`, and no refresh token."""
    answer = client.token()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"access_token", "expires_in", "scope", "token_type"}
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 7200
    assert answer.json()["scope"] == "account repository:write pullrequest pipeline:variable"
    assert len(answer.json()["access_token"]) >= 2500


def test_before_may_2026_there_were_scopes_state_and_a_refresh_token() -> None:
    """The earlier shape is kept for those who still meet it."""
    with Sandbox(era="before") as sandbox:
        answer = Client(sandbox).token().json()

    assert set(answer) == {"access_token", "expires_in", "refresh_token", "scopes", "state", "token_type"}
    assert answer["state"] == "client_credentials"


def test_every_token_is_another_one(client: Client) -> None:
    """Two requests, two tokens, and the sandbox knows both."""
    values = [client.token().json()["access_token"] for _ in range(2)]

    assert values == [token.value for token in client.sandbox.tokens]
    assert values[0] != values[1]


def test_keys_and_secrets_have_the_lengths_of_their_time(sandbox: Sandbox) -> None:
    """32 and 76 characters today, 18 and 32 before."""
    old = sandbox.old_consumer

    assert [len(sandbox.consumer.key), len(sandbox.consumer.secret)] == [32, 76]
    assert [len(old.key), len(old.secret)] == [18, 32]


def test_the_old_consumer_gets_a_token_too(client: Client) -> None:
    """A consumer from before 2026 still works, and its tokens are as they were."""
    old = client.sandbox.old_consumer
    token = client.token((old.key, old.secret)).json()["access_token"]

    assert re.fullmatch("[A-Za-z0-9_-]{91}=", token)
    assert client.token().json()["access_token"].count(".") == 2


def test_the_pair_is_accepted_in_the_body(client: Client) -> None:
    """`client_id` and `client_secret` stand in for the header."""
    consumer = client.sandbox.consumer

    answer = requests.post(
        client.sandbox.token_url,
        data={
            "grant_type": "client_credentials",
            "client_id": consumer.key,
            "client_secret": consumer.secret,
        },
        verify=str(client.sandbox.ca_file),
        timeout=5,
    )

    assert answer.status_code == 200


def test_basic_is_compared_raw() -> None:
    """Bitbucket takes the pair as it stands; the form-encoded one is another pair."""
    consumer = Consumer(key="key", secret="a+b c%/")
    with Sandbox(consumers=[consumer]) as sandbox:
        client = Client(sandbox)
        raw, encoded = client.token(("key", "a+b c%/")), client.token(("key", "a%2Bb+c%25%2F"))

    assert raw.status_code == 200
    assert encoded.status_code == 400


def test_another_server_compares_basic_form_encoded() -> None:
    """The endpoint true to RFC 6749 takes the form-encoded pair and refuses the raw one with a challenge."""
    with Sandbox(consumers=[Consumer(key="key", secret="a+b c%/")]) as sandbox:

        def ask(secret: str) -> requests.Response:
            data = {"grant_type": "client_credentials"}
            verify = str(sandbox.ca_file)
            return requests.post(sandbox.rfc_token_url, auth=("key", secret), data=data, verify=verify, timeout=5)

        encoded, raw = ask("a%2Bb+c%25%2F"), ask("a+b c%/")

    assert encoded.status_code == 200
    assert encoded.json()["token_type"] == "Bearer"
    assert [raw.status_code, raw.json()] == [401, {"error": "invalid_client"}]
    assert raw.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(("key", "secret"), [(None, "wrong"), ("wrong", None)])
def test_a_wrong_key_or_secret_is_an_unauthorized_client(client: Client, key: str | None, secret: str | None) -> None:
    """Both get the same words and status 400, as on Bitbucket."""
    consumer = client.sandbox.consumer

    answer = client.token((key or consumer.key, secret or consumer.secret))

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "unauthorized_client",
        "error_description": "Invalid OAuth client credentials",
    }


def test_a_request_without_any_pair_is_told_so(client: Client) -> None:
    """Neither header nor body names a consumer."""
    answer = client.session.post(client.sandbox.token_url, data={"grant_type": "client_credentials"}, timeout=5)

    assert answer.status_code == 400
    assert answer.json()["error_description"] == "Requests must be authenticated using OAuth client credentials"


def test_another_scheme_gets_a_page(client: Client) -> None:
    """`Authorization: Bearer` at the token endpoint is answered with HTML."""
    headers = {"Authorization": "Bearer abc"}

    answer = client.session.post(client.sandbox.token_url, headers=headers, timeout=5)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("consumer", "error", "description"),
    [
        (Consumer(callback_url=""), "invalid_request", "No callback uri defined for the OAuth client."),
        (
            Consumer(private=False),
            "unauthorized_client",
            'Cannot use client_credentials with a consumer marked as "pub',
        ),
    ],
    ids=["no callback URL", "public"],
)
def test_a_consumer_that_is_not_set_up_is_refused(consumer: Consumer, error: str, description: str) -> None:
    """A callback URL and the tick at "private consumer" are needed."""
    with Sandbox(consumers=[consumer]) as sandbox:
        answer = Client(sandbox).token()

    assert [answer.status_code, answer.json()["error"]] == [400, error]
    assert answer.json()["error_description"].startswith(description)


def test_a_json_body_holds_no_grant_type(client: Client) -> None:
    """Only a form is read."""
    consumer = client.sandbox.consumer

    answer = client.session.post(
        client.sandbox.token_url,
        auth=(consumer.key, consumer.secret),
        json={"grant_type": "client_credentials"},
        timeout=5,
    )

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "Unsupported grant type: None"}


def test_an_unknown_grant_is_named(client: Client) -> None:
    """The password grant is one of them."""
    answer = client.token(grant_type="password")

    assert answer.json() == {"error": "invalid_grant", "error_description": "Unsupported grant type: password"}


def test_a_refresh_token_rotates_and_the_old_one_ends_after_ten_minutes() -> None:
    """Each use gives a new one; the one before it stays good for ten minutes."""
    now = 1_000_000.0
    with Sandbox(clock=lambda: now) as sandbox:
        client, first = Client(sandbox), sandbox.refresh_token()

        def refresh() -> requests.Response:
            return client.token(grant_type="refresh_token", refresh_token=first)

        answer = refresh()
        now += 599
        assert refresh().status_code == 200
        now += 2
        late = refresh()

    assert answer.json()["refresh_token"] not in ("", first)
    assert [late.status_code, late.json()] == [
        400,
        {"error": "invalid_request", "error_description": "Invalid refresh_token"},
    ]


def test_an_authorization_code_is_good_once_and_for_its_verifier_only(client: Client) -> None:
    """PKCE's verifier has to fit the challenge that came with the code."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")

    def exchange(code: str, verifier: str) -> int:
        answer = client.token(grant_type="authorization_code", code=code, code_verifier=verifier)
        return answer.status_code

    code = client.sandbox.authorization_code(challenge=challenge)
    assert exchange(client.sandbox.authorization_code(challenge=challenge), "w" * 43) == 400
    assert exchange(code, "v" * 43) == 200
    assert exchange(code, "v" * 43) == 400


def test_authorize_sends_the_browser_back_with_a_code_and_the_state(client: Client) -> None:
    """It is as if the person had clicked "Grant access" at once."""
    consumer = client.sandbox.consumer

    answer = client.session.get(
        "https://bitbucket.org/site/oauth2/authorize",
        params={"client_id": consumer.key, "response_type": "code", "state": "a b"},
        allow_redirects=False,
        timeout=5,
    )

    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith("http://localhost?code=")
    assert location.endswith("&state=a+b")


def test_nothing_prints_a_secret(client: Client) -> None:
    """Neither `repr` of a consumer, nor of a token, nor of a request shows one."""
    value = client.token().json()["access_token"]
    sandbox = client.sandbox

    shown = repr([sandbox.consumers, sandbox.tokens, sandbox.requests])

    assert sandbox.consumer.key in shown
    assert sandbox.consumer.secret not in shown
    assert value not in shown
    assert "Basic" not in shown
