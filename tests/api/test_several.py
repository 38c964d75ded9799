"""Several paths at once: in order, bounded, and each with its own failure."""

import time

import pytest

from tests.api.conftest import API, Caller, lines

ONE = "/2.0/repositories/team/hello"


def test_answers_come_in_the_order_of_the_paths(caller: Caller) -> None:
    """Also if the first is the slowest; the lines of one list stay together."""
    caller.fault(ONE, kind="delay", seconds=0.7)
    paths = (
        "repositories/team/hello?fields=slug",
        "repositories/team?fields=values.slug&pagelen=10",
        "user?fields=type",
    )
    outcome = caller.run(*paths, "--paginate")
    slugs = [value.get("slug") for value in lines(outcome)]

    assert outcome.code == 0
    assert slugs == ["hello", "hello", *(f"service-{n:02}" for n in range(1, 12)), None]


def test_they_are_asked_at_once(caller: Caller) -> None:
    """The second does not wait for the first, but the third does where two is the bound."""
    caller.fault("/2.0/a", kind="delay", seconds=1.5)
    caller.fault("/2.0/b", kind="delay", seconds=0.1)
    outcome = caller.run("a", "b", "c", "--at-once", "2")
    times = {request.path: request.time for request in outcome.requests}

    assert abs(times["/2.0/b"] - times["/2.0/a"]) < 1.0
    assert times["/2.0/c"] - times["/2.0/a"] > 1.4


def test_many_paths_take_few_connections(caller: Caller) -> None:
    """As many as requests are in flight."""
    before = caller.world.sandbox.connections
    outcome = caller.run(*["user"] * 30, "--at-once", "2")

    assert (outcome.code, len(lines(outcome))) == (0, 30)
    assert caller.world.sandbox.connections - before <= 2


def test_one_that_fails_is_told_and_the_others_go_on(caller: Caller) -> None:
    """In three parts with its path; the first failure decides the exit code."""
    outcome = caller.run("user", "workspaces?x=y", "nothing", "user")

    assert outcome.code == 5
    assert len(lines(outcome)) == 2
    assert "✖ workspaces: api.bitbucket.org refused (HTTP 410)" in outcome.told
    assert "✖ nothing: api.bitbucket.org refused (HTTP 404)" in outcome.told
    assert outcome.told.count("  Why: ") == outcome.told.count("  Now: ") == 3
    assert "✖ 2 of 4 paths failed." in outcome.told


def test_a_list_that_breaks_off_leaves_no_half_line(caller: Caller) -> None:
    """What came is there, and the next path's lines follow."""
    caller.answer({"values": [1, 2], "next": f"{API}/repositories/team?page=2"})
    caller.fault("/2.0/repositories/team", kind="not-json")
    outcome = caller.run("repositories/team", "user?fields=type", "--paginate")

    assert outcome.code == 5
    assert outcome.out == '1\n2\n{"type":"app_user"}\n'


@pytest.mark.parametrize("bound", ["0", "17", "x"])
def test_the_bound_has_bounds(caller: Caller, bound: str) -> None:
    """One to sixteen."""
    outcome = caller.run("user", "--at-once", bound)

    assert outcome.code == 2
    assert outcome.requests == []


def test_the_deadline_ends_them_all(caller: Caller) -> None:
    """Exit 4, also if a server drips and another path is done."""
    caller.fault("/2.0/a", kind="drip-body", body="x" * 1000, interval=0.2)
    start = time.monotonic()
    outcome = caller.run("user", "a", "b", "c", "d", "e", "--deadline", "2")

    assert outcome.code == 4
    assert len(lines(outcome)) == 1
    assert time.monotonic() - start < 10
    assert "within the deadline of 2 s" in outcome.failure


def test_no_path_is_an_error(caller: Caller) -> None:
    """Exit 2."""
    assert caller.run().code == 2
