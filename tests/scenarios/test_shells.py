"""Where the next script line takes the token: Bitbucket Pipelines, and no CI system at all."""

import subprocess
from pathlib import Path

import pytest

from tests.program import Outcome, World, run_program

SCOPES = "account repository:write pullrequest pipeline:variable"
ASKED = "POST https://bitbucket.org/site/oauth2/access_token as basic <key>:<secret>: grant_type=client_credentials"
PIPELINES = {"BITBUCKET_PIPELINE_UUID": "{1}", "BITBUCKET_BUILD_NUMBER": "7", "CI": "true"}


def load(world: World, file: Path, command: str) -> str:
    """Load the env file in a shell that has next to no environment, and return what a command then prints."""
    done = subprocess.run(
        ["sh", "-euc", f'. "$1"\n{command}', "sh", str(file)],
        cwd=world.work,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(world.temporary)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def exported(world: World, file: Path) -> dict[str, str]:
    """The variables that the env file exports, as another program finds them."""
    target = world.root / "seen"
    load(world, file, f"env >'{target}'")
    found = dict(line.partition("=")[::2] for line in target.read_text().splitlines())
    target.unlink()
    return {name: value for name, value in found.items() if "TOKEN" in name}


def has_the_token(world: World, outcome: Outcome, file: Path, name: str = "BITBUCKET_ACCESS_TOKEN") -> None:
    """Check what a shell gets from the env file."""
    assert outcome.code == 0
    variables = exported(world, file)
    assert variables.pop(f"{name}_EXPIRES_AT") in outcome.out
    assert variables == {name: world.sandbox.tokens[0].value, f"{name}_SCOPES": SCOPES}


def shown(title: str, path: str, *more: str, name: str = "BITBUCKET_ACCESS_TOKEN") -> str:
    lines = (
        f"bitbucket-token <version> on {title}",
        "Asking bitbucket.org for a token (client_credentials).",
        f"Got a bearer token: scopes {SCOPES}, lifetime 7200 s, expires <time>.",
        f"Wrote {name} to {path}; the next line of the script loads it:",
        f"    . {path}",
        *more,
    )
    return "".join(f"{line}\n" for line in lines)


FILTERED = "From then on that shell replaces the token by *** in its log."
MOUNT = "In a container, mount that directory (-v), or use --print sh instead."


def test_a_pipe_leaves_the_env_file_in_the_clone_directory(world: World) -> None:
    """All of it; and the next line of the script gets the token."""
    clone = world.work / "build"
    clone.mkdir()
    outcome = run_program(world, env={**PIPELINES, **world.consumer, "BITBUCKET_CLONE_DIR": str(clone)})

    assert outcome.code == 0
    assert outcome.shown == shown("Bitbucket Pipelines", "./build/.bitbucket-token/env", FILTERED)
    assert outcome.told == ""
    folder = "work/build/.bitbucket-token/"
    assert set(outcome.files) == {folder, f"{folder}.gitignore", f"{folder}env"}
    assert outcome.files[f"{folder}.gitignore"] == "*\n"
    assert outcome.sent == [ASKED]
    assert (clone / ".bitbucket-token").stat().st_mode & 0o777 == 0o700
    assert (clone / ".bitbucket-token/env").stat().st_mode & 0o777 == 0o600
    has_the_token(world, outcome, clone / ".bitbucket-token/env")


def test_without_a_ci_the_file_is_in_the_working_directory(world: World) -> None:
    """All of it; `-t` hides nothing and nothing else is written."""
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 0
    assert outcome.shown == shown("no known CI system", "./.bitbucket-token/env", FILTERED, MOUNT)
    assert outcome.told == ""
    folder = "work/.bitbucket-token/"
    assert set(outcome.files) == {folder, f"{folder}.gitignore", f"{folder}env"}
    assert outcome.sent == [ASKED]
    has_the_token(world, outcome, world.work / ".bitbucket-token/env")


def test_the_log_of_the_shell_that_loads_it_shows_no_token(world: World) -> None:
    """The filter of the env file, end to end; the token's own use is not changed."""
    run_program(world, env=world.consumer)

    file = world.work / ".bitbucket-token/env"
    printed = load(world, file, 'echo "a $BITBUCKET_ACCESS_TOKEN z"; echo "${#BITBUCKET_ACCESS_TOKEN}"')
    length = len(world.sandbox.tokens[0].value)
    assert printed == f"a *** z\n{length}\n"
    assert not file.exists()


def test_without_mask_log_the_shell_is_left_alone(world: World) -> None:
    """`mask-log: false`."""
    outcome = run_program(world, env={**world.consumer, "MASK_LOG": "false"})

    assert outcome.shown == shown("no known CI system", "./.bitbucket-token/env", MOUNT)
    printed = load(world, world.work / ".bitbucket-token/env", 'echo "$BITBUCKET_ACCESS_TOKEN"')
    assert printed == f"{world.sandbox.tokens[0].value}\n"


@pytest.mark.parametrize(("keep", "there"), [("true", True), ("false", False)])
def test_keep_file_decides_what_loading_leaves(world: World, keep: str, there: bool) -> None:
    """`keep-file`."""
    run_program(world, env={**world.consumer, "KEEP_FILE": keep})

    file = world.work / ".bitbucket-token/env"
    load(world, file, "true")
    assert file.exists() is there


def test_the_file_can_be_elsewhere_and_the_variable_called_otherwise(world: World) -> None:
    """`output-file` and `env-name`, with a space in the path."""
    outcome = run_program(
        world, "--output-file", "the token.env", "--env-name=DEPLOY_TOKEN", env={**PIPELINES, **world.consumer}
    )

    assert set(outcome.files) == {"work/the token.env"}
    has_the_token(world, outcome, world.work / "the token.env", "DEPLOY_TOKEN")


def test_an_absolute_output_file_is_shown_as_such(world: World) -> None:
    """Outside of the working directory."""
    target = world.runner / "token.env"
    outcome = run_program(world, env={**world.consumer, "OUTPUT_FILE": str(target)})

    assert set(outcome.files) == {"runner/token.env"}
    assert "    . <root>/runner/token.env\n" in outcome.shown
    has_the_token(world, outcome, target)


def test_the_shown_line_loads_the_file(world: World) -> None:
    """What the log tells people to paste works as it stands."""
    outcome = run_program(world, env={**world.consumer, "OUTPUT_FILE": "a b/$HOME's.env"}, cwd=_made(world, "a b"))

    [line] = [line.strip() for line in outcome.out.splitlines() if line.startswith("    . ")]
    done = subprocess.run(
        ["sh", "-euc", f'{line}\ntest -n "$BITBUCKET_ACCESS_TOKEN" && echo loaded'],
        cwd=world.work,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("loaded\n", "")


def _made(world: World, name: str) -> Path:
    (world.work / name).mkdir()
    return world.work


def test_a_second_run_replaces_the_file(world: World) -> None:
    """The newest token is the one that is loaded."""
    for _ in range(2):
        outcome = run_program(world, env=world.consumer)
    assert list(outcome.files) == ["work/.bitbucket-token/env"]
    file = world.work / ".bitbucket-token/env"
    assert exported(world, file)["BITBUCKET_ACCESS_TOKEN"] == world.sandbox.tokens[1].value


def test_export_env_false_needs_somewhere_else_to_go(world: World) -> None:
    """Where the env file is the only way, the file is still written: it is the file that was asked for."""
    outcome = run_program(world, env={**world.consumer, "EXPORT_ENV": "false"})

    assert outcome.code == 0
    assert "work/.bitbucket-token/env" in outcome.files


def test_a_failure_is_three_plain_lines(world: World) -> None:
    """On standard error, and nothing is left behind."""
    outcome = run_program(world, env={**PIPELINES, **world.consumer, "CONSUMER_KEY": "wrong"})

    assert outcome.code == 3
    assert outcome.shown == (
        "bitbucket-token <version> on Bitbucket Pipelines\nAsking bitbucket.org for a token (client_credentials).\n"
    )
    what, why, now = outcome.told.splitlines()
    assert what == '✖ bitbucket.org refused (HTTP 400): "Invalid OAuth client credentials".'
    assert why.startswith("  Why: Key or secret is wrong")
    assert now.startswith("  Now: Copy key and secret anew")
    assert outcome.files == {}
