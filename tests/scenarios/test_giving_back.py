"""A token that no later step gets is given back at once, where the server takes it: a failed run leaves none behind."""

import pytest

from sandbox import Fault
from tests.grants.center import TOKENS, Center, asked
from tests.program import Outcome, World, run_program

PATH = "/oauth2/revoke"


@pytest.fixture
def center(world: World) -> Center:
    """The stand-in's Data Center."""
    return Center(world)


def other_server(world: World, *arguments: str, **variables: str) -> Outcome:
    """Run against an OAuth 2.0 server which takes tokens back."""
    urls = {"TOKEN_URL": world.sandbox.rfc_token_url, "REVOCATION_URL": world.sandbox.url + PATH, "MAX_ATTEMPTS": "1"}
    return run_program(world, *arguments, env={**world.consumer, **urls, **variables})


def given_back(outcome: Outcome) -> list[str]:
    """The tokens that the server was asked to revoke."""
    return [request.form["token"] for request in outcome.requests if request.path == PATH]


def test_a_token_that_a_check_refuses_is_deleted(center: Center) -> None:
    """The failure is still what the run ends with, and is told last."""
    outcome = center.run("--verify", "NOPE")

    assert outcome.code == 6
    assert center.tokens == []
    assert asked(outcome)[-1].startswith("DELETE ")
    assert outcome.shown.splitlines()[-1] == "Deleted the token called the-token."
    assert "NOPE does not exist" in outcome.failure


def test_so_is_one_whose_name_was_left_to_chance(center: Center) -> None:
    """The run itself still knows it."""
    outcome = center.run("--verify", "NOPE", TOKEN_NAME="")

    assert outcome.code == 6
    assert center.tokens == []


@pytest.mark.parametrize(
    "refused", [("--required-scopes", "no-such-scope"), ("--min-lifetime", "86400")], ids=["scopes", "lifetime"]
)
def test_a_token_that_a_check_refuses_is_revoked(world: World, refused: tuple[str, str]) -> None:
    """RFC 7009."""
    world.sandbox.faults.add(Fault(PATH, status=200))
    outcome = other_server(world, *refused)

    assert outcome.code == 6
    assert given_back(outcome) == [world.sandbox.tokens[0].value]


def test_a_token_that_cannot_be_exported_is_revoked(world: World) -> None:
    """Exit 7 leaves nothing, here or at the server."""
    world.sandbox.faults.add(Fault(PATH, status=200))
    env = world.github()
    (world.runner / "env").unlink()
    (world.runner / "env").mkdir()
    outcome = other_server(world, **env)

    assert outcome.code == 7
    assert given_back(outcome) == [world.sandbox.tokens[0].value]


def test_a_token_that_is_exported_is_kept(world: World) -> None:
    """It is the end of the job that gives it back."""
    outcome = other_server(world)

    assert outcome.code == 0
    assert given_back(outcome) == []


def test_what_the_server_does_not_do_is_a_warning(center: Center) -> None:
    """It says what is left and until when; the run ends as it would have."""
    center.world.sandbox.faults.add(Fault(f"{TOKENS}*", method="DELETE", status=500))
    outcome = center.run("--verify", "NOPE", MAX_ATTEMPTS="1")

    assert outcome.code == 6
    assert "Warning: The token called the-token is not deleted, and works until <time>: " in outcome.shown
    assert "NOPE" in outcome.failure


def test_revoke_false_turns_it_off(center: Center) -> None:
    """As at the end of a job."""
    outcome = center.run("--verify", "NOPE", REVOKE="false")

    assert outcome.code == 6
    assert len(center.tokens) == 1


def test_bitbucket_cloud_takes_none_back(world: World) -> None:
    """So nothing is asked, and nothing is said of it."""
    outcome = run_program(world, "--required-scopes", "wiki", env=world.consumer)

    assert outcome.code == 6
    assert len(outcome.requests) == 1
    assert "revoke" not in outcome.shown
