"""A server that comes back, and a crowd at its door: a run with the usual settings gets its token in the end."""

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import Fault
from tests.oracle import Oracle
from tests.program import World, run_program

CROWD = 100


def heal(world: World, seconds: float) -> Callable[["subprocess.Popen[bytes]"], None]:
    """Let everything go right so long after the run has begun."""

    def act(_process: "subprocess.Popen[bytes]") -> None:
        threading.Timer(seconds, world.sandbox.faults.clear).start()

    return act


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, times=None),
        Fault(status=429, times=None),
        Fault(kind="connect-reset", times=None),
        Fault(kind="close", times=None),
    ],
    ids=["503", "429", "reset", "close"],
)
def test_an_outage_of_some_seconds_is_outlived(world: World, fault: Fault) -> None:
    """Five tries within as many seconds, which was all that a run made, were not enough."""
    world.sandbox.faults.add(fault)
    outcome = run_program(world, env={**world.github(), **world.consumer}, during=heal(world, 6), limit=60)

    assert outcome.code == 0
    assert "Attempt 1: " in outcome.shown
    assert outcome.shown.count("Next try in") <= 12


@pytest.mark.parametrize("kind", ["503", "429"])
def test_it_is_tried_until_the_deadline(world: World, kind: str) -> None:
    """And no longer; the last failure is told."""
    world.sandbox.faults.add(Fault(status=int(kind), times=None))
    outcome = run_program(world, env={**world.consumer, "DEADLINE": "4"})

    assert outcome.code == 5
    assert outcome.seconds > 3
    assert f"(HTTP {kind})" in outcome.failure


def test_a_bound_on_the_attempts_is_kept(world: World) -> None:
    """For those who want one."""
    world.sandbox.faults.add(Fault(status=503, times=None))
    outcome = run_program(world, "--max-attempts", "3", env=world.consumer)

    assert outcome.code == 5
    assert len(outcome.requests) == 3
    assert "Attempt 2 of 3: " in outcome.shown


@pytest.mark.sandbox(allowance=(34, 5.0))
def test_a_crowd_gets_its_tokens(world: World) -> None:
    """A hundred runs at once, for which there are thirty-four tokens in each five seconds, and 429 for all others."""
    env = {
        "HOME": str(world.home),
        "TMPDIR": str(world.temporary),
        **world.sandbox.environment(),
        **world.consumer,
        "PRINT": "raw",
    }

    def run(_number: int) -> "subprocess.CompletedProcess[str]":
        command = [str(world.python), "-I", "-m", "pipe"]
        return subprocess.run(
            command, env=env, cwd=world.work, capture_output=True, text=True, timeout=240, check=False
        )

    with ThreadPoolExecutor(CROWD) as pool:
        runs = list(pool.map(run, range(CROWD)))

    assert [found.stderr for found in runs if found.returncode] == []
    tokens = {found.stdout.strip() for found in runs}
    assert tokens == {token.value for token in world.sandbox.tokens}
    assert len(tokens) == CROWD
    assert len(world.sandbox.requests) <= 8 * CROWD
    oracle = Oracle([world.sandbox.consumer.secret, *tokens], key=world.sandbox.consumer.key)
    oracle.check("standard error", "".join(found.stderr for found in runs))


def test_a_doubt_about_a_new_token_is_not_believed_at_once(world: World) -> None:
    """Bitbucket refuses good tokens at times, when several jobs ask at once (BCLOUD-24107)."""
    world.sandbox.faults.add(Fault(path="/2.0/repositories/team/hello", status=401, times=2))
    outcome = run_program(world, "--verify", "team/hello", env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert len([request for request in outcome.requests if request.path.startswith("/2.0/")]) == 3


def test_a_third_one_is(world: World) -> None:
    """Then the token is not good for it."""
    world.sandbox.faults.add(Fault(path="/2.0/repositories/team/hello", status=401, times=3))
    outcome = run_program(world, "--verify", "team/hello", env={**world.github(), **world.consumer})

    assert outcome.code == 6
    assert "(HTTP 401)" in outcome.failure
