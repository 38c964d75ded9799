"""The input `verify`: a token that is not good for what later steps want with it fails here, and is not exported."""

from dataclasses import replace

import pytest

from sandbox import Consumer, Fault
from tests.grants.center import Center
from tests.program import Outcome, World, run_program

HELLO = "/2.0/repositories/team/hello"
PROJECT = "/bitbucket/rest/api/latest/projects/PRJ"
KIND = '{"error": {"message": "This API is not accessible by this authentication mechanism"}}'
PIPELINES = {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_REPO_FULL_NAME": "team/hello"}


def verify(world: World, name: str, *arguments: str, **variables: str) -> Outcome:
    return run_program(world, "--verify", name, *arguments, env={**world.consumer, **variables})


@pytest.fixture
def center(world: World) -> Center:
    """The stand-in's Data Center."""
    return Center(world)


@pytest.mark.parametrize(
    ("name", "path", "query", "said"),
    [
        ("team/hello", HELLO, "fields=uuid", "the repository team/hello"),
        ("team", "/2.0/repositories/team", "pagelen=1&fields=size", "the workspace team"),
    ],
)
def test_a_token_is_tried_on_what_it_is_wanted_for(world: World, name: str, path: str, query: str, said: str) -> None:
    """One request more, with the token, and one line that says so."""
    outcome = verify(world, name, **world.github())

    assert outcome.code == 0
    assert f"The token is good for {said}, says api.bitbucket.org.\n" in outcome.shown
    [_, asked] = outcome.requests
    assert (asked.method, asked.host, asked.path, asked.query) == ("GET", "api.bitbucket.org", path, query)
    assert asked.authorization == ("bearer", world.sandbox.tokens[0].value)
    assert world.sandbox.tokens[0].value in outcome.files["runner/env"]


@pytest.mark.parametrize("text", ["false", "no", "OFF", "0", ""])
def test_nothing_is_asked_unless_somebody_wants_it(world: World, text: str) -> None:
    """In any spelling of false."""
    outcome = run_program(world, env={**world.consumer, "VERIFY": text})

    assert outcome.code == 0
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("text", ["true", "Yes"])
def test_true_is_the_repository_that_the_pipeline_runs_for(world: World, text: str) -> None:
    """A step of Bitbucket Pipelines says which one that is."""
    outcome = verify(world, text, **PIPELINES)

    assert outcome.code == 0
    assert outcome.requests[1].path == HELLO


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "team/hello", "BITBUCKET_REPO_FULL_NAME": "team/hello"},
        {**PIPELINES, "BITBUCKET_REPO_FULL_NAME": ""},
        {**PIPELINES, "BITBUCKET_REPO_FULL_NAME": "team"},
        {**PIPELINES, "BASE_URL": "https://git.example.com"},
    ],
    ids=["nowhere", "elsewhere", "not said", "half of it", "another Bitbucket"],
)
def test_true_needs_somebody_who_says_which_repository(world: World, variables: dict[str, str]) -> None:
    """Exit 2 where nobody does; no repository of another host is taken for one of Bitbucket's."""
    outcome = verify(world, "true", **variables)

    assert outcome.code == 2
    assert "verify is true, but nothing says which repository that is." in outcome.failure
    assert "Now: Set verify to " in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize(
    "name",
    ["team/", "/hello", "/", "..", "team/..", "./hello", "team/. .", "team/hello/src", "https://bitbucket.org/team/x"],
)
@pytest.mark.parametrize("base", ["https://bitbucket.org", "https://git.example.com"])
def test_a_name_that_leads_elsewhere_is_refused(world: World, name: str, base: str) -> None:
    """Exit 2; nothing is sent."""
    outcome = verify(world, name, BASE_URL=base)

    assert outcome.code == 2
    assert "verify is not of the form" in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("team/a b", "/2.0/repositories/team/a%20b"),
        ("team/x?role=admin", "/2.0/repositories/team/x%3Frole%3Dadmin"),
        ("team/%2e%2e", "/2.0/repositories/team/%252e%252e"),
        ("te#am/..x", "/2.0/repositories/te%23am/..x"),
    ],
)
def test_what_is_odd_in_a_name_stays_in_the_name(world: World, name: str, path: str) -> None:
    """It changes neither the path nor the query; such a repository does not exist."""
    outcome = verify(world, name)

    assert outcome.code == 6
    assert outcome.requests[1].path == path
    assert outcome.requests[1].query == "fields=uuid"


@pytest.mark.parametrize(
    "server", [{"TOKEN_URL": "https://auth.example.com/token"}, {"ISSUER": "https://auth.example.com"}], ids=str
)
def test_another_server_has_no_api_to_ask(world: World, server: dict[str, str]) -> None:
    """Exit 2; nothing is sent."""
    outcome = verify(world, "team/hello", **server)

    assert outcome.code == 2
    assert "cannot be used with verify" in outcome.failure
    assert outcome.requests == []
    assert outcome.connects == []


@pytest.mark.sandbox(consumers=[Consumer(scopes=("account", "pullrequest"))])
def test_a_scope_that_is_missing_is_told(world: World) -> None:
    """Exit 6: what is required, granted and missing; the token itself is a real one. `pullrequest` implies others."""
    body = (
        '{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes.", '
        '"detail": {"required": ["repository", "webhook"], "granted": ["account", "pullrequest"]}}}'
    )
    world.sandbox.faults.add(Fault(path=HELLO, status=403, body=body))
    outcome = verify(world, "team/hello")

    assert outcome.code == 6
    assert outcome.failure.splitlines()[0].endswith(
        "The token lacks a scope for the repository team/hello: required repository webhook, granted account "
        "pullrequest, missing webhook."
    )
    assert "so it is a real one" in outcome.failure
    assert len(outcome.requests) == 2


@pytest.mark.sandbox(consumers=[Consumer(scopes=("account",))])
def test_the_stand_in_refuses_in_the_same_way(world: World) -> None:
    """A consumer without any scope for repositories."""
    outcome = verify(world, "team/hello")

    assert outcome.code == 6
    assert "required repository, granted account, missing repository." in outcome.failure


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault(status=401, body='{"error": {"message": "Token is invalid, expired, or ..."}}'), 6, "does not take the"),
        (Fault(status=401, body="Login failed due to incorrect login credentials"), 6, "does not take the token"),
        (Fault(status=403, body='{"error": {"message": "Forbidden"}}'), 6, "allow-list of addresses"),
        (Fault(status=403), 5, "answered in the API's place"),
        (Fault(status=404), 5, "answered in the API's place"),
        (Fault(status=401, body=KIND), 6, "is good, but this resource"),
        (Fault(status=403, body=KIND), 6, "is good, but this resource"),
        (Fault(status=403, body='{"error": {"detail": {"required": [7, "\\""]}}}'), 6, "may not be used for this"),
        (Fault(status=404, body='{"error": {"message": "Not found", "detail": "text"}}'), 6, "misspelt in verify"),
        (Fault(status=410, body='{"error": {"message": "CHANGE-2770"}}'), 6, "has removed the resource"),
        (Fault(status=400, body="{}"), 5, "does not fit"),
        (Fault(status=301, headers={"Location": "https://evil.example.com/"}), 5, "redirects to evil.example.com"),
        (Fault(kind="html"), 5, "no JSON object"),
        (Fault(body="[]"), 5, "no JSON object"),
        (Fault(status=204, body=""), 5, "no JSON object"),
        (Fault(kind="endless"), 5, "more than 1048576 bytes"),
        (Fault(kind="gzip-bomb"), 5, "more than 1048576 bytes"),
        (Fault(kind="truncated"), 4, "broke off before the whole"),
    ],
    ids=str,
)
def test_each_answer_has_its_advice(world: World, fault: Fault, code: int, said: str) -> None:
    """And none of them lets the token out: it is masked, and not exported."""
    world.sandbox.faults.add(replace(fault, path=HELLO))
    outcome = verify(world, "team/hello", "--max-attempts", "1", **world.github())

    assert outcome.code == code
    assert said in outcome.failure
    assert world.sandbox.tokens[0].value in outcome.masks


def test_a_refusal_of_all_tokens_of_a_kind_is_believed_at_once(world: World) -> None:
    """Unlike other refusals by 401 of a token that is new."""
    world.sandbox.faults.add(Fault(path=HELLO, status=401, body=KIND, times=None))
    outcome = verify(world, "team/hello")

    assert outcome.code == 6
    assert [request.path for request in outcome.requests].count(HELLO) == 1


@pytest.mark.parametrize(("status", "code"), [(429, 5), (503, 5)])
def test_a_server_in_trouble_is_asked_again(world: World, status: int, code: int) -> None:
    """As often as `max-attempts` says."""
    world.sandbox.faults.add(Fault(path=HELLO, status=status, retry_after=0, times=1))
    assert verify(world, "team/hello").code == 0

    world.sandbox.faults.add(Fault(path=HELLO, status=status, retry_after=0, times=None))
    outcome = verify(world, "team/hello", "--max-attempts", "3")

    assert outcome.code == code
    assert [request.path for request in outcome.requests].count(HELLO) == 3


def test_the_deadline_holds_while_the_api_is_silent(world: World) -> None:
    """Exit 4."""
    world.sandbox.faults.add(Fault(path=HELLO, kind="silence", times=None))
    outcome = verify(world, "team/hello", "--deadline", "2")

    assert outcome.code == 4
    assert "within the deadline of 2 s" in outcome.failure


def test_a_token_that_fails_a_check_is_not_tried(world: World) -> None:
    """It is not the one asked for, whatever the API says."""
    outcome = verify(world, "team/hello", "--required-scopes", "webhook")

    assert outcome.code == 6
    assert len(outcome.requests) == 1


def test_an_api_token_is_tried_in_its_owners_name(world: World) -> None:
    """By Basic authentication, as the REST API takes it."""
    token = world.sandbox.api_token("ana@example.com", "repository", "read:user:bitbucket").value
    env = {"GRANT": "access_token", "ACCESS_TOKEN": token, "ACCESS_TOKEN_KIND": "api-token"}
    outcome = run_program(world, "--verify", "team/hello", env={**env, "USERNAME": "ana@example.com"}, tokens=[token])

    assert outcome.code == 0
    assert [request.authorization[0] for request in outcome.requests] == ["basic", "basic"]


@pytest.mark.parametrize(
    ("name", "path"), [("PRJ", ""), ("PRJ/hello", "/repos/hello"), ("~bot/own", "")], ids=["project", "repo", "own"]
)
def test_a_data_center_is_asked_for_its_projects(center: Center, name: str, path: str) -> None:
    """Below its context path, with the new token."""
    outcome = center.run("--verify", name)

    assert outcome.code == 0
    asked = outcome.requests[-1]
    assert asked.path == (PROJECT + path if name != "~bot/own" else PROJECT.replace("PRJ", "~bot/repos/own"))
    assert asked.authorization == ("bearer", center.named()[0].value)
    assert f"{name}, says 127.0.0.1:<port>." in outcome.shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TOP", "It knows the user Build.Bot@example.com, who may not do this."),
        ("TOP/secret", "has no permission for this"),
        ("NONE", "misspelt in verify"),
        ("PRJ/none", "misspelt in verify"),
    ],
)
def test_a_data_center_refuses_what_the_token_may_not_see(center: Center, name: str, said: str) -> None:
    """Exit 6; the new token is not exported."""
    outcome = center.run("--verify", name)

    assert outcome.code == 6
    assert said in outcome.failure


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault(path=PROJECT, status=401, body='{"errors": [{"message": "Authentication failed."}]}'), 6, "deleted or"),
        (Fault(path=PROJECT, status=403, body='{"errors": [{"message": "No."}]}'), 6, "has no permission for this"),
        (Fault(path=PROJECT, status=302, headers={"Location": "/bitbucket/login"}), 6, "to its login page"),
        (Fault(path=PROJECT, status=302, headers={"Location": "https://evil.example.com"}), 5, "redirects to evil"),
        (Fault(path=PROJECT, kind="html"), 5, "answered with an HTML page (HTTP 200)"),
        (Fault(path=PROJECT, kind="html", status=403), 5, "proxy or firewall answered in the server's place"),
        (Fault(path=PROJECT, kind="html", status=404), 5, "base-url lacks the context path"),
        (Fault(path=PROJECT, status=429), 5, "too many requests"),
        (Fault(path=PROJECT, status=500), 5, "is in trouble"),
        (Fault(path=PROJECT, kind="truncated"), 4, "broke off"),
    ],
    ids=str,
)
def test_each_answer_of_a_data_center_has_its_advice(center: Center, fault: Fault, code: int, said: str) -> None:
    """Whether it tells of the token, or of what stands before the server."""
    center.world.sandbox.faults.add(fault)
    outcome = center.run("--verify", "PRJ", "--max-attempts", "1")

    assert outcome.code == code
    assert said in outcome.failure
