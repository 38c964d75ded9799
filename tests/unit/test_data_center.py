"""The client of a Data Center's lists, and the name that a CI system gives a job."""

from json import dumps
from pathlib import Path
from typing import TypeVar, cast

import pytest

from pipe import ci
from pipe.bitbucket.access_tokens import AccessTokens, Owner, parse_owner
from pipe.bitbucket.data_center import Caller, DataCenter
from pipe.bitbucket.paging import MOST_PAGES
from pipe.errors import AnswerError, InputError
from pipe.http.context import Context
from pipe.http.responses import Response
from pipe.http.retry import Deadline, RetryPolicy
from pipe.redaction.secret import Secret
from tests.unit.conftest import Written

Result = TypeVar("Result")


class EndlessHttp:
    """A server whose lists have no last page."""

    def __init__(self) -> None:
        self.starts: list[str] = []

    def send(self, method: str, url: str, *, headers: dict[str, str], json: object = None) -> Response:
        self.starts.append(url.partition("start=")[2])
        body = {"isLastPage": False, "values": [], "nextPageStart": int(self.starts[-1]) + 1}
        return Response(200, {}, dumps(body).encode(), "git.example.com")


class Once:
    """A context that tries everything once."""

    def __init__(self) -> None:
        self.http = EndlessHttp()
        self.retries = RetryPolicy(1, Deadline(60), lambda _line: None, lambda _seconds: None)

    def masks(self) -> tuple[str, ...]:
        return ()


def test_a_list_without_end_ends() -> None:
    """Pages are counted: a faulty server does not keep the run busy until its deadline."""
    context = Once()
    caller = Caller("access-token", lambda _method, _url: Secret("Bearer x"))
    server = DataCenter(cast("Context", context), "https://git.example.com", caller)

    with pytest.raises(AnswerError, match=f"more than {MOST_PAGES} pages"):
        AccessTokens(server, Owner("user", ("bot",))).named("name".__eq__)

    assert len(context.http.starts) == MOST_PAGES + 1


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("user:bob", "users/bob"),
        ("user:b b&c", "users/b%20b%26c"),
        ("project:PRJ", "projects/PRJ"),
        ("project:~bob", "projects/~bob"),
        ("repository:PRJ/a.b", "projects/PRJ/repos/a.b"),
        ("repository:~bob/a?b", "projects/~bob/repos/a%3Fb"),
    ],
)
def test_names_are_parts_of_the_address_and_no_more(text: str, path: str) -> None:
    """Whatever stands in them."""
    assert parse_owner(text).path() == f"/rest/access-tokens/latest/{path}"


@pytest.mark.parametrize(
    "text", ["", "me", "user:", "user:a/b", "project:a/b", "repository:a", "repository:a/b/c", "user:.."]
)
def test_what_names_nobody_is_refused(text: str) -> None:
    """The error says what is allowed."""
    with pytest.raises(InputError) as caught:
        parse_owner(text)

    assert caught.value.now == "Allowed: user, user:SLUG, project:KEY, repository:KEY/SLUG."


@pytest.mark.parametrize("name", ci.names())
def test_a_job_has_a_name_of_its_own_or_none(name: str, written: Written) -> None:
    """All the variables that tell it apart are needed: without one of them, another job could have the same name."""
    system = ci.called(name)
    env = {variable: f"<{variable}>" for variable in system.build_variables}

    assert system(env, written.log, Path()).build_name() == " ".join(env.values())
    for missing in env:
        less = {variable: text for variable, text in env.items() if variable != missing}
        assert system(less, written.log, Path()).build_name() == ""


LEGS = {
    "woodpecker": ("CI_WORKFLOW_NUMBER", "1", "2"),
    "jenkins": ("EXECUTOR_NUMBER", "0", "1"),
    "drone": ("DRONE_STAGE_NUMBER", "1", "2"),
    "teamcity": ("BUILD_URL", "https://ci.example.com/build/7", "https://ci.example.com/build/8"),
    "gitlab": ("CI_JOB_ID", "7", "8"),
    "azure": ("SYSTEM_JOBID", "12f1170f", "3dc8fd7e"),
    "buildkite": ("BUILDKITE_JOB_ID", "7", "8"),
    "circleci": ("CIRCLE_NODE_INDEX", "0", "1"),
    "semaphore": ("SEMAPHORE_JOB_ID", "7", "8"),
    "bitbucket": ("BITBUCKET_STEP_UUID", "{7}", "{8}"),
}
"""What a system sets to different values in two legs of one matrix that run at once."""


@pytest.mark.parametrize("name", ci.names())
def test_the_legs_of_a_matrix_have_different_names(name: str, written: Written) -> None:
    """By a variable that differs; where no such variable is known, chance tells them apart."""
    system = ci.called(name)
    env = dict.fromkeys(system.build_variables, "the same")
    leg = system(env, written.log, Path())
    if name not in LEGS:
        assert leg.build_name() == "" or leg.build_try() is not None
        return

    variable, one, other = LEGS[name]
    first, second = (system({**env, variable: text}, written.log, Path()) for text in (one, other))
    assert first.build_name() != second.build_name()
    assert first.build_try() is None


@pytest.mark.parametrize(("text", "counted"), [("1", 1), ("12", 12), ("", 0), ("one", 0), ("1\n", 0), ("9" * 7, 0)])
def test_only_a_number_counts_tries(text: str, counted: int, written: Written) -> None:
    """Where another system only looks like GitHub, tries are not counted for the whole run."""
    env = {"GITHUB_RUN_ATTEMPT": text}
    tries = {name: ci.called(name)(env, written.log, Path()).build_try() for name in ("github", "gitea", "forgejo")}

    assert tries == {"github": counted, "gitea": 0, "forgejo": 0}


def test_jenkins_nodes_number_their_executors_each_for_itself(written: Written) -> None:
    """So the node is part of the name."""
    env = dict.fromkeys(ci.called("jenkins").build_variables, "0")
    legs = [ci.called("jenkins")({**env, "NODE_NAME": node}, written.log, Path()) for node in ("one", "two")]

    assert legs[0].build_name() != legs[1].build_name()
