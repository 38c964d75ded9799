"""How fast it asks: tries again, waits as it is told, and makes an allowance last."""

import pytest

from tests.api.conftest import API, Caller, lines

TEAM = "repositories/team"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_for(caller: Caller, status: int) -> None:
    """In the middle of a list too, and announced on standard error."""
    caller.answer({"values": [1], "next": f"{API}/{TEAM}?page=2"})
    caller.fault(status=status)
    caller.answer({"values": [2]})
    outcome = caller.run(TEAM, "--paginate")

    assert (outcome.code, outcome.out) == (0, "1\n2\n")
    assert f"Attempt 1 of 3: api.bitbucket.org {'has had' if status == 429 else 'is in trouble'}" in outcome.told


def test_the_server_says_how_long(caller: Caller) -> None:
    """Retry-After is kept."""
    caller.fault(status=429, retry_after=2)
    outcome = caller.run("user")

    assert outcome.code == 0
    assert outcome.requests[1].time - outcome.requests[0].time >= 1.9


def test_a_wait_beyond_the_deadline_is_told_at_once(caller: Caller) -> None:
    """Exit 5."""
    caller.fault(status=429, retry_after=4000)
    outcome = caller.run("user")

    assert outcome.code == 5
    assert outcome.seconds < 10
    assert "after this run's deadline of 3600 s" in outcome.failure


def test_an_allowance_that_runs_low_is_made_to_last(caller: Caller) -> None:
    """Said once; from then on 3600 seconds over the limit lie between two requests, whoever sends them."""
    caller.world.sandbox.api.rate_limit = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": "7200"}
    outcome = caller.run(TEAM, "user", TEAM, "--paginate", "--page-length", "10")
    times = sorted(request.time for request in outcome.requests)

    assert outcome.code == 0
    assert len(lines(outcome)) == 25
    assert times[-1] - times[0] >= 0.9
    assert outcome.told.count("allowance runs low: from now on one request every 0.5 s") == 1


def test_an_allowance_that_cannot_last_is_told(caller: Caller) -> None:
    """The next request would come after the deadline."""
    caller.world.sandbox.api.rate_limit = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": "1"}
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10")

    assert outcome.code == 5
    assert len(lines(outcome)) == 10
    assert outcome.seconds < 10
    assert "beyond the deadline" in outcome.failure


def test_an_allowance_that_is_large_slows_nothing_down(caller: Caller) -> None:
    """The headers are there, but nothing is near."""
    caller.world.sandbox.api.rate_limit = {"X-RateLimit-NearLimit": "false", "X-RateLimit-Limit": "1"}
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10")

    assert outcome.code == 0
    assert "allowance" not in outcome.told
