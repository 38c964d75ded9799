"""The end of a job on GitHub: what a step saves for it, what comes of that, and that it never fails the job."""

import os
import re
from collections.abc import Mapping

import pytest

from sandbox import Fault
from tests.grants.center import CONTEXT, NAME, OWN, TOKENS
from tests.program import Outcome, World, run_program

PATH = "/oauth2/revoke"
END = "2126-01-02T03:04:05Z"
BUILD = {"GITHUB_RUN_ID": "7", "GITHUB_JOB": "build", "GITHUB_ACTION": "token", "RUNNER_NAME": "one"}


def other_server(world: World) -> dict[str, str]:
    """Inputs that lead to an OAuth 2.0 server which takes tokens back."""
    urls = {"TOKEN_URL": world.sandbox.rfc_token_url, "REVOCATION_URL": world.sandbox.url + PATH}
    return {**world.github(), **world.consumer, **urls, "MAX_ATTEMPTS": "1"}


def center(world: World) -> dict[str, str]:
    """Inputs that lead to a Data Center."""
    bot = world.sandbox.data_center.bot
    env = {"GRANT": "http_access_token", "BASE_URL": world.sandbox.url + CONTEXT, "MAX_ATTEMPTS": "1"}
    return {**world.github(), **env, "USERNAME": bot.name, "PASSWORD": bot.password}


def saved(world: World) -> dict[str, str]:
    """What the runner hands to the end of the job: the state as it reads it, and the exported variables."""
    state = re.findall(r"^(\w+)<<(\S+)\n(.*)\n\2\n", (world.runner / "state").read_text(), re.MULTILINE)
    exported = re.findall(r"^(\w+)<<(\S+)\n(.*)\n\2\n", (world.runner / "env").read_text(), re.MULTILINE)
    return {f"STATE_{name}": value for name, _, value in state} | {name: value for name, _, value in exported}


def end_of_job(world: World, env: Mapping[str, str], **variables: str) -> Outcome:
    """Run what the runner starts then; it never fails, and never looks like a failure."""
    outcome = run_program(world, "post", env={**env, **variables})
    assert outcome.code == 0
    assert "::error" not in outcome.out + outcome.err
    assert outcome.err == ""
    return outcome


def lines(outcome: Outcome) -> list[str]:
    """What a reader of the log sees."""
    return [line for line in outcome.shown.splitlines() if line != "<masks>"]


@pytest.mark.parametrize("export_env", ["true", "false"])
def test_the_token_of_the_step_is_given_back(world: World, export_env: str) -> None:
    """Also one that no variable holds."""
    env = {**other_server(world), "EXPORT_ENV": export_env}
    assert run_program(world, env=env).code == 0
    world.sandbox.faults.add(Fault(PATH, status=200))
    outcome = end_of_job(world, env, **saved(world))

    [token] = world.sandbox.tokens
    assert [request.form["token"] for request in outcome.requests] == [token.value]
    assert lines(outcome) == [
        "Asking 127.0.0.1:<port> to revoke the token.",
        "127.0.0.1:<port> has revoked the token.",
    ]
    assert token.value in outcome.masks


def test_what_is_saved_is_what_the_end_of_the_job_needs(world: World) -> None:
    """A token and its end; the name alone where the server lists tokens by it."""
    assert run_program(world, env=other_server(world)).code == 0
    state = {name: value for name, value in saved(world).items() if name.startswith("STATE_")}
    [token] = world.sandbox.tokens
    assert state == {"STATE_token": token.value, "STATE_expires_at": saved(world)["BITBUCKET_ACCESS_TOKEN_EXPIRES_AT"]}

    (world.runner / "state").write_text("")
    assert run_program(world, env=center(world)).code == 0
    state = {name: value for name, value in saved(world).items() if name.startswith("STATE_")}
    [named] = world.sandbox.data_center.tokens.of(OWN)
    assert set(state) == {"STATE_token_name", "STATE_expires_at"}
    assert state["STATE_token_name"] == named.name


@pytest.mark.parametrize(
    "variables", [{"REVOKE": "false"}, {"REVOCATION_URL": ""}, {"TOKEN_URL": "", "REVOCATION_URL": ""}]
)
def test_nothing_is_saved_that_is_of_no_use(world: World, variables: dict[str, str]) -> None:
    """Where it is turned off, or the server takes nothing back."""
    outcome = run_program(world, env={**other_server(world), **variables})

    assert outcome.code == 0
    assert "runner/state" not in outcome.files


def test_what_is_saved_is_exported_too_or_neither_is(world: World) -> None:
    """All or nothing, the state among it."""
    env = other_server(world)
    (world.runner / "state").unlink()
    (world.runner / "state").mkdir()
    outcome = run_program(world, env=env)

    assert outcome.code == 7
    assert "file that GITHUB_STATE names could not be written" in outcome.failure


def test_without_the_file_for_it_nothing_is_saved(world: World) -> None:
    """As in a `docker run` of a step: the export is what it was."""
    outcome = run_program(world, env={**other_server(world), "GITHUB_STATE": ""})

    assert outcome.code == 0
    assert "runner/state" not in outcome.files


def test_a_token_with_a_name_of_chance_is_deleted(world: World) -> None:
    """The state tells the name; no input and no variable of the build does."""
    env = center(world)
    assert run_program(world, env=env).code == 0
    [token] = world.sandbox.data_center.tokens.of(OWN)
    outcome = end_of_job(world, env, **saved(world))

    assert world.sandbox.data_center.tokens.of(OWN) == []
    assert lines(outcome)[-1] == f"Deleted the token called {token.name}."


RUNNERS = pytest.mark.parametrize("runner", [{}, {"GITEA_ACTIONS": "true"}, {"FORGEJO_ACTIONS": "true"}])


def exported(world: World) -> dict[str, str]:
    """What is there at the end of the job where the runner hands no state to a Docker action, as `act` does not."""
    return {name: value for name, value in saved(world).items() if not name.startswith("STATE_")}


@RUNNERS
def test_where_no_state_comes_back_a_variable_tells_the_name(world: World, runner: dict[str, str]) -> None:
    """And the others tell that there is a token of that server."""
    env = {**center(world), **BUILD, **runner}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **exported(world))

    assert world.sandbox.data_center.tokens.of(OWN) == []
    assert lines(outcome)[-1] == f"Deleted the token called {exported(world)['BITBUCKET_ACCESS_TOKEN_NAME']}."


def test_the_name_of_another_servers_token_is_not_looked_for(world: World) -> None:
    """The step has failed and saved nothing; the variables are another one's."""
    env = {**center(world), **BUILD}
    assert run_program(world, env=env).code == 0
    others = {**exported(world), "BITBUCKET_ACCESS_TOKEN_SERVER": "https://git.example.com"}
    outcome = end_of_job(world, env, **others)

    assert lines(outcome) == ["Nothing to revoke: this step has left no token."]
    assert outcome.requests == []


def test_a_name_that_nothing_tells_is_a_warning(world: World) -> None:
    """No state, no variable, and legs that only chance tells apart: the token is left."""
    env = {**center(world), **BUILD}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **{**exported(world), "BITBUCKET_ACCESS_TOKEN_NAME": ""})

    assert "::warning title=Bitbucket token::The token is not deleted, and works until <time>: token-name is" in (
        outcome.shown
    )
    assert outcome.requests == []


@RUNNERS
def test_where_no_state_comes_back_the_exported_token_is_given_back(world: World, runner: dict[str, str]) -> None:
    """By the name that `env-name` has."""
    env = {**other_server(world), **runner, "ENV_NAME": "T"}
    assert run_program(world, env=env).code == 0
    world.sandbox.faults.add(Fault(PATH, status=200))
    outcome = end_of_job(world, env, **exported(world))

    [token] = world.sandbox.tokens
    assert exported(world)["T_SERVER"] == env["REVOCATION_URL"]
    assert [request.form["token"] for request in outcome.requests] == [token.value]


def test_a_token_that_cannot_be_given_back_tells_no_server(world: World) -> None:
    """Nor one that is not to be."""
    for env in ({**world.github(), **world.consumer}, {**other_server(world), "REVOKE": "false"}):
        assert run_program(world, env=env).code == 0
        assert "BITBUCKET_ACCESS_TOKEN_SERVER" not in exported(world)


@pytest.mark.parametrize("where", [other_server, center])
@pytest.mark.parametrize("server", ["", "https://login.example.com/revoke"])
def test_the_token_of_another_step_is_sent_to_no_server(world: World, where: object, server: str) -> None:
    """The step has failed and saved nothing; the variable is another one's, of another server."""
    assert callable(where)
    others = {"BITBUCKET_ACCESS_TOKEN": world.sandbox.mint_token("repository").value}
    outcome = end_of_job(world, where(world), **others, BITBUCKET_ACCESS_TOKEN_SERVER=server)

    assert lines(outcome) == ["Nothing to revoke: this step has left no token."]
    assert (outcome.requests, outcome.connects) == ([], [])


def test_a_later_token_of_that_name_is_not_taken_for_the_first(world: World) -> None:
    """The end of the first step gets the variables that the second has left."""
    env = other_server(world)
    assert run_program(world, env=env).code == 0
    cloud = {**world.github(), **world.consumer}
    assert run_program(world, env={**cloud, **exported(world)}).code == 0
    assert exported(world)["BITBUCKET_ACCESS_TOKEN_SERVER"] == ""
    outcome = end_of_job(world, env, **exported(world))

    assert lines(outcome) == ["Nothing to revoke: this step has left no token."]
    assert (outcome.requests, outcome.connects) == ([], [])


@RUNNERS
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"CONSUMER_SECRET": ""}, "Nothing to revoke: this step has left no token."),
        ({"REVOCATION_URL": "http://example.com/"}, "Nothing is given back, and no file is removed: revocation-url"),
        ({"REVOKE": "perhaps"}, "Nothing is given back, and no file is removed: revoke"),
        ({"CONSUMER_SECRET_FILE": "none", "CONSUMER_SECRET": ""}, "Nothing is given back, and no file is removed: The"),
        ({"CA_FILE": "none"}, "Nothing to revoke: this step has left no token."),
        ({"GRANT": "access_token"}, "Nothing to revoke: the token was there before this job."),
    ],
)
def test_after_a_step_that_failed_it_is_quiet(
    world: World, runner: dict[str, str], variables: dict[str, str], told: str
) -> None:
    """The step has told its failure: one line, and no annotation."""
    outcome = end_of_job(world, {**other_server(world), **runner, **variables})

    [line] = lines(outcome)
    assert line.startswith(told)
    assert (outcome.requests, outcome.connects) == ([], [])


def test_inputs_that_went_wrong_since_then_are_a_warning(world: World) -> None:
    """A file that a later step removed: the token is left, and somebody has to know."""
    env = other_server(world)
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **saved(world), CA_FILE="none")
    assert "::warning title=Bitbucket token::The token is not revoked, and works until <time>: " in outcome.shown

    outcome = end_of_job(world, {**env, "CONSUMER_SECRET": "", "CONSUMER_SECRET_FILE": "none"}, **saved(world))
    assert "::warning title=Bitbucket token::Nothing is given back, and no file is removed: " in outcome.shown


@pytest.mark.parametrize("fault", [Fault(PATH, status=500), Fault(PATH, "reset"), Fault(PATH, "silence", times=None)])
def test_a_server_that_does_not_do_it_is_a_warning(world: World, fault: Fault) -> None:
    """The job has done its work."""
    env = {**other_server(world), "DEADLINE": "2"}
    assert run_program(world, env=env).code == 0
    world.sandbox.faults.add(fault)
    outcome = end_of_job(world, env, **saved(world))

    assert "::warning title=Bitbucket token::The token is not revoked, and works until <time>: " in outcome.shown


def test_a_name_cannot_be_deleted_is_a_warning(world: World) -> None:
    """With the name, and the end."""
    env = {**center(world), "TOKEN_NAME": NAME}
    assert run_program(world, env=env).code == 0
    world.sandbox.faults.add(Fault(f"{TOKENS}*", status=500, times=None))
    outcome = end_of_job(world, env, **saved(world))

    assert f"::warning title=Bitbucket token::The token called {NAME} is not deleted, and works until <time>: " in (
        outcome.shown
    )


def test_a_file_that_hangs_is_a_warning_in_time(world: World) -> None:
    """A FIFO in the place of a secret's file: the deadline ends it."""
    os.mkfifo(world.work / "fifo")
    env = {**other_server(world), "CONSUMER_SECRET": "", "CONSUMER_SECRET_FILE": "fifo", "DEADLINE": "1"}
    outcome = end_of_job(world, env, STATE_token=world.sandbox.mint_token("repository").value)

    assert "::warning title=Bitbucket token::Nothing is given back, and no file is removed: The run did not end" in (
        outcome.out
    )


def test_a_token_that_has_ended_is_no_trouble(world: World) -> None:
    """A job may be longer than its token lives; the server is not asked."""
    token = world.sandbox.mint_token("repository").value
    end = {"STATE_token": token, "STATE_expires_at": "2026-01-02T03:04:05Z"}
    outcome = end_of_job(world, other_server(world), **end)

    assert lines(outcome) == ["Nothing to revoke: the token has ended by itself, at <time>."]
    assert outcome.requests == []


def test_cloud_has_no_way_and_one_line_says_so(world: World) -> None:
    """With the end that was exported."""
    env = {**world.github(), **world.consumer}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **saved(world))

    assert lines(outcome) == ["Bitbucket Cloud has no way to revoke a token: this one works until <time>."]
    assert (outcome.requests, outcome.connects) == ([], [])


def test_a_server_without_a_way_is_no_warning(world: World) -> None:
    """It would be one in every job."""
    env = {**other_server(world), "REVOCATION_URL": ""}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **saved(world))

    assert lines(outcome) == ["The token is not revoked, and works until <time>: no revocation-url is known."]


def test_revoke_false_turns_all_of_it_off(world: World) -> None:
    """Whatever the runner hands over."""
    env = {**other_server(world), "REVOKE": "false", "OUTPUT_FILE": "token.env"}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env, **saved(world), STATE_token=world.sandbox.tokens[0].value)

    assert lines(outcome) == ["revoke is false: nothing is given back, and no file is removed."]
    assert (outcome.requests, outcome.files) == ([], {})


def test_the_env_file_is_removed_too(world: World) -> None:
    """If the user named one."""
    env = {**world.github(), **world.consumer, "OUTPUT_FILE": ".bitbucket-token/env"}
    assert run_program(world, env=env).code == 0
    outcome = end_of_job(world, env)

    assert "Removed the env file '<root>/work/.bitbucket-token/env'." in lines(outcome)
    assert list(world.work.iterdir()) == []
