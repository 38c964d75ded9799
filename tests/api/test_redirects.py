"""Redirects: followed within the API, by requests that change nothing, and nowhere else."""

from itertools import pairwise

import pytest

from tests.api.conftest import API, LIST, Caller, asked, lines
from tests.program import Outcome, run_program

PULL_REQUEST = "repositories/team/hello/pullrequests/1"
FOLLOWED = (301, 302, 303, 307, 308)
SIGNATURE = "a-signature-that-opens-a-file"


@pytest.fixture
def pull_request(caller: Caller) -> Caller:
    """There is one, in team/hello."""
    caller.world.sandbox.repositories.of("team")[0].pull_requests.append({"type": "pullrequest", "id": 1})
    return caller


def in_center(caller: Caller, *arguments: str) -> Outcome:
    """Ask the Data Center below the context path, as its user."""
    center = caller.world.sandbox.data_center
    token = center.mint(f"users/{center.bot.slug}", "x").value
    return caller.run(*arguments, BASE_URL=caller.world.sandbox.data_center_url, BITBUCKET_ACCESS_TOKEN=token)


@pytest.mark.parametrize(("kind", "start"), [("diff", "diff --git a/docs/"), ("patch", "From 58f9fea0ad1b")])
def test_what_a_pull_request_changes_is_found(pull_request: Caller, kind: str, start: str) -> None:
    """With the token, over the same connection, and without a word."""
    before = pull_request.world.sandbox.connections
    outcome = pull_request.run(f"{PULL_REQUEST}/{kind}")

    assert outcome.code == 0
    assert outcome.out.startswith(start)
    assert outcome.out.count("+Hello") == 12
    assert [request.authorization[0] for request in outcome.requests] == ["bearer", "bearer"]
    assert outcome.requests[0].authorization == outcome.requests[1].authorization
    assert pull_request.world.sandbox.connections - before == 1
    assert outcome.told == f"Asking api.bitbucket.org: GET {PULL_REQUEST}/{kind}.\n"


def test_a_list_is_followed_where_it_is(pull_request: Caller) -> None:
    """To its end; the redirect does not hand on what was asked for, which is asked for all the same."""
    options = ("--paginate", "--page-length", "10", "--fields", "values.new.path")
    outcome = pull_request.run(f"{PULL_REQUEST}/diffstat", *options)
    first, second, third = (request.parameters for request in outcome.requests)

    assert outcome.code == 0
    assert [one["new"]["path"] for one in lines(outcome)] == [f"docs/chapter-{n:02}.md" for n in range(1, 13)]
    assert first == {"fields": "values.new.path,next,page,pagelen,size", "pagelen": "10"}
    assert second == {"from_pullrequest_id": "1", "topic": "true", **first}
    assert third == {**second, "page": "2"}
    assert "%0D" in outcome.requests[1].path


def test_what_the_redirect_says_itself_is_kept(caller: Caller) -> None:
    """Its own page length counts."""
    caller.fault(kind="redirect", location=f"{API}/repositories/team?pagelen=11")
    outcome = caller.run("old?pagelen=20&sort=slug&x=y")

    assert outcome.code == 0
    assert asked(outcome)[1:] == ["GET /2.0/repositories/team?pagelen=11&sort=slug"]


def test_a_page_length_that_is_refused_there_is_shortened(caller: Caller) -> None:
    """As without a redirect."""
    caller.fault(f"{LIST}/old", kind="redirect", location=f"{API}/repositories/team/hello/pullrequests", times=None)
    outcome = caller.run("repositories/team/old", "--paginate")

    assert outcome.code == 0
    assert [one.rpartition("/")[2] for one in asked(outcome)] == [
        *("old?pagelen=100", "pullrequests?pagelen=100"),
        *("old?pagelen=50", "pullrequests?pagelen=50"),
    ]


def test_a_next_page_may_be_elsewhere_too(caller: Caller) -> None:
    """In the middle of a list."""
    caller.answer({"values": [1], "next": f"{API}/repositories/team?page=7"})
    caller.fault(LIST, kind="redirect", location="/2.0/repositories/team?page=8")
    caller.answer({"values": [2]})
    outcome = caller.run("repositories/team", "--paginate")

    assert (outcome.code, outcome.out) == (0, "1\n2\n")
    assert len(outcome.requests) == 3


@pytest.mark.parametrize("status", FOLLOWED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_each_status_that_names_an_address_is_followed(caller: Caller, status: int, method: str) -> None:
    """By the same method."""
    caller.fault("/2.0/a", kind="redirect", status=status, location=f"{API}/b")
    caller.fault("/2.0/b", status=200, body="" if method == "HEAD" else "1")
    outcome = caller.run("a", "--method", method)

    assert outcome.code == 0
    assert asked(outcome) == [f"{method} /2.0/a", f"{method} /2.0/b"]


@pytest.mark.parametrize("status", [300, 304, 305, 306, 309])
def test_no_other_status_is(caller: Caller, status: int) -> None:
    """Exit 5."""
    caller.fault(kind="redirect", status=status, location=f"{API}/user")
    outcome = caller.run("a")

    assert outcome.code == 5
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("status", FOLLOWED)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_goes_nowhere_else(caller: Caller, status: int, method: str) -> None:
    """It is told where to."""
    caller.fault(kind="redirect", status=status, location=f"{API}/b")
    outcome = caller.run("a", "--method", method)

    assert outcome.code == 5
    assert len(outcome.requests) == 1
    assert "which GET and HEAD alone follow" in outcome.failure
    assert f"Now: Ask for {API}/b" in outcome.failure


@pytest.mark.parametrize(
    ("location", "path"),
    [
        *(("/2.0/user", "GET /2.0/user"), ("//api.bitbucket.org/2.0/user", "GET /2.0/user")),
        ("HTTPS://API.bitbucket.org:443/2.0/user", "GET /2.0/user"),
        ("diff/team/hello:a%0Db", "GET /2.0/repositories/team/diff/team/hello:a%0Db"),
        *(("../../user", "GET /2.0/user"), ("./x?y=z", "GET /2.0/repositories/team/x?y=z")),
        ("?page=2", "GET /2.0/repositories/team/hello?page=2"),
        ("x/", "GET /2.0/repositories/team/x/"),
        ("/2.0/x%2Fy/main..z", "GET /2.0/x%2Fy/main..z"),
    ],
)
def test_a_relative_address_is_one_beside_that_which_was_asked(caller: Caller, location: str, path: str) -> None:
    """RFC 9110 section 10.2.2."""
    caller.fault("/2.0/repositories/team/hello", kind="redirect", location=location)
    caller.fault(body="1")
    outcome = caller.run("repositories/team/hello?a=b")

    assert (outcome.code, outcome.out) == (0, "1\n")
    assert asked(outcome)[1:] == [path]


@pytest.mark.parametrize(
    ("location", "more"),
    [
        (f"https://evil.example/2.0/x?{SIGNATURE}", ("--paginate",)),
        (f"//evil.example/2.0/{SIGNATURE}", ("--method", "HEAD")),
        ("http://api.bitbucket.org/2.0/user", ()),
        *((f"http://files.example/x?{SIGNATURE}", ()), (f"https://{SIGNATURE}:p@files.example/x", ())),
        *((f"https://{SIGNATURE}%40files.example/x", ()), (f"https://bitbucket.org/team/hello/src/{SIGNATURE}", ())),
        (f"https://bitbucket.org/account/signin/?next=/{SIGNATURE}", ()),
        (f"https://bitbucket.org/team/hello/get/../../../account/{SIGNATURE}", ()),
        (f"https://BITBUCKET.org:444/team/hello/get/{SIGNATURE}", ()),
        *(("https://api.bitbucket.org:444/2.0/user", ()), (f"https://{SIGNATURE}:p@api.bitbucket.org/2.0/user", ())),
        ("https://api.bitbucket.org\\@evil.example/2.0/", ("--paginate",)),
        (f"https://api.bitbucket.org/account/signin?{SIGNATURE}", ()),
        ("/2.0/../internal", ()),
        ("/2.0/x/..%2f..%2finternal", ("--method", "HEAD")),
        ("", ()),
    ],
)
def test_the_token_goes_nowhere_else(caller: Caller, location: str, more: tuple[str, ...]) -> None:
    """Exit 5; where to is not told but for the host, as a signature could stand there."""
    caller.fault(kind="redirect", location=location)
    outcome = caller.run("repositories/team/hello/downloads/x", *more, secrets=[SIGNATURE])

    assert outcome.code == 5
    assert len(outcome.requests) == 1
    assert set(outcome.connects) == {"api.bitbucket.org:443 200"}
    assert "never followed with a secret in hand" in outcome.failure
    assert "another server keeps the file, and only a GET without --paginate goes there" in outcome.failure


def test_a_redirect_without_an_address_is_a_failure(caller: Caller) -> None:
    """There is nowhere to go."""
    caller.fault(status=302)
    outcome = caller.run("user")

    assert outcome.code == 5
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("more", [(), ("--paginate",)])
@pytest.mark.parametrize(("count", "code"), [(5, 0), (6, 5)])
def test_so_many_are_followed_in_a_row(caller: Caller, count: int, code: int, more: tuple[str, ...]) -> None:
    """Five, and no more."""
    for number in range(count):
        caller.fault(f"/2.0/{number}", kind="redirect", location=f"{number + 1}")
    caller.fault(f"/2.0/{count}", body="1" if not more else '{"values": [1]}')
    outcome = caller.run("0", *more)

    assert outcome.code == code
    assert len(outcome.requests) == 6
    assert outcome.out == ("" if code else "1\n")
    assert not code or "api.bitbucket.org redirects more than 5 times in a row (HTTP 302)" in outcome.failure


@pytest.mark.parametrize("circle", [["/2.0/a", "/2.0/a"], ["/2.0/a", "/2.0/b", "/2.0/a"], ["/2.0/a", "/2.0/b", "b?"]])
def test_a_circle_is_left_at_once(caller: Caller, circle: list[str]) -> None:
    """Exit 5."""
    for here, there in pairwise(circle):
        caller.fault(here, kind="redirect", location=there, times=None)
    outcome = caller.run("a")

    assert outcome.code == 5
    assert len(outcome.requests) == len(circle) - 1
    assert "api.bitbucket.org redirects in a circle (HTTP 302)" in outcome.failure


def test_each_request_on_the_way_has_all_its_tries(caller: Caller) -> None:
    """Trouble that passes is waited for, before the redirect and behind it."""
    for path in ("/2.0/a", "/2.0/b"):
        caller.fault(path, status=503, times=2)
        caller.fault(path, kind="redirect" if path == "/2.0/a" else "answer", location="b", body="1")
    outcome = caller.run("a")

    assert (outcome.code, outcome.out) == (0, "1\n")
    assert [one[-1] for one in asked(outcome)] == ["a", "a", "a", "b", "b", "b"]
    assert outcome.told.count("Attempt 2 of 3") == 2


@pytest.mark.parametrize(("status", "code"), [(404, 6), (401, 3), (410, 5), (503, 5)])
def test_a_refusal_behind_it_is_what_it_is(caller: Caller, status: int, code: int) -> None:
    """With its exit code."""
    caller.fault("/2.0/a", kind="redirect", location="b")
    caller.answer({"type": "error", "error": {"message": "No."}}, "/2.0/b", status=status, times=None)

    assert caller.run("a", MAX_ATTEMPTS="1").code == code


def test_the_pace_holds_on_the_way(caller: Caller) -> None:
    """A request that follows is one of those that are counted."""
    near = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": "3600"}
    caller.fault("/2.0/a", kind="redirect", location="b", headers=near)
    caller.fault("/2.0/b", body="1", headers=near)
    outcome = caller.run("a")

    assert outcome.code == 0
    assert outcome.requests[1].time - outcome.requests[0].time >= 0.9


def test_so_does_the_deadline(caller: Caller) -> None:
    """Exit 4."""
    caller.fault("/2.0/a", kind="redirect", location="b")
    caller.fault("/2.0/b", kind="silence")
    outcome = caller.run("a", TIMEOUT="60", DEADLINE="2")

    assert outcome.code == 4
    assert len(outcome.requests) == 2


def test_a_data_centers_redirect_is_followed_below_rest(caller: Caller) -> None:
    """And its pages are asked for there."""
    caller.world.sandbox.data_center.projects["PRJ"] = {f"r{number:02}" for number in range(30)}
    path = "/bitbucket/rest/api/latest/projects"
    caller.fault(f"{path}/OLD/repos", kind="redirect", status=301, location=f"{path}/PRJ/repos")
    outcome = in_center(caller, "projects/OLD/repos", "--paginate", "--page-length", "20")

    assert outcome.code == 0
    assert [one["slug"] for one in lines(outcome)] == [f"r{number:02}" for number in range(30)]
    assert asked(outcome) == [
        f"GET {path}/OLD/repos?limit=20",
        f"GET {path}/PRJ/repos?limit=20",
        f"GET {path}/PRJ/repos?limit=20&start=20",
    ]


@pytest.mark.parametrize(
    "location",
    ["/bitbucket/login?next=/x", "/bitbucket/rest", "/rest/api/latest/users", "/jira/rest/x", "/x", "..;/..;/x"],
)
@pytest.mark.parametrize("whole", [True, False])
def test_its_host_has_other_addresses_that_get_no_token(caller: Caller, location: str, *, whole: bool) -> None:
    """A login page, an application beside it."""
    base = caller.world.sandbox.data_center_url.removesuffix("/bitbucket")
    caller.fault(
        "/bitbucket/*", kind="redirect", location=base + location if whole and location[0] == "/" else location
    )
    outcome = in_center(caller, "projects")

    assert outcome.code == 5
    assert len(outcome.requests) == 1
    assert "It leads to a login page" in outcome.failure
    assert "next=" not in outcome.failure


@pytest.mark.parametrize("arguments", [("--verify", "team/hello"), ("check", "--verify", "team/hello")])
def test_nothing_but_api_follows(caller: Caller, arguments: tuple[str, ...]) -> None:
    """Neither a run's own question to the API nor that of `check`."""
    caller.fault("/2.0/*", kind="redirect", location=f"{API}/repositories/team/hello/x", times=None)
    outcome = run_program(caller.world, *arguments, env={**caller.world.consumer, "MAX_ATTEMPTS": "1"})

    assert outcome.code == 5
    assert {request.path for request in outcome.requests} <= {
        *("/site/oauth2/access_token", "/2.0/user", "/2.0/repositories/team/hello", "/2.0/repositories/team"),
    }
