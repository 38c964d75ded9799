"""The verb `revoke`: what the server says to it, what is removed, and that the step goes on all the same."""

import json
import os
from collections.abc import Mapping, Sequence

import pytest

from sandbox import Fault
from tests.hostile.test_surroundings import plain_user
from tests.program import Outcome, World, run_program

PATH = "/oauth2/revoke"
END = "2126-01-02T03:04:05Z"
PAST = "2026-01-02T03:04:05Z"
PIPELINES = {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_PIPELINE_UUID": "{1}"}


def other_server(world: World) -> dict[str, str]:
    """Inputs that lead to an OAuth 2.0 server which takes tokens back."""
    urls = {"TOKEN_URL": world.sandbox.rfc_token_url, "REVOCATION_URL": world.sandbox.url + PATH}
    return {**world.consumer, **urls}


def revoke(world: World, *, prefix: Sequence[str] = (), **variables: str) -> Outcome:
    """Run it with a token of that server in the usual variable."""
    token = world.sandbox.mint_token("repository").value
    env = {**other_server(world), "MAX_ATTEMPTS": "1", "BITBUCKET_ACCESS_TOKEN": token, **variables}
    given = {name: value for name, value in env.items() if value}
    return run_program(world, "revoke", env=given, prefix=prefix)


def answers(world: World, status: int, body: object = None, **headers: str) -> None:
    """Let the server answer so."""
    text = "" if body is None else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    world.sandbox.faults.add(Fault(PATH, status=status, body=text, headers=named, times=None))


def test_a_token_is_given_back(world: World) -> None:
    """As RFC 7009 has it: the token, the hint and the client, once."""
    answers(world, 200)
    outcome = revoke(world)

    assert outcome.code == 0
    assert outcome.shown.splitlines() == [
        "Asking 127.0.0.1:<port> to revoke the token.",
        "127.0.0.1:<port> has revoked the token.",
    ]
    form = "token=<token>&token_type_hint=access_token"
    assert outcome.sent == [f"POST https://127.0.0.1:<port>/oauth2/revoke as basic <key>:<secret>: {form}"]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, {"error": "invalid_token"}, {}),
        (401, {"error": "invalid_token"}, {}),
        (401, None, {"WWW_Authenticate": 'Bearer realm="x", error="invalid_token"'}),
        (401, None, {"WWW_Authenticate": "Bearer error=invalid_token"}),
    ],
)
def test_a_token_that_the_server_calls_invalid_has_ended(
    world: World, status: int, body: object, headers: dict[str, str]
) -> None:
    """Against RFC 7009 section 2.2, and yet what was wanted."""
    answers(world, status, body, **headers)
    outcome = revoke(world)

    assert outcome.code == 0
    assert "127.0.0.1:<port> says that the token has ended already." in outcome.shown
    assert "Warning" not in outcome.out


@pytest.mark.parametrize(
    ("status", "body", "headers", "told"),
    [
        (400, {"error": "unsupported_token_type"}, {}, "unsupported_token_type"),
        (401, {"error": "invalid_client"}, {}, "refused (HTTP 401"),
        (401, None, {}, "refused (HTTP 401"),
        (401, None, {"WWW_Authenticate": "Basic"}, "refused (HTTP 401"),
        (403, {"error": "invalid_token"}, {}, "refused (HTTP 403"),
        (500, None, {}, "in trouble (HTTP 500)"),
        (503, {"error": "invalid_token"}, {}, "in trouble (HTTP 503"),
        (302, None, {"Location": "https://elsewhere.example/"}, "redirects to elsewhere.example"),
    ],
)
@pytest.mark.parametrize("end", [END, ""])
def test_what_the_server_does_not_do_is_a_warning(
    world: World, status: int, body: object, headers: dict[str, str], told: str, end: str
) -> None:
    """It says until when the token works."""
    answers(world, status, body, **headers)
    outcome = revoke(world, BITBUCKET_ACCESS_TOKEN_EXPIRES_AT=end)

    assert outcome.code == 0
    until = END if end else "its lifetime ends"
    assert f"Warning: The token is not revoked, and works until {until}: " in outcome.out
    assert told in outcome.out


def test_a_server_that_cannot_be_reached_is_a_warning(world: World) -> None:
    """After as many tries as the inputs allow."""
    world.sandbox.faults.add(Fault(PATH, "reset", times=None))
    outcome = revoke(world, MAX_ATTEMPTS="2")

    assert outcome.code == 0
    assert len(outcome.requests) == 2
    assert "Warning: The token is not revoked, and works until its lifetime ends: " in outcome.out


def test_a_server_that_says_nothing_is_a_warning_in_time(world: World) -> None:
    """The deadline holds at the end of a job too."""
    world.sandbox.faults.add(Fault(PATH, "silence", times=None))
    outcome = revoke(world, DEADLINE="2")

    assert outcome.code == 0
    assert "Warning: The token is not revoked, and works until its lifetime ends: " in outcome.out


def test_a_warning_is_seen_on_github(world: World) -> None:
    """As an annotation of one line, in which nothing that a server says is a command."""
    answers(world, 400, {"error": "unsupported_token_type", "error_description": "100%\n::error::x"})
    outcome = revoke(world, **world.github())

    assert outcome.code == 0
    [warning] = [line for line in outcome.out.splitlines() if line.startswith("::warning")]
    assert warning.startswith("::warning title=Bitbucket token::The token is not revoked, and works until ")
    assert "100%25" in warning


@pytest.mark.parametrize("runner", ["GITEA_ACTIONS", "FORGEJO_ACTIONS"])
def test_a_warning_is_plain_where_the_runner_shows_the_command_itself(world: World, runner: str) -> None:
    """As its failures are."""
    answers(world, 500)
    outcome = revoke(world, **world.github(), **{runner: "true"})

    assert outcome.code == 0
    assert "\nWarning: The token is not revoked" in outcome.out
    assert "::warning" not in outcome.out


def test_a_token_that_has_ended_is_not_asked_for(world: World) -> None:
    """Its companion says so; one line, and no request."""
    outcome = revoke(world, BITBUCKET_ACCESS_TOKEN_EXPIRES_AT=PAST)

    assert outcome.code == 0
    assert outcome.out == f"Nothing to revoke: the token has ended by itself, at {PAST}.\n"
    assert outcome.requests == []


@pytest.mark.parametrize("end", ["2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "2026-01-02", "yesterday", "x" * 5000])
def test_an_end_that_is_none_is_not_believed(world: World, end: str) -> None:
    """The variable may be anybody's."""
    answers(world, 200)
    outcome = revoke(world, BITBUCKET_ACCESS_TOKEN_EXPIRES_AT=end)

    assert outcome.code == 0
    assert "has revoked the token." in outcome.out


def test_the_end_of_another_token_does_not_count(world: World) -> None:
    """`access-token` names one that the variable's companion knows nothing of."""
    answers(world, 200)
    token = world.sandbox.mint_token("repository").value
    outcome = revoke(world, ACCESS_TOKEN=token, GRANT="access_token", BITBUCKET_ACCESS_TOKEN_EXPIRES_AT=PAST)

    assert outcome.code == 0
    assert [request.form["token"] for request in outcome.requests] == [token]


def test_cloud_has_no_way_and_one_line_says_so(world: World) -> None:
    """With the end, and without a request."""
    outcome = revoke(world, TOKEN_URL="", REVOCATION_URL="", BITBUCKET_ACCESS_TOKEN_EXPIRES_AT=END)

    assert outcome.code == 0
    assert outcome.out == f"Bitbucket Cloud has no way to revoke a token: this one works until {END}.\n"
    assert outcome.requests == []


def test_wrong_inputs_are_a_failure(world: World) -> None:
    """They are of the step that was written wrongly, and of no server."""
    assert revoke(world, REVOCATION_URL="http://example.com/").code == 2
    outcome = revoke(world, CONSUMER_SECRET="")

    assert outcome.code == 2
    assert "consumer-secret is missing" in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize("surroundings", [{}, PIPELINES], ids=["none", "pipelines"])
@pytest.mark.parametrize("place", ["", "token.env", "out/token.env"])
def test_the_env_file_is_removed(world: World, surroundings: Mapping[str, str], place: str) -> None:
    """That of the same inputs, and its directory if that is the program's own."""
    env = {**world.consumer, **surroundings, "OUTPUT_FILE": place}
    assert run_program(world, env=env).code == 0
    before = {str(path.relative_to(world.work)) for path in world.work.rglob("*")}
    outcome = run_program(world, "revoke", env=env)

    file = place or ".bitbucket-token/env"
    assert outcome.code == 0
    assert file in before
    assert f"Removed the env file '<root>/work/{file}'." in outcome.shown
    assert [str(path.relative_to(world.work)) for path in world.work.rglob("*.env*")] == []
    assert not (world.work / ".bitbucket-token").exists()


def test_revoke_false_turns_all_of_it_off(world: World) -> None:
    """One line says so: no request, and the files stay."""
    env = {**world.consumer, "REVOKE": "false"}
    assert run_program(world, env=env).code == 0
    outcome = revoke(world, REVOKE="false")

    assert outcome.code == 0
    assert outcome.out == "revoke is false: nothing is given back, and no file is removed.\n"
    assert outcome.requests == []
    assert outcome.files == {}
    assert (world.work / ".bitbucket-token/env").exists()


def test_a_hostile_checkout_changes_nothing(world: World) -> None:
    """A FIFO, a link, somebody else's file: each stays, nothing is waited for, and the token is given back."""
    answers(world, 200)
    folder = world.work / ".bitbucket-token"
    folder.mkdir()
    os.mkfifo(folder / "env")
    target = world.work / "target"
    target.write_text("{ __bitbucket_token_set=$- __bitbucket_token_id=0123456789abcdef; set +vx; }\n")
    (world.work / "link").symlink_to(target)
    (world.work / "mine").write_text("export BITBUCKET_ACCESS_TOKEN=\n")

    for place in ("", "link", "mine", "target/env", "/dev/zero", str(world.work)):
        outcome = revoke(world, OUTPUT_FILE=place)
        assert outcome.code == 0
        assert "has revoked the token." in outcome.out
        assert "Warning" not in outcome.out
        assert outcome.files == {}


def test_a_file_that_cannot_be_removed_is_a_warning(world: World) -> None:
    """It names the file; the token is given back all the same."""
    answers(world, 200)
    folder = world.work / "locked"
    folder.mkdir()
    assert run_program(world, env={**world.consumer, "OUTPUT_FILE": "locked/token.env"}).code == 0
    folder.chmod(0o500)
    try:
        outcome = revoke(world, prefix=plain_user(), OUTPUT_FILE="locked/token.env")
    finally:
        folder.chmod(0o700)

    assert outcome.code == 0
    told = "Warning: A file is left that may hold the token: '<root>/work/locked/token.env' could not be removed "
    assert f"{told}(Permission denied)." in outcome.shown
    assert "has revoked the token." in outcome.out


@pytest.mark.parametrize("companion", ["SERVER", "ORIGIN"])
def test_another_servers_token_is_not_sent(world: World, companion: str) -> None:
    """Exit 2: what stands beside the token says whose it is."""
    outcome = revoke(world, **{f"BITBUCKET_ACCESS_TOKEN_{companion}": "https://git.example.com/bitbucket"})

    assert outcome.code == 2
    assert "is of another server" in outcome.failure
    assert outcome.requests == []


def test_the_same_server_in_other_words_is_the_same(world: World) -> None:
    """What takes it back counts before where it came from; the path and the case of the name do not."""
    answers(world, 200)
    server = world.sandbox.url.replace("https", "HTTPS") + "/other"
    told = {"BITBUCKET_ACCESS_TOKEN_SERVER": server, "BITBUCKET_ACCESS_TOKEN_ORIGIN": "https://git.example.com"}

    assert revoke(world, **told).code == 0
