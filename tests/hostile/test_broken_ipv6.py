"""A network with IPv6 addresses and no way out for them: three dead AAAA and one good A. In one, for real."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.program import Outcome, World, run_program
from tests.silence import in_own_network, swallowing

DEAD = ["fd00:db8::1", "fd00:db8::2", "fd00:db8::3"]
# Seconds: three times as long as a connection may take is what one address after the other costs.
TIMEOUT = 20
DEADLINE = 40

Run = Callable[..., Outcome]
Broken = Callable[[Callable[[World, Run], None]], None]


@pytest.fixture
def broken(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """Do something in such a network, with a Bitbucket at the good address."""

    def do(work: Callable[[World, Run], None]) -> None:
        def inside() -> None:
            with Sandbox() as sandbox, swallowing(*DEAD, port=sandbox.port):
                world = World(tmp_path_factory.mktemp("world-"), installed, sandbox)
                direct = {
                    **{"HTTPS_PROXY": "", "https_proxy": "", "NO_PROXY": "", "no_proxy": ""},
                    **{"TIMEOUT": str(TIMEOUT), "DEADLINE": str(DEADLINE), "MAX_ATTEMPTS": "1"},
                    "TOKEN_URL": sandbox.rfc_token_url.replace("127.0.0.1", "localhost"),
                }

                def run(*arguments: str, **more: str) -> Outcome:
                    return run_program(world, *arguments, env={**world.consumer, **direct, **more}, limit=DEADLINE + 10)

                work(world, run)

        in_own_network(inside, addresses={"localhost": [*DEAD, "127.0.0.1"]})

    return do


def test_dead_addresses_cost_a_small_part_of_a_timeout(broken: Broken) -> None:
    """One after the other they would take three times `timeout`, and the deadline would end the run."""

    def work(_: World, run: Run) -> None:
        outcome = run()
        assert outcome.code == 0
        assert outcome.seconds - outcome.waited < TIMEOUT / 2

    broken(work)


def test_a_check_names_the_dead_ones(broken: Broken) -> None:
    """As a warning: all is well otherwise, and each step takes as long as ever."""

    def work(_: World, run: Run) -> None:
        outcome = run("check", "--json")
        assert outcome.code == 0
        steps = {step["name"]: step for step in json.loads(outcome.out)["steps"]}
        facts = next(iter(steps["dns"]["facts"].values()))
        assert facts["silent"] == [f"fd00:0db8:0000:0000:0000:0000:0000:000{number}" for number in (1, 2, 3)]
        assert facts["addresses"][1] == "127.0.0.1"
        assert steps["dns"]["ok"] is True
        assert "no answer from fd00:0db8:" in steps["dns"]["what"]
        assert steps["dns"]["now"]
        assert steps["tls"]["ok"] is True
        assert outcome.seconds - outcome.waited < TIMEOUT

    broken(work)


def test_where_all_are_dead_the_timeout_is_told(broken: Broken) -> None:
    """As for one address; and the deadline holds, whatever the timeout is."""

    def work(_: World, run: Run) -> None:
        with swallowing(*DEAD, "127.0.0.1", port=1):
            outcome = run(TOKEN_URL="https://localhost:1/", TIMEOUT="2")
            late = run(TOKEN_URL="https://localhost:1/", TIMEOUT="60", DEADLINE="2")
        assert outcome.code == late.code == 4
        assert "localhost:1 did not answer within 2 s" in outcome.failure
        assert "within the deadline of 2 s" in late.failure

    broken(work)
