"""`print`: the token on standard output in four forms, and nothing else there."""

import json
import os
import subprocess
import threading
from contextlib import suppress
from io import StringIO

import pytest
from dotenv import dotenv_values

from sandbox import Fault
from tests.oracle import Oracle
from tests.program import Outcome, World, run_program

SCOPES = "account repository:write pullrequest pipeline:variable"
TOLD = f"""\
bitbucket-token <version> on no known CI system
Asking bitbucket.org for a token (client_credentials).
Got a bearer token: scopes {SCOPES}, lifetime 7200 s, expires <time>.
"""


def test_raw_is_the_token_and_a_line_end(world: World) -> None:
    """For `$(docker run ...)`."""
    outcome = run_program(world, "--print", "raw", env=world.consumer)

    assert outcome.code == 0
    assert outcome.shown == "<token>\n"
    assert outcome.told == TOLD
    assert outcome.files == {}


def test_json_has_the_members_of_a_token_response(world: World) -> None:
    """One line of JSON, with the moment of expiry."""
    outcome = run_program(world, "--print=json", env=world.consumer)

    assert outcome.shown == (
        '{"access_token": "<token>", "token_type": "bearer", "expires_in": 7200, "expires_at": "<time>", '
        f'"scope": "{SCOPES}"}}\n'
    )
    assert outcome.told == TOLD
    assert outcome.files == {}


def test_dotenv_is_what_python_dotenv_reads(world: World) -> None:
    """Quoted so that nothing is expanded."""
    outcome = run_program(world, env={**world.consumer, "PRINT": "dotenv", "ENV_NAME": "T"})

    assert outcome.shown == f"T='<token>'\nT_EXPIRES_AT='<time>'\nT_SCOPES='{SCOPES}'\n"
    assert dotenv_values(stream=StringIO(outcome.out))["T"] == world.sandbox.tokens[0].value
    assert outcome.told == TOLD


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_sh_is_for_eval_and_masks_from_then_on(world: World, shell: str) -> None:
    """`eval "$(docker run ... --print sh)"`."""
    outcome = run_program(world, "--print", "sh", env=world.consumer)

    assert outcome.told == TOLD
    assert outcome.files == {}
    done = subprocess.run(
        [
            shell,
            "-euc",
            'eval "$1"; echo "a $BITBUCKET_ACCESS_TOKEN z"; echo "${#BITBUCKET_ACCESS_TOKEN}"',
            shell,
            outcome.out,
        ],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == f"a *** z\n{len(world.sandbox.tokens[0].value)}\n"


def test_no_line_of_a_failure_reaches_standard_output(world: World) -> None:
    """A shell may be evaluating it."""
    outcome = run_program(world, "--print", "sh", env={**world.consumer, "CONSUMER_KEY": "wrong"})

    assert outcome.code == 3
    assert outcome.out == ""


def test_not_even_when_an_env_file_says_so(world: World) -> None:
    """`print` in the env file counts from the start."""
    (world.work / "token.conf").write_text("PRINT=raw\n")
    outcome = run_program(world, "--env-file", "token.conf", env=world.consumer, allowed=[], prints=True)

    assert outcome.shown == "<token>\n"
    assert outcome.told == TOLD


@pytest.mark.parametrize("arguments", [["--print", "yaml"], ["--print"], ["--pirnt", "raw"], ["raw"]])
def test_nor_when_the_command_line_is_wrong(world: World, arguments: list[str]) -> None:
    """Exit 2, and an empty standard output."""
    outcome = run_program(world, *arguments, env=world.consumer)

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.requests == []


def test_json_leaves_out_what_the_server_did_not_say(world: World) -> None:
    """No lifetime and no scopes are guessed."""
    world.sandbox.faults.add(Fault(body='{"access_token": "opaque-token-of-a-terse-server"}'))
    outcome = run_program(world, "--print", "json", env=world.consumer, tokens=["opaque-token-of-a-terse-server"])

    assert json.loads(outcome.out) == {"access_token": "opaque-token-of-a-terse-server", "token_type": "bearer"}


def on_terminal(world: World, *arguments: str, prints: bool, both: bool = True) -> tuple[Outcome, str]:
    """Run with standard output, or with it `both` streams, on a terminal; return what it shows, too."""
    ours, theirs = os.openpty()
    shown = bytearray()

    def watch() -> None:
        # Linux ends a terminal that nobody has open any more by an error.
        with suppress(OSError):
            while data := os.read(ours, 4096):
                shown.extend(data)

    thread = threading.Thread(target=watch)
    thread.start()

    def leave(_process: "subprocess.Popen[bytes]") -> None:
        os.close(theirs)

    outcome = run_program(
        world,
        *arguments,
        env=world.consumer,
        stdout=theirs,
        stderr=theirs if both else subprocess.PIPE,
        during=leave,
        prints=prints,
        speechless=True,
    )
    thread.join()
    os.close(ours)
    Oracle([world.sandbox.consumer.secret]).check("the terminal", bytes(shown))
    return outcome, shown.decode()


@pytest.mark.parametrize("form", ["raw", "json", "sh", "dotenv"])
@pytest.mark.parametrize("both", [True, False], ids=["docker run -t", "a person"])
def test_no_token_is_shown_on_a_terminal(world: World, form: str, *, both: bool) -> None:
    """With `docker run -t` both streams are one: a script would read log lines and carriage returns with the token."""
    outcome, shown = on_terminal(world, "--print", form, prints=False, both=both)
    told = shown + outcome.err

    assert outcome.code == 2
    assert "docker run has -t or --tty" in told
    assert "| cat" in told
    assert world.sandbox.tokens == []
    assert outcome.requests == []


def test_what_is_no_token_may_be_shown_on_a_terminal(world: World) -> None:
    """The refusal is about `print`, and a run that exports works there as ever."""
    outcome, shown = on_terminal(world, prints=False)

    assert outcome.code == 0
    assert ". ./.bitbucket-token/env" in shown


@pytest.mark.parametrize("encoding", ["utf-16", "cp037", "latin-1", "ascii"])
def test_what_is_printed_is_utf_8_whatever_the_encoding_says(world: World, encoding: str) -> None:
    """In another one, the commands that mask would be none for the runner, and the token no token for a script."""
    env = {**world.consumer, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    outcome = run_program(world, env={**world.github(), **env}, isolated=False)

    assert outcome.code == 0
    assert world.sandbox.tokens[-1].value in outcome.masks
    assert world.sandbox.consumer.secret in outcome.masks
    printed = run_program(world, "--print", "raw", env=env, isolated=False)
    assert printed.out == f"{world.sandbox.tokens[-1].value}\n"
    checked = run_program(world, "check", env=env, isolated=False)
    assert "✔ tls: " in checked.out
