"""What programs print of the token in pieces, in a log in which the CI system can only mask whole texts."""

import os
import subprocess

import pytest

from tests.oracle import Oracle
from tests.parts import need
from tests.program import World, run_program

HELLO = "https://bitbucket.org/team/hello.git"
API = "https://api.bitbucket.org/2.0/user"
TRACES = {
    "base64": 'printf %s "$T" | base64',
    "base64 of a line": 'echo "$T" | base64',
    "base64 of a header's text": 'printf x-token-auth:%s "$T" | base64',
    "openssl": 'printf %s "$T" | openssl base64',
    "openssl of a header's text": 'printf "x-token-auth:%s\\n" "$T" | openssl base64',
    "curl, bearer": f'curl -s --trace-ascii - -H "Authorization: Bearer $T" {API}',
    "curl, basic": f'curl -s --trace-ascii - -u "x-token-auth:$T" {API}',
    "curl, in words": f'curl -sv -u "x-token-auth:$T" {API}',
    "git": f"GIT_TRACE_CURL=1 GIT_TRACE_REDACT=0 git ls-remote {HELLO}",
    "git, in words": f"GIT_CURL_VERBOSE=1 GIT_TRACE_REDACT=0 GIT_TRACE_PACKET=1 git ls-remote {HELLO}",
}


def show(world: World, variables: dict[str, str], command: str) -> bytes:
    """Return what a later step prints."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=world.work,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(world.home),
            "GIT_TERMINAL_PROMPT": "0",
            **world.sandbox.environment(),
            **variables,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, command.partition(" ")[0]
    return done.stdout


@pytest.mark.parametrize("trace", TRACES)
def test_github_is_told_the_lines_that_programs_break_it_into(world: World, trace: str) -> None:
    """With the masks that it was given, all of them and nothing else, less than a line of the token is left."""
    for part in ("curl", "git", "openssl"):
        if part in TRACES[trace]:
            need(part)
    outcome = run_program(world, env={**world.github(), **world.consumer})
    token = world.sandbox.tokens[0].value
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.https://bitbucket.org.helper",
        "GIT_CONFIG_VALUE_0": '!f() { echo username=x-token-auth; echo "password=$T"; }; f',
    }
    shown = show(world, {"T": token, **git}, TRACES[trace])
    oracle = Oracle([token])
    with pytest.raises(AssertionError, match="pieces"):
        oracle.check_pieces("the log", shown)

    for mask in sorted(outcome.masks, key=len, reverse=True):
        shown = shown.replace(mask.encode(), b"***")
    oracle.check_pieces("the log", shown, 12)
    assert b"***" in shown
    assert len(outcome.masks) < 400
