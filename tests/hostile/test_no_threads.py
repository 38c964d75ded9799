"""No thread can be started: a limit on processes, or a seccomp profile that knows no clone3. The run goes on."""

from collections.abc import Sequence

import pytest

from sandbox import Fault
from tests.parts import need
from tests.program import World, run_program

REFUSED = ("-e", "trace=clone,clone3", "-e", "inject=clone,clone3:error=EAGAIN")


@pytest.fixture
def prefix() -> Sequence[str]:
    """What starts the program so that Linux refuses it each thread."""
    return (need("strace"), "-f", "-qqq", "-o", "/dev/null", *REFUSED)


def test_a_token_is_had_without_a_thread(world: World, prefix: Sequence[str]) -> None:
    """As with one."""
    outcome = run_program(world, env={**world.github(), **world.consumer}, prefix=prefix)

    assert outcome.code == 0
    assert "runner/env" in outcome.files


@pytest.mark.parametrize("arguments", [("check",), ("api", "user")], ids=" ".join)
def test_so_is_all_else(world: World, prefix: Sequence[str], arguments: tuple[str, ...]) -> None:
    """What is done side by side elsewhere is done one after the other."""
    token = world.sandbox.mint_token()
    env = {**world.consumer, "BITBUCKET_ACCESS_TOKEN": token.value}

    assert run_program(world, *arguments, env=env, prefix=prefix).code == 0


@pytest.mark.parametrize("arguments", [(), ("api", "user")], ids=["run", "api"])
def test_the_deadline_holds_without_a_thread(world: World, prefix: Sequence[str], arguments: tuple[str, ...]) -> None:
    """The alarm that is behind it ends a server that drips."""
    world.sandbox.faults.add(Fault(kind="drip-head", interval=0.5, times=None))
    env = {**world.consumer, "BITBUCKET_ACCESS_TOKEN": world.sandbox.mint_token().value, "DEADLINE": "2"}
    outcome = run_program(world, *arguments, env=env, prefix=prefix)

    assert outcome.code == 4
    assert "gave no whole answer within the deadline of 2 s" in outcome.failure
