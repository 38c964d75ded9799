"""The access-token grant: a token that is there already is tried, masked and exported like any other."""

from base64 import b64encode

import pytest

from sandbox import Fault
from tests.program import Outcome, World, run_program

EMAIL = "ana@example.com"
KIND = '{"type": "error", "error": {"message": "This API is not accessible by this authentication mechanism"}}'


def take(world: World, token: str, **variables: str) -> Outcome:
    env = {"GRANT": "access_token", "ACCESS_TOKEN": token, **variables}
    return run_program(world, env=env, tokens=[token])


def test_an_access_token(world: World) -> None:
    """No key and no secret; its scopes come along with the answer."""
    token = world.sandbox.mint_token("account", "repository").value
    outcome = take(world, token, **world.github())

    assert outcome.code == 0
    assert [(request.host, request.path) for request in outcome.requests] == [("api.bitbucket.org", "/2.0/user")]
    assert outcome.requests[0].authorization == ("bearer", token)
    assert f"\n{token}\n" in outcome.files["runner/env"]
    assert "scopes account repository, lifetime not told" in outcome.out
    assert token in outcome.masks


def test_a_missing_scope_proves_the_token_too(world: World) -> None:
    """Not every token may ask whose it is; the refusal names its scopes."""
    outcome = take(world, world.sandbox.mint_token("repository").value)

    assert outcome.code == 0
    assert "scopes repository, lifetime not told" in outcome.out


def test_a_repositorys_access_token_is_tried_on_the_repository(world: World) -> None:
    """It may not ask whose it is."""
    token = world.sandbox.repository_token("team/hello").value
    assert take(world, token, REPOSITORY="team/hello").code == 0

    outcome = take(world, token, REPOSITORY="team/service-01")
    assert outcome.code == 6
    assert "Check the names" in outcome.failure
    assert [request.path for request in outcome.requests] == ["/2.0/repositories/team/service-01"]


@pytest.mark.parametrize("status", [403, 401])
def test_a_token_that_may_not_ask_whose_it_is_is_good(world: World, status: int) -> None:
    """Those of repositories, projects and workspaces: it is exported, and `repository` is told of; tried once."""
    world.sandbox.faults.add(Fault(path="/2.0/user", status=status, body=KIND))
    outcome = take(world, world.sandbox.repository_token("team/hello").value)

    assert outcome.code == 0
    assert "takes the token, but tells none of its kind whose it is (HTTP" in outcome.out
    assert "the input repository is needed: WORKSPACE/REPOSITORY" in outcome.out
    assert len(outcome.requests) == 1


def test_the_stand_in_answers_a_repositorys_token_so(world: World) -> None:
    """Without a fault; and with the repository given, that alone is asked for, which names the scopes."""
    token = world.sandbox.repository_token("team/hello").value
    assert "tells none of its kind whose it is (HTTP 403)" in take(world, token).out

    outcome = take(world, token, REPOSITORY="team/hello", REQUIRED_SCOPES="repository")
    assert outcome.code == 0
    assert [request.path for request in outcome.requests] == ["/2.0/repositories/team/hello"]


def test_scopes_that_such_a_token_may_not_ask_for_are_not_assumed(world: World) -> None:
    """Exit 6: it is a good token, and `repository` is what is missing."""
    outcome = take(world, world.sandbox.repository_token("team/hello").value, REQUIRED_SCOPES="repository")

    assert outcome.code == 6
    assert "It is a good token" in outcome.failure
    assert "Now: Set repository to WORKSPACE/REPOSITORY" in outcome.failure


def test_a_resource_that_may_be_for_another_kind_is_an_open_question(world: World) -> None:
    """Exit 3: a token that is no good gets the same answer. The advice names `repository`."""
    body = '{"error": {"message": "Token is invalid, expired, or not supported for this endpoint."}}'
    world.sandbox.faults.add(Fault(path="/2.0/user", status=401, body=body))
    outcome = take(world, world.sandbox.mint_token().value)

    assert outcome.code == 3
    assert "Set repository to WORKSPACE/REPOSITORY" in outcome.failure


@pytest.mark.parametrize("text", ["team", "team/", "/hello", "team/hello/src", "https://bitbucket.org/team/x", "a/.."])
def test_a_repository_is_named_in_one_way(world: World, text: str) -> None:
    """Exit 2; nothing is sent."""
    outcome = take(world, world.sandbox.mint_token().value, REPOSITORY=text)

    assert outcome.code == 2
    assert outcome.requests == []


def test_an_api_token(world: World) -> None:
    """Basic with its owner's e-mail address; what Basic makes of it is masked, and git's user name is told."""
    token = world.sandbox.api_token(EMAIL).value
    outcome = take(world, token, ACCESS_TOKEN_KIND="api-token", USERNAME=EMAIL, **world.github())

    assert outcome.code == 0
    assert outcome.requests[0].authorization == ("basic", b64encode(f"{EMAIL}:{token}".encode()).decode())
    for user in (EMAIL, "x-bitbucket-api-token-auth", "x-token-auth"):
        assert b64encode(f"{user}:{token}".encode()).decode().rstrip("=") in outcome.masks
    assert "the user name of an API token is x-bitbucket-api-token-auth" in outcome.out
    assert "scopes read:user:bitbucket" in outcome.out


def test_the_env_file_masks_it_with_its_user_names(world: World) -> None:
    """In the log of the shell that loads it."""
    token = world.sandbox.api_token(EMAIL).value
    outcome = take(world, token, ACCESS_TOKEN_KIND="api-token", USERNAME=EMAIL)

    basic = b64encode(f"{EMAIL}:{token}".encode()).decode().rstrip("=")
    assert basic in outcome.files["work/.bitbucket-token/env"]


@pytest.mark.parametrize(
    ("kind", "username"), [("access-token", ""), ("api-token", "bob@example.com")], ids=["kind", "owner"]
)
def test_the_wrong_kind_or_owner(world: World, kind: str, username: str) -> None:
    """Exit 3, tried once, with advice on both: nothing is guessed."""
    outcome = take(world, world.sandbox.api_token(EMAIL).value, ACCESS_TOKEN_KIND=kind, USERNAME=username)

    assert outcome.code == 3
    assert len(outcome.requests) == 1
    assert "say what it is in access-token-kind" in outcome.failure


def test_an_expired_token(world: World) -> None:
    """Exit 3: a new one has to be made."""
    token = world.sandbox.mint_token()
    token.expire()
    outcome = take(world, token.value)

    assert outcome.code == 3
    assert '"Access token expired."' in outcome.failure
    assert "Make a new one in Bitbucket" in outcome.failure


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ACCESS_TOKEN": ""}, "access-token is missing"),
        ({"ACCESS_TOKEN_KIND": "api-token"}, "username is missing"),
        ({"ACCESS_TOKEN_KIND": "app-password"}, "access-token-kind"),
        ({"ACCESS_TOKEN_KIND": "api-token", "USERNAME": "a:b"}, "username holds a colon"),
        ({"ACCESS_TOKEN": "two-words of-a-token"}, "access-token holds spaces"),
        ({"ACCESS_TOKEN": "tokén-with-an-accent"}, "access-token holds spaces"),
        ({"BASE_URL": "https://git.example.com"}, "base-url is not Bitbucket Cloud"),
    ],
)
def test_wrong_inputs(world: World, variables: dict[str, str], named: str) -> None:
    """Exit 2; nothing is sent, and nothing of the token is shown."""
    env = {"GRANT": "access_token", "ACCESS_TOKEN": "some-token-of-the-tests", **variables}
    outcome = run_program(world, env=env, tokens=list(filter(None, [env["ACCESS_TOKEN"]])))

    assert outcome.code == 2
    assert named in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(status=500, body="<html>", times=None), 5),
        (Fault(status=429, times=None), 5),
        (Fault(status=302, headers={"Location": "https://evil.example.com/"}), 5),
        (Fault(kind="html"), 5),
        (Fault(status=200, headers={"X-OAuth-Scopes": "a\x01b"}, body='{"uuid": "x"}'), 0),
        (Fault(body="{}"), 5),
        (Fault(body="[1]"), 5),
        (Fault(status=401, body="Login failed due to incorrect login credentials or method."), 3),
        (Fault(status=403, body='{"error": {"detail": {"required": 7, "granted": [1, "::error::"]}}}'), 0),
    ],
    ids=str,
)
def test_answers_that_are_odd(world: World, fault: Fault, code: int) -> None:
    """None of them ends in a traceback."""
    world.sandbox.faults.add(fault)
    assert take(world, world.sandbox.mint_token().value, MAX_ATTEMPTS="2").code == code


def test_a_token_that_is_repeated_is_redacted(world: World) -> None:
    """As it is, and as the Basic header had it."""
    token = world.sandbox.api_token(EMAIL).value
    basic = b64encode(f"{EMAIL}:{token}".encode()).decode()
    world.sandbox.faults.add(Fault(status=400, body=f'{{"error": {{"message": "bad {token} {basic}"}}}}'))
    outcome = take(world, token, ACCESS_TOKEN_KIND="api-token", USERNAME=EMAIL)

    assert outcome.code == 5
    assert "bad ***" in outcome.failure


def test_a_lifetime_that_nobody_told_is_not_assumed(world: World) -> None:
    """Exit 6."""
    outcome = take(world, world.sandbox.mint_token().value, MIN_LIFETIME="60")
    assert outcome.code == 6
