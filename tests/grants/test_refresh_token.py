"""The refresh-token grant: rotation survived, and never a new refresh token lost in silence."""

import fcntl
import json
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import Consumer, Fault, Sandbox
from tests.program import Outcome, World, run_program

NONE = Consumer(scopes=("repository",))
NO_VARIABLES = Consumer(scopes=("repository", "pipeline:write"))
VARIABLES = "/2.0/repositories/team/hello/pipelines_config/variables/"


def refresh(world: World, store: str, *arguments: str, token: str = "", **variables: str) -> Outcome:
    """Run with a refresh token of the sandbox's, or with the one given, and keep the new one in `store`."""
    env = {
        **world.consumer,
        "GRANT": "refresh_token",
        "REFRESH_TOKEN": token or world.sandbox.refresh_token(),
        "REFRESH_TOKEN_STORE": store,
        **variables,
    }
    return run_program(world, *arguments, env=env, allowed=[world.work / "token"], may_export=True)


def stored(world: World) -> str:
    return (world.work / "token").read_text().strip()


def variables(sandbox: Sandbox) -> list[dict[str, object]]:
    """Those of the repository team/hello."""
    return sandbox.repositories.of("team")[0].variables


def values(found: list[dict[str, object]]) -> dict[object, object]:
    return {variable["key"]: variable["value"] for variable in found}


def test_a_new_refresh_token_goes_to_a_file(world: World) -> None:
    """It is as long as an access token, and shown nowhere; the token is exported as ever."""
    outcome = refresh(world, "file:token")

    assert outcome.code == 0
    old, new = world.sandbox.refresh_tokens
    assert stored(world) == new
    assert len(new) > 2500
    assert outcome.requests[0].form == {"grant_type": "refresh_token", "refresh_token": old}
    assert f"Stored the new refresh token in {world.work}/token." in outcome.out
    assert world.sandbox.tokens[0].value in outcome.files["work/.bitbucket-token/env"]
    assert new not in outcome.files["work/.bitbucket-token/env"]


def test_the_next_run_takes_what_the_last_one_stored(world: World) -> None:
    """The input stays what it was."""
    first = world.sandbox.refresh_token()
    for _ in range(3):
        assert refresh(world, "file:token", token=first).code == 0

    assert list(world.sandbox.refresh_tokens.values()) == [1, 1, 1, 0]


def test_two_runs_at_once_use_one_token_after_the_other(world: World) -> None:
    """All succeed, and none is used twice, not even within the time of grace. They begin while another run has it."""
    (world.work / "token").write_text(world.sandbox.refresh_token())
    environment = {**world.sandbox.environment(), **world.consumer, "GRANT": "refresh_token"}
    command = [str(world.python), "-I", "-m", "pipe", "--refresh-token-store", "file:token", "--print", "raw"]
    gate = threading.Barrier(4, timeout=60)

    def run(_number: int) -> tuple[int, str]:
        with subprocess.Popen(
            command, cwd=world.work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            waits = any("waiting for it" in line for line in process.stderr)
            gate.wait()
            out, _ = process.communicate(timeout=30)
        return process.returncode if waits else -1, out.strip()

    with ThreadPoolExecutor(3) as pool, (world.work / "token.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runs = pool.map(run, range(3))
        gate.wait()
        fcntl.flock(lock, fcntl.LOCK_UN)
        outcomes = list(runs)

    assert [code for code, _ in outcomes] == [0, 0, 0]
    assert sorted(out for _, out in outcomes) == sorted(token.value for token in world.sandbox.tokens)
    assert list(world.sandbox.refresh_tokens.values()) == [1, 1, 1, 0]
    assert stored(world) == list(world.sandbox.refresh_tokens)[-1]


def test_an_output_on_github(world: World) -> None:
    """Masked before anything else is done with it, and not exported as a variable."""
    outcome = refresh(world, "output", **world.github())

    assert outcome.code == 0
    new = list(world.sandbox.refresh_tokens)[-1]
    assert f"\n{new}\n" in outcome.files["runner/output"]
    assert new not in outcome.files["runner/env"]
    assert new in outcome.masks
    lines = outcome.out.splitlines()
    assert lines.index(f"::add-mask::{new}") < lines.index("Stored the new refresh token in the output refresh-token.")


def test_an_output_stays_when_the_run_fails_later(world: World) -> None:
    """A step with `if: always()` can still keep it: the old one is used up."""
    outcome = refresh(world, "output", **world.github(), REQUIRED_SCOPES="repository:admin")

    assert outcome.code == 6
    assert list(world.sandbox.refresh_tokens)[-1] in outcome.files["runner/output"]
    assert "runner/env" not in outcome.files


def test_an_output_where_there_is_none(world: World) -> None:
    """Told before the refresh token is used up."""
    outcome = refresh(world, "output")

    assert outcome.code == 2
    assert outcome.requests == []


@pytest.mark.parametrize("there", [False, True], ids=["new", "changed"])
def test_a_repository_variable(world: World, there: bool) -> None:
    """Secured, through the REST API with the new token."""
    found = variables(world.sandbox)
    names = [*(f"OTHER_{number}" for number in range(11)), *(["REFRESH"] if there else [])]
    found += [{"key": name, "value": "old", "secured": True, "uuid": f"{{{name}}}"} for name in names]
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 0
    new = list(world.sandbox.refresh_tokens)[-1]
    assert values(found) == {**dict.fromkeys(names, "old"), "REFRESH": new}
    assert [v["secured"] for v in found if v["key"] == "REFRESH"] == [True]
    base = "/2.0/repositories/team/hello/pipelines_config/variables"
    last = ("PUT", f"{base}/%7BREFRESH%7D") if there else ("POST", f"{base}/")
    assert [(request.method, request.path) for request in outcome.requests[1:]] == [
        ("GET", f"{base}/"),
        last,
    ]
    assert {request.host for request in outcome.requests[1:]} == {"api.bitbucket.org"}
    assert "Stored the new refresh token in the repository variable REFRESH." in outcome.out


@pytest.mark.parametrize("by", ["name", "uuid"])
def test_a_deployment_variable(world: World, by: str) -> None:
    """The environment by its name, or by its UUID."""
    environment = world.sandbox.repositories.of("team")[0].environments[-1]
    outcome = refresh(world, f"deployment:team/hello/{getattr(environment, by)}/REFRESH")

    assert outcome.code == 0
    assert values(environment.variables) == {"REFRESH": list(world.sandbox.refresh_tokens)[-1]}


def test_a_workspace_variable(world: World) -> None:
    """Its path has a hyphen and no slash at its end."""
    outcome = refresh(world, "workspace:team/REFRESH")

    assert outcome.code == 0
    new = list(world.sandbox.refresh_tokens)[-1]
    assert values(world.sandbox.repositories.workspace_variables["team"]) == {"REFRESH": new}
    assert outcome.requests[-1].path == "/2.0/workspaces/team/pipelines-config/variables"


@pytest.mark.parametrize(
    ("store", "advice"),
    [
        ("repository:team/nothing/REFRESH", "Check the names"),
        ("repository:other/hidden/REFRESH", "a consumer sees its own workspace only"),
        ("deployment:team/hello/{00000000-0000-0000-0000-000000000000}/REFRESH", "Check the names"),
        ("workspace:other/REFRESH", "Check the names"),
    ],
)
def test_a_variable_that_cannot_be_set(world: World, store: str, advice: str) -> None:
    """Exit 7: what is wrong, that the old refresh token still works for ten minutes, and how to get a new one."""
    outcome = refresh(world, store)

    assert outcome.code == 7
    assert advice in outcome.failure
    assert "The new refresh token could not be stored in the" in outcome.failure
    assert "about ten minutes" in outcome.failure
    assert "bitbucket-token login" in outcome.failure
    assert outcome.files == {}


def test_an_environment_that_is_not_there(world: World) -> None:
    """The list was looked at to its end."""
    outcome = refresh(world, "deployment:team/hello/production/REFRESH")

    assert outcome.code == 7
    assert "no deployment environment of that name" in outcome.failure
    assert len(outcome.requests) == 2


@pytest.mark.parametrize(
    ("store", "lacks"),
    [
        pytest.param(
            "repository:team/hello/REFRESH", "pipeline; it has repository", marks=pytest.mark.sandbox(consumers=[NONE])
        ),
        pytest.param(
            "deployment:team/hello/Production/REFRESH",
            "pipeline; it has repository",
            marks=pytest.mark.sandbox(consumers=[NONE]),
        ),
        pytest.param(
            "repository:team/hello/REFRESH",
            "pipeline:variable; it has repository pipeline:write",
            marks=pytest.mark.sandbox(consumers=[NO_VARIABLES]),
        ),
    ],
)
def test_a_consumer_that_may_not_edit_variables(world: World, store: str, lacks: str) -> None:
    """The scope is named: `pipeline` to read them, `pipeline:variable` to set them."""
    outcome = refresh(world, store)

    assert outcome.code == 7
    assert f"The token lacks {lacks}." in outcome.failure


def test_another_run_has_made_the_variable_meanwhile(world: World) -> None:
    """Or a request whose answer was lost did: it is changed then."""
    found = variables(world.sandbox)
    found.append({"key": "REFRESH", "value": "", "secured": True, "uuid": "{made}"})
    world.sandbox.faults.add(Fault(path=VARIABLES, body='{"values": []}'))

    assert refresh(world, "repository:team/hello/REFRESH").code == 0
    assert values(found) == {"REFRESH": list(world.sandbox.refresh_tokens)[-1]}


@pytest.mark.parametrize(
    "body", ["[]", "<html>", '{"values": {}}', '{"values": ["x", {}, {"key": "REFRESH", "uuid": 1}], "next": 7}', "{}"]
)
def test_a_page_that_is_none(world: World, body: str) -> None:
    """The variable is made all the same: the old refresh token is used up. Nothing of the page reaches the log."""
    world.sandbox.faults.add(Fault(path=VARIABLES, body=body, method="GET"))

    assert refresh(world, "repository:team/hello/REFRESH").code == 0
    assert values(variables(world.sandbox)) == {"REFRESH": list(world.sandbox.refresh_tokens)[-1]}


@pytest.mark.parametrize(
    "following", ["https://evil.example.com/2.0/x", "http://api.bitbucket.org/2.0/x", "//evil.example.com/x", "/2.0/x"]
)
def test_the_next_page_is_on_the_same_host(world: World, following: str) -> None:
    """No other gets the token, and nothing is looked for there."""
    body = json.dumps({"values": [], "next": following})
    world.sandbox.faults.add(Fault(path=VARIABLES, body=body))
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 0
    assert [(request.method, request.host) for request in outcome.requests[1:]] == [
        ("GET", "api.bitbucket.org"),
        ("POST", "api.bitbucket.org"),
    ]
    assert set(outcome.connects) == {"bitbucket.org:443 200", "api.bitbucket.org:443 200"}


def test_trouble_with_the_variable_is_tried_again(world: World) -> None:
    """As with the token."""
    world.sandbox.faults.add(Fault(path=VARIABLES, status=503), Fault(path=VARIABLES, status=429))

    assert refresh(world, "repository:team/hello/REFRESH").code == 0
    assert values(variables(world.sandbox)) == {"REFRESH": list(world.sandbox.refresh_tokens)[-1]}


def test_a_lost_answer_is_asked_for_again(world: World) -> None:
    """Bitbucket Cloud takes the same refresh token again within ten minutes."""
    world.sandbox.faults.add(Fault(path="/site/oauth2/access_token", kind="truncated"))
    outcome = refresh(world, "file:token")

    assert outcome.code == 0
    assert len(outcome.requests) == 2
    assert stored(world) == list(world.sandbox.refresh_tokens)[-1]


@pytest.mark.sandbox(refresh_grace=-1.0)
def test_a_used_refresh_token_is_refused(world: World) -> None:
    """Exit 3. The one in the file is blamed, and not the input."""
    first = world.sandbox.refresh_token()
    (world.work / "token").write_text(first)
    assert refresh(world, "file:token", token=first).code == 0
    (world.work / "token").write_text(first)
    outcome = refresh(world, "file:token")

    assert outcome.code == 3
    assert "came from" in outcome.failure
    assert "set refresh-token anew" in outcome.failure

    (world.work / "token").unlink()
    outcome = refresh(world, "file:token", token=first)
    assert outcome.code == 3
    assert "came from" not in outcome.failure
    assert "Log in again with bitbucket-token login" in outcome.failure
    assert "scope" not in outcome.failure


def test_cloud_needs_a_place_for_the_new_one(world: World) -> None:
    """Told before the refresh token is used up."""
    outcome = refresh(world, "")

    assert outcome.code == 2
    assert "refresh-token-store is missing" in outcome.failure
    assert outcome.requests == []


def test_a_refresh_token_is_needed(world: World) -> None:
    """Unless the file holds one."""
    env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN_STORE": "file:token"}
    outcome = run_program(world, env=env, may_export=True)

    assert outcome.code == 2
    assert "refresh-token is missing" in outcome.failure


@pytest.mark.parametrize("store", ["file:no/token", "file:/proc/token", "file:token"])
def test_a_file_that_cannot_be_written(world: World, store: str) -> None:
    """Exit 7 before the refresh token is used up."""
    (world.work / "token").mkdir()
    outcome = refresh(world, store)

    assert outcome.code == 7
    assert outcome.requests == []
    assert "refresh-token-store" in outcome.failure


@pytest.mark.parametrize("auth", ["basic", "body"])
def test_a_data_center(world: World, auth: str) -> None:
    """Its context path is kept; a place for the new one is needed there too, since it came with a new one."""
    base = world.sandbox.data_center_url
    outcome = refresh(world, "file:token", BASE_URL=base, CLIENT_AUTH=auth, CA_FILE=str(world.sandbox.ca_file))

    assert outcome.code == 0
    assert outcome.requests[0].path == "/bitbucket/rest/oauth2/latest/token"
    assert stored(world) == list(world.sandbox.refresh_tokens)[-1]

    outcome = refresh(world, "", BASE_URL=base, CLIENT_AUTH=auth)
    assert outcome.code == 7
    assert "there is no place for the new one" in outcome.failure


def test_a_server_that_does_not_rotate_needs_no_place(world: World) -> None:
    """It answers without a refresh token, or with the same."""
    token = world.sandbox.refresh_token()
    for answer in ({}, {"refresh_token": token}):
        body = json.dumps({"access_token": "an-opaque-token-of-another-server", **answer})
        world.sandbox.faults.add(Fault(body=body))
        env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN": token}
        env["TOKEN_URL"] = world.sandbox.rfc_token_url
        assert run_program(world, env=env, tokens=["an-opaque-token-of-another-server"]).code == 0


@pytest.mark.parametrize("value", [7, "two words", "x" * 70_000, ["x"], "line\nend"], ids=lambda value: str(value)[:9])
def test_a_refresh_token_that_cannot_be_one(world: World, value: object) -> None:
    """Exit 5."""
    body = json.dumps({"access_token": "an-opaque-token-of-another-server", "refresh_token": value})
    world.sandbox.faults.add(Fault(body=body))
    outcome = refresh(world, "file:token")

    assert outcome.code == 5
    assert "refresh_token that cannot be one" in outcome.failure
    assert "work/token" not in outcome.files


def test_a_server_that_repeats_the_new_refresh_token(world: World) -> None:
    """In an error of the API, after it was learnt."""
    new = "a-new-refresh-token-that-is-repeated"
    answer = {"access_token": "an-opaque-token-of-another-server", "refresh_token": new}
    world.sandbox.faults.add(Fault(path="/site/oauth2/access_token", body=json.dumps(answer)))
    echo = json.dumps({"type": "error", "error": {"message": f"{new} an-opaque-token-of-another-server"}})
    world.sandbox.faults.add(
        Fault(path="/2.0/workspaces/team/pipelines-config/variables", status=400, body=echo, times=None)
    )
    env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN": world.sandbox.refresh_token()}
    env["REFRESH_TOKEN_STORE"] = "workspace:team/REFRESH"
    outcome = run_program(world, env=env, tokens=[answer["access_token"], new])

    assert outcome.code == 7
    assert '"*** ***"' in outcome.failure


def test_an_interrupt_waits_for_the_store(world: World) -> None:
    """The old refresh token is used up by then."""

    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        world.sandbox.journal.wait_for(lambda found: found[-1:] != [] and found[-1].path == path, timeout=20)
        process.send_signal(signal.SIGTERM)

    path = "/2.0/workspaces/team/pipelines-config/variables"
    world.sandbox.faults.add(Fault(path=path, kind="delay", seconds=2.0))
    env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN": world.sandbox.refresh_token()}
    env["REFRESH_TOKEN_STORE"] = "workspace:team/REFRESH"
    outcome = run_program(world, env=env, during=interrupt)

    assert outcome.code == 143
    new = list(world.sandbox.refresh_tokens)[-1]
    assert values(world.sandbox.repositories.workspace_variables["team"]) == {"REFRESH": new}
    assert "may not" not in outcome.out


def test_a_deadline_before_the_new_one_is_stored(world: World) -> None:
    """Exit 7, and not 4: the refresh token is what is at stake."""
    world.sandbox.faults.add(Fault(path="/2.0/workspaces/team/pipelines-config/variables", kind="delay", seconds=20.0))
    outcome = refresh(world, "workspace:team/REFRESH", DEADLINE="2")

    assert outcome.code == 7
    assert "about ten minutes" in outcome.failure


def test_variables_of_the_job_with_such_names_are_somebody_elses(world: World) -> None:
    """`CODE`, `USERNAME` and `REFRESH_TOKEN` mean nothing to another grant."""
    env = {**world.consumer, "CODE": "x y\n", "USERNAME": "runner", "REFRESH_TOKEN": "short", "ACCESS_TOKEN": " "}
    outcome = run_program(world, env=env)

    assert outcome.code == 0
    assert Path(world.work / ".bitbucket-token/env").exists()
