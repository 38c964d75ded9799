"""Both kinds of access token that Bitbucket gives today, by consumer: the long ones, and the short ones of before."""

import subprocess
from base64 import b64encode

import pytest

from sandbox import Consumer
from tests.oracle import Oracle
from tests.program import World, run_program

KINDS = ("long", "opaque")

# What people do with a token in a later line, and no line of it may show it: once as it is, once in lines of base64.
LATER_LINES = r"""
set -eu
. ./.bitbucket-token/env
printf %s "$BITBUCKET_ACCESS_TOKEN" >got
echo "the token is $BITBUCKET_ACCESS_TOKEN"
echo "https://x-token-auth:$BITBUCKET_ACCESS_TOKEN@bitbucket.org/team/hello.git" >&2
printf 'x-token-auth:%s' "$BITBUCKET_ACCESS_TOKEN" | base64
printf %s "$BITBUCKET_ACCESS_TOKEN" | base64 -w0
echo
printf %s "$BITBUCKET_ACCESS_TOKEN" | sed 's/=/%3D/g'
echo
set -x
: "$BITBUCKET_ACCESS_TOKEN"
"""


def consumer(world: World, kind: str) -> Consumer:
    """The one that gets tokens of this kind."""
    return world.sandbox.old_consumer if kind == "opaque" else world.sandbox.consumer


def keys(world: World, kind: str) -> dict[str, str]:
    """Its key and secret, as variables."""
    chosen = consumer(world, kind)
    return {"CONSUMER_KEY": chosen.key, "CONSUMER_SECRET": chosen.secret}


@pytest.mark.parametrize("kind", KINDS)
def test_the_token_is_masked_and_exported_whole(world: World, kind: str) -> None:
    """Masked in every form before anything else is said, and then exported as it came."""
    outcome = run_program(world, env={**world.github(), **keys(world, kind)})
    [token] = world.sandbox.tokens

    assert outcome.code == 0
    assert (len(token.value) == 92) is (kind == "opaque")
    assert f"\n{token.value}\n" in outcome.files["runner/env"]
    assert f"\n{token.value}\n" in outcome.files["runner/output"]
    login = b64encode(f"x-token-auth:{token.value}".encode()).decode()
    assert {token.value, token.value.replace("=", "%3D"), login} <= set(outcome.masks)


@pytest.mark.parametrize("kind", KINDS)
def test_the_env_file_gives_it_to_the_shell_and_hides_it(world: World, kind: str) -> None:
    """The variable has all of it, and the log of the lines after that none of it."""
    assert run_program(world, env=keys(world, kind)).code == 0
    [token] = world.sandbox.tokens
    done = subprocess.run(
        ["sh", "-c", LATER_LINES], cwd=world.work, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert (world.work / "got").read_text() == token.value
    assert "the token is ***\n" in done.stdout
    for stream in (done.stdout, done.stderr):
        Oracle([token.value]).check("the log", stream)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_good_for_the_api_and_nothing_else_is_told_of_it(world: World, kind: str) -> None:
    """`verify` asks with it; how long it is matters to nobody."""
    outcome = run_program(world, "--verify", "team/hello", "--print", "raw", env=keys(world, kind))
    [token] = world.sandbox.tokens

    assert outcome.code == 0
    assert outcome.out.strip() == token.value
    assert outcome.requests[-1].authorization == ("bearer", token.value)
