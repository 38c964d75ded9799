"""OAuth 2.0 servers that others wrote, and that know nothing of this program: oidc-provider, and one of Authlib's.

Each is found by its issuer, given a signed assertion instead of a secret, and asked to take the token back.
"""

import json
import subprocess
import sys
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.grants.test_oidc_provider import PLAIN, Client, running, tokens
from tests.program import Outcome, World, run_program

AUTHLIB = Path(__file__).with_name("authlib_server.py")
RESOURCE = "https://api.example.com/"


class Key(NamedTuple):
    """A private key as a user has it, and its public half as a server knows it."""

    pem: str
    jwk: dict[str, str]


def new_key(key_id: str) -> Key:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": _number(public.n), "e": _number(public.e), "use": "sig", "alg": "RS256", "kid": key_id}
    return Key(pem.decode(), jwk)


def _number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes(-(-value.bit_length() // 8), "big")).decode().rstrip("=")


OLD, CURRENT, STRANGE = new_key("2025"), new_key("2026"), new_key("2026")


class Server(NamedTuple):
    """A running server."""

    issuer: str
    introspection: str

    def active(self, token: str) -> bool:
        """Whether it still takes `token` (RFC 7662)."""
        known = requests.post(self.introspection, {"token": token}, auth=(PLAIN.key, PLAIN.secret), timeout=10)
        active = known.json()["active"]
        assert isinstance(active, bool)
        return active


@pytest.fixture(scope="module")
def oidc_provider() -> Iterator[Server]:
    """It knows both of the client's keys, as while one replaces the other."""
    signing = Client("signing-key", "").metadata()
    del signing["client_secret"]
    signing |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [OLD.jwk, CURRENT.jwk]}}
    with running(clients=[signing]) as address:
        yield Server(address, f"{address}/token/introspection")


@pytest.fixture(scope="module")
def authlib() -> Iterator[Server]:
    """Its issuer has a path."""
    with running_authlib() as server:
        yield server


@contextmanager
def running_authlib(*options: str) -> Iterator[Server]:
    """Start the server, yield it, and end it."""
    clients = {
        PLAIN.key: {"method": "client_secret_basic", "secret": PLAIN.secret},
        "signing-key": {"method": "client_assertion_jwt", "jwk": CURRENT.jwk},
    }
    process = subprocess.Popen(
        [sys.executable, str(AUTHLIB), json.dumps(clients), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            issuer = process.stdout.readline().strip()
            yield Server(issuer, issuer.replace("/tenant", "/introspect"))
        finally:
            process.kill()


@pytest.fixture(params=["oidc_provider", "authlib"])
def server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    return found


def ask(world: World, issuer: str, *arguments: str, key: Key | None = None, **more: str) -> Outcome:
    """Run on GitHub as the client with a secret, or as the one with a key."""
    env = {**world.github(), "ISSUER": issuer, "CONSUMER_KEY": PLAIN.key, "CONSUMER_SECRET": PLAIN.secret}
    if key:
        del env["CONSUMER_SECRET"]
        env |= {"CONSUMER_KEY": "signing-key", "PRIVATE_KEY": key.pem, "CLIENT_AUTH": "private_key_jwt"}
    held = more.get("BITBUCKET_ACCESS_TOKEN") or more.get("STATE_token")
    outcome = run_program(
        world,
        *arguments,
        env={**env, **more},
        secrets=[PLAIN.secret, *([key.pem] if key else [])],
        tokens=[held] if held else [],
    )
    for line in (outcome.out + outcome.err + outcome.files.get("runner/summary", "")).splitlines():
        assert line.startswith("::add-mask::") or "eyJ" not in line, "an assertion is shown"
    return outcome


def token_of(outcome: Outcome) -> str:
    assert outcome.code == 0, outcome.failure
    (token,) = tokens(outcome)
    assert token in outcome.masks
    return token


def test_a_server_is_found_by_its_issuer(world: World, server: Server) -> None:
    """And takes the token that it gave."""
    outcome = ask(world, server.issuer, SCOPE="repository")

    assert server.active(token_of(outcome))
    host = server.issuer.split("/")[2]
    assert f"Asking {host} where its token endpoint is." in outcome.out
    assert f"Asking {host} for a token (client_credentials)." in outcome.out


def test_a_server_that_only_knows_openid_is_found_too(world: World) -> None:
    """OpenID Connect Discovery comes second."""
    with running(discovery="openid") as address:
        assert requests.get(f"{address}/.well-known/oauth-authorization-server", timeout=10).status_code == 404
        token_of(ask(world, address))


def test_a_slash_too_many_is_another_issuer(world: World, server: Server) -> None:
    """The issuer is compared exactly, and the right one is told."""
    outcome = ask(world, f"{server.issuer}/")

    assert outcome.code == 5
    assert f"the issuer in its metadata is '{server.issuer}'" in outcome.failure.replace(": //", "://")
    assert "Set issuer to exactly" in outcome.failure


def test_a_signed_assertion_takes_the_place_of_a_secret(world: World, server: Server) -> None:
    """`private_key_jwt`: the server verifies it with the public key, and sees no secret."""
    outcome = ask(world, server.issuer, key=CURRENT, KEY_ID="2026")

    assert server.active(token_of(outcome))
    assert "Signing an assertion for " in outcome.out
    assert any(mask.startswith("eyJ") and mask.count(".") == 2 for mask in outcome.masks)


@pytest.mark.parametrize("seconds", [2, 20, -20])
@pytest.mark.parametrize("kind", ["oidc_provider", "authlib"])
def test_a_clock_that_is_off_by_seconds_is_borne(world: World, kind: str, seconds: int) -> None:
    """Ahead or behind, at a server that allows some and one that allows nothing; it is their clocks that are turned."""
    signing = {**Client("signing-key", "").metadata(), "jwks": {"keys": [CURRENT.jwk]}}
    del signing["client_secret"]
    signing["token_endpoint_auth_method"] = "private_key_jwt"
    with ExitStack() as stack:
        if kind == "authlib":
            issuer = stack.enter_context(running_authlib(str(seconds))).issuer
        else:
            issuer = stack.enter_context(running(clients=[signing], behind=seconds))
        token_of(ask(world, issuer, key=CURRENT))


@pytest.mark.parametrize("form", ["base64", "base64 of 76 columns", "without armour", "after Bag Attributes"])
def test_a_key_in_another_form_signs_and_is_masked_as_it_was_given(
    world: World, oidc_provider: Server, form: str
) -> None:
    """Also each line of it, as a log would show it."""
    given = {
        "base64": b64encode(CURRENT.pem.encode()).decode(),
        "base64 of 76 columns": encodebytes(CURRENT.pem.encode()).decode(),
        "without armour": "".join(CURRENT.pem.splitlines()[1:-1]),
        "after Bag Attributes": f"Bag Attributes\n    friendlyName: pipeline\n{CURRENT.pem}",
    }[form]
    outcome = ask(world, oidc_provider.issuer, key=CURRENT, KEY_ID="2026", PRIVATE_KEY=given)

    token_of(outcome)
    lines = [line for line in given.splitlines() if len(line) > 60 and "-----" not in line]
    assert {*lines, *CURRENT.pem.splitlines()[1:-2]} <= set(outcome.masks)


def test_a_server_that_knows_two_keys_is_told_which(world: World, oidc_provider: Server) -> None:
    """`key-id`; the old one goes on until it is taken away."""
    assert ask(world, oidc_provider.issuer, key=OLD, KEY_ID="2025").code == 0
    assert ask(world, oidc_provider.issuer, key=OLD, KEY_ID="2026").code == 3


def test_a_key_that_the_server_does_not_know_is_refused(world: World, server: Server) -> None:
    """Once, and with what to compare."""
    outcome = ask(world, server.issuer, key=STRANGE)

    assert outcome.code == 3
    assert "does not know the public key" in outcome.failure
    assert "openssl pkey" in outcome.failure
    assert "Attempt" not in outcome.out


def test_a_resource_is_whom_the_token_is_for(world: World, oidc_provider: Server) -> None:
    """RFC 8707: introspection names it as the audience; one that the server does not know is refused."""
    token = token_of(ask(world, oidc_provider.issuer, RESOURCE=RESOURCE, SCOPE="repository"))
    known = requests.post(oidc_provider.introspection, {"token": token}, auth=(PLAIN.key, PLAIN.secret), timeout=10)
    assert known.json()["aud"] == RESOURCE

    refused = ask(world, oidc_provider.issuer, RESOURCE="https://other.example.com/")
    assert refused.code == 3
    assert "resource" in refused.failure


@pytest.mark.parametrize("key", [None, CURRENT], ids=["secret", "key"])
def test_a_token_can_be_given_back(world: World, server: Server, key: Key | None) -> None:
    """`revoke`: introspection shows it inactive; a second time is fine too (RFC 7009 section 2.2)."""
    token = token_of(ask(world, server.issuer, key=key))
    assert server.active(token)

    for _ in range(2):
        outcome = ask(world, server.issuer, "revoke", key=key, BITBUCKET_ACCESS_TOKEN=token)
        assert outcome.code == 0
        assert "has revoked the token." in outcome.out
        assert token in outcome.masks
        assert not server.active(token)


@pytest.mark.parametrize("key", [None, CURRENT], ids=["secret", "key"])
def test_a_token_is_given_back_at_the_end_of_a_github_job(world: World, server: Server, key: Key | None) -> None:
    """With what the runner has kept of it: introspection shows it inactive."""
    token = token_of(ask(world, server.issuer, key=key, EXPORT_ENV="false"))
    state = (world.runner / "state").read_text()
    assert f"\n{token}\n" in state

    outcome = run_post(world, server.issuer, key, token)
    assert "has revoked the token." in outcome.out
    assert not server.active(token)


def run_post(world: World, issuer: str, key: Key | None, token: str) -> Outcome:
    """Run what the runner starts then."""
    outcome = ask(world, issuer, "post", key=key, STATE_token=token, STATE_expires_at="2126-11-21T12:00:00Z")
    assert outcome.code == 0
    assert token in outcome.masks
    return outcome


def test_a_refusal_at_the_end_of_a_github_job_is_a_warning(world: World, server: Server) -> None:
    """The job does not fail."""
    token = token_of(ask(world, server.issuer))
    outcome = run_post(world, server.issuer, STRANGE, token)

    assert "::warning title=Bitbucket token::The token is not revoked, and works until 2126-11-21T12:00:00Z: " in (
        outcome.out
    )
    assert server.active(token)


def test_a_refusal_to_revoke_is_a_warning(world: World, server: Server) -> None:
    """It says what is left and until when; the step does not fail."""
    token = token_of(ask(world, server.issuer))
    end = {"BITBUCKET_ACCESS_TOKEN": token, "BITBUCKET_ACCESS_TOKEN_EXPIRES_AT": "2126-11-21T12:00:00Z"}
    outcome = ask(world, server.issuer, "revoke", key=STRANGE, **end)

    assert outcome.code == 0
    assert "::warning title=Bitbucket token::The token is not revoked, and works until 2126-11-21T12:00:00Z: " in (
        outcome.out
    )
    assert server.active(token)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "Nothing to revoke: BITBUCKET_ACCESS_TOKEN holds no token."),
        ({"BITBUCKET_ACCESS_TOKEN": "a-token-of-cloud"}, "Bitbucket Cloud has no way to revoke a token"),
    ],
)
def test_where_nothing_can_be_revoked_it_says_so(world: World, variables: Mapping[str, str], told: str) -> None:
    """In one line, without a request and without a failure."""
    env = {"CONSUMER_KEY": PLAIN.key, "TOKEN_URL": "", **variables}
    outcome = run_program(world, "revoke", env=env, tokens=list(variables.values()))

    assert outcome.code == 0
    assert told in outcome.out
    assert (outcome.requests, outcome.connects) == ([], [])
