"""A Data Center's API: other addresses, other pages, other refusals."""

import json

import pytest

from tests.api.conftest import Caller, asked, lines
from tests.grants.center import Center
from tests.program import Outcome

PROJECTS = "/bitbucket/rest/api/latest/projects"


def ask(caller: Caller, *arguments: str, **variables: str) -> Outcome:
    """Run with an HTTP access token of the pipeline's user."""
    center = caller.world.sandbox.data_center
    token = center.mint(f"users/{center.bot.slug}", "for the test").value
    env = {"BASE_URL": caller.world.sandbox.data_center_url, "BITBUCKET_ACCESS_TOKEN": token, **variables}
    return caller.run(*arguments, env=env)


@pytest.mark.parametrize("path", ["projects", "/projects", "/rest/api/latest/projects", "absolute"])
def test_a_path_may_be_written_in_each_usual_way(caller: Caller, path: str) -> None:
    """The context path stays."""
    path = f"{caller.world.sandbox.data_center_url}/rest/api/latest/projects" if path == "absolute" else path
    outcome = ask(caller, path)

    assert outcome.code == 0
    assert {project["key"] for project in lines(outcome)[0]["values"]} == {"PRJ", "TOP", "~bot"}
    assert asked(outcome) == [f"GET {PROJECTS}"]


def test_a_list_is_followed_to_its_end(caller: Caller) -> None:
    """By the number that each page names; a hundred are asked for, and the server gives what it allows."""
    caller.world.sandbox.data_center.projects["PRJ"] = {f"r{number:02}" for number in range(60)}
    outcome = ask(caller, "projects/PRJ/repos", "--paginate")

    assert [value["slug"] for value in lines(outcome)] == [f"r{number:02}" for number in range(60)]
    assert [one.partition("?")[2] for one in asked(outcome)] == [
        "limit=100",
        "limit=100&start=25",
        "limit=100&start=50",
    ]


@pytest.mark.parametrize("following", [0, -1, None, "25", True, 1.5])
def test_a_list_that_goes_nowhere_ends(caller: Caller, following: object) -> None:
    """Exit 5, after what came."""
    page = {"values": [1], "isLastPage": False, "nextPageStart": following}
    caller.fault(f"{PROJECTS}*", body=json.dumps(page), times=None)
    outcome = ask(caller, "projects", "--paginate")

    assert (outcome.code, outcome.out) == (5, "1\n")
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("more", [{}, {"isLastPage": None}, {"isLastPage": "false"}, {"isLastPage": 0}])
def test_a_page_that_names_the_next_is_not_the_last(caller: Caller, more: dict[str, object]) -> None:
    """Even if it does not say so: a list that ends early looks like a whole one."""
    caller.fault(f"{PROJECTS}*", body=json.dumps({"values": [1], "nextPageStart": 7, **more}))
    caller.fault(f"{PROJECTS}*", body=json.dumps({"values": [2], **more}))
    outcome = ask(caller, "projects", "--paginate")

    assert (outcome.code, outcome.out) == (0, "1\n2\n")
    assert asked(outcome)[1:] == [f"GET {PROJECTS}?limit=100&start=7"]


def test_the_last_page_is_the_last(caller: Caller) -> None:
    """Whatever it names as the next one."""
    caller.fault(f"{PROJECTS}*", body=json.dumps({"values": [1], "isLastPage": True, "nextPageStart": 7}))
    outcome = ask(caller, "projects", "--paginate")

    assert (outcome.code, outcome.out) == (0, "1\n")
    assert len(outcome.requests) == 1


def test_a_list_may_begin_in_the_middle(caller: Caller) -> None:
    """As the path says."""
    caller.world.sandbox.data_center.projects["PRJ"] = {f"r{number:02}" for number in range(30)}
    outcome = ask(caller, "projects/PRJ/repos?start=20&limit=5", "--paginate")

    assert len(lines(outcome)) == 10
    assert asked(outcome)[1] == f"GET {PROJECTS}/PRJ/repos?limit=5&start=25"


@pytest.mark.parametrize(
    ("path", "fault", "code", "said"),
    [
        ("projects/NONE/repos", {}, 6, "does not exist, is misspelt"),
        ("nothing", {}, 5, "base-url lacks the context path"),
        ("x", {"status": 429, "times": None}, 5, "too many requests"),
        ("x", {"status": 503, "times": None}, 5, "in trouble"),
        ("x", {"kind": "redirect", "location": "http://elsewhere.example/"}, 5, "never followed"),
        ("x", {"status": 403, "body": '{"errors": [{"message": "No."}]}'}, 6, '"No."'),
        ("x", {"status": 409, "body": '{"errors": [{"message": "It is there."}]}'}, 5, '"It is there."'),
    ],
)
def test_a_refusal_has_its_exit_code(caller: Caller, path: str, fault: dict[str, object], code: int, said: str) -> None:
    """Each with advice."""
    if fault:
        caller.fault("/bitbucket/rest/*", **fault)
    outcome = ask(caller, path)

    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.failure


def test_a_token_that_nobody_has_is_refused(caller: Caller) -> None:
    """Exit 3; one whose user may not do this is good, and exit 6 says so."""
    unknown = ask(caller, "projects", BITBUCKET_ACCESS_TOKEN="not-a-token-of-this-server")
    known = ask(caller, "/rest/access-tokens/latest/projects/TOP")

    assert (unknown.code, known.code) == (3, 6)


def test_options_of_cloud_are_refused(caller: Caller) -> None:
    """What they would mean there is nothing that every resource knows."""
    outcome = ask(caller, "projects", "--query", "x")

    assert outcome.code == 2
    assert outcome.requests == []
    assert "--query is for Bitbucket Cloud" in outcome.failure


def ask_with_a_new_token(caller: Caller, *arguments: str, **variables: str) -> Outcome:
    """Run with the user's password, of which a token is made."""
    env = {**Center(caller.world).by_password, "GRANT": "http_access_token", "BITBUCKET_ACCESS_TOKEN": ""}
    return caller.run(*arguments, env={"BASE_URL": caller.world.sandbox.data_center_url, **env, **variables})


@pytest.mark.parametrize(("path", "code"), [("projects", 0), ("projects/NONE", 6)])
def test_a_token_made_for_the_call_ends_with_it(caller: Caller, path: str, code: int) -> None:
    """It would be valid for a day, and nobody knows it."""
    outcome = ask_with_a_new_token(caller, path)

    assert outcome.code == code
    assert Center(caller.world).tokens == []
    assert [request.method for request in outcome.requests].count("DELETE") == 1
    assert "Deleted the token called " in outcome.told
    assert bool(outcome.out) == (code == 0)


def test_what_cannot_be_deleted_then_is_a_warning(caller: Caller) -> None:
    """The answer is there all the same; `revoke: false` does not even try."""
    caller.fault("/bitbucket/rest/access-tokens/*", method="DELETE", status=500, times=3)
    outcome = ask_with_a_new_token(caller, "projects")
    assert outcome.code == 0
    assert "Warning: The token called " in outcome.told

    outcome = ask_with_a_new_token(caller, "projects", REVOKE="false")
    assert outcome.code == 0
    assert len(Center(caller.world).tokens) == 2


def test_the_token_of_an_earlier_step_stays(caller: Caller) -> None:
    """Others use it."""
    assert ask(caller, "projects", GRANT="http_access_token", **Center(caller.world).by_password).code == 0
    assert len(Center(caller.world).tokens) == 1


def test_the_server_of_the_token_is_asked_unless_another_is_named(caller: Caller) -> None:
    """A forgotten base-url does not send a Data Center's token to Bitbucket Cloud."""
    server = caller.world.sandbox.data_center_url
    outcome = ask(caller, "/rest/api/latest/projects", BASE_URL="", BITBUCKET_ACCESS_TOKEN_ORIGIN=server)

    assert outcome.code == 0
    assert asked(outcome) == [f"GET {PROJECTS}"]


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [("https://bitbucket.org/", ""), ("", "https://git.example.com"), ("", "not an address"), ("", "http://x.example")],
)
def test_the_token_of_one_server_is_not_sent_to_another(caller: Caller, base_url: str, origin: str) -> None:
    """Exit 2, and nothing is sent."""
    server = caller.world.sandbox.data_center_url
    given = {"BASE_URL": base_url or server, "BITBUCKET_ACCESS_TOKEN_ORIGIN": origin or server}
    outcome = ask(caller, "projects", **(given if origin else {**given, "BASE_URL": "https://other.example.com"}))

    assert outcome.code == 2
    assert outcome.requests == []
