"""The authorization-code grant: a code from somewhere else, exchanged once."""

import base64
import hashlib

import pytest

from sandbox import Fault
from tests.program import Outcome, World, run_program

VERIFIER = "a-verifier-of-the-tests-0123456789-0123456789-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
URI = "http://localhost/callback"


def exchange(world: World, code: str, **variables: str) -> Outcome:
    env = {**world.consumer, "GRANT": "authorization_code", "CODE": code, **variables}
    secrets = [code, *filter(None, [variables.get("CODE_VERIFIER")])]
    return run_program(world, env=env, secrets=secrets, allowed=[world.work / "token"], may_export=True)


def test_a_code_becomes_a_token(world: World) -> None:
    """And the refresh token that comes with it is dropped, and not in silence."""
    code = world.sandbox.authorization_code()
    outcome = exchange(world, code)

    assert outcome.code == 0
    assert outcome.requests[0].form == {"grant_type": "authorization_code", "code": code}
    assert world.sandbox.tokens[0].value in outcome.files["work/.bitbucket-token/env"]
    assert "it is dropped" in outcome.out


def test_with_pkce_and_a_redirect_uri(world: World) -> None:
    """Both go along; the refresh token goes to its store."""
    code = world.sandbox.authorization_code(redirect_uri=URI, challenge=CHALLENGE)
    outcome = exchange(world, code, REDIRECT_URI=URI, CODE_VERIFIER=VERIFIER, REFRESH_TOKEN_STORE="file:token")

    assert outcome.code == 0
    assert outcome.requests[0].form["code_verifier"] == VERIFIER
    assert outcome.requests[0].form["redirect_uri"] == URI
    assert (world.work / "token").read_text().strip() == next(iter(world.sandbox.refresh_tokens))


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"REDIRECT_URI": URI},
        {"CODE_VERIFIER": VERIFIER},
        {"REDIRECT_URI": f"{URI}/", "CODE_VERIFIER": VERIFIER},
        {"REDIRECT_URI": URI, "CODE_VERIFIER": f"{VERIFIER}x"},
    ],
    ids=["nothing", "no verifier", "no address", "another address", "another verifier"],
)
def test_what_does_not_fit_is_refused(world: World, variables: dict[str, str]) -> None:
    """Exit 3, tried once."""
    code = world.sandbox.authorization_code(redirect_uri=URI, challenge=CHALLENGE)
    outcome = exchange(world, code, **variables)

    assert outcome.code == 3
    assert len(outcome.requests) == 1
    assert "has expired, was used before, or belongs to another consumer" in outcome.failure


def test_a_code_works_once(world: World) -> None:
    """A lost answer makes a second try, which says what the first one did not."""
    code = world.sandbox.authorization_code()
    world.sandbox.faults.add(Fault(kind="truncated"))
    outcome = exchange(world, code)

    assert outcome.code == 3
    assert len(outcome.requests) == 2


def test_a_code_is_needed(world: World) -> None:
    """Exit 2."""
    outcome = run_program(world, env={**world.consumer, "GRANT": "authorization_code"})

    assert outcome.code == 2
    assert "code is missing" in outcome.failure


def test_a_code_is_not_taken_from_the_command_line(world: World) -> None:
    """Every process could read it there."""
    outcome = run_program(world, "--grant", "authorization_code", "--code", "some-code", env=world.consumer)
    assert outcome.code == 2


@pytest.mark.parametrize("store", ["file:no/token", "output", "repository:team", "workspace:team/a b", "x"])
def test_a_store_that_cannot_be_used_costs_no_code(world: World, store: str) -> None:
    """It is looked at first."""
    outcome = exchange(world, world.sandbox.authorization_code(), REFRESH_TOKEN_STORE=store)

    assert outcome.code in (2, 7)
    assert outcome.requests == []


def test_a_data_center(world: World) -> None:
    """Below its context path."""
    code = world.sandbox.authorization_code()
    outcome = exchange(world, code, BASE_URL=world.sandbox.data_center_url, CLIENT_AUTH="body")

    assert outcome.code == 0
    assert outcome.requests[0].path == "/bitbucket/rest/oauth2/latest/token"
