"""What configure-git cannot go together with, and where its settings go."""

import subprocess
from pathlib import Path

import pytest

from pipe.ci.system import ENV_FILE
from tests import parts
from tests.git.conftest import Job, exported
from tests.program import World, run_program

HELLO = "https://bitbucket.org/team/hello.git"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PRINT": "raw"}, "configure-git does not go together with print raw."),
        ({"PRINT": "json"}, "configure-git does not go together with print json."),
        ({"PRINT": "dotenv"}, "configure-git does not go together with print dotenv."),
        ({"EXPORT_ENV": "false"}, "configure-git does not go together with export-env false."),
        ({"TOKEN_URL": "https://login.example.com/token"}, "token-url cannot be used with configure-git."),
        ({"ISSUER": "https://login.example.com"}, "issuer cannot be used with configure-git."),
        ({"CONFIGURE_GIT": "false", "GIT_IDENTITY": "A <a@b>"}, "git-identity does not go without configure-git."),
        (
            {"CI": "gitlab", "CHANNEL": "dotenv", "CHANNEL_FILE": "x"},
            "configure-git does not go together with channel.",
        ),
    ],
)
def test_what_it_cannot_go_together_with(world: World, given: dict[str, str], said: str) -> None:
    """Told before anything is sent, by a run as by a check."""
    options = ("--ci", given["CI"]) if "CI" in given else ()
    for verb in ((), ("check",)):
        outcome = run_program(world, *verb, *options, env={**world.consumer, "CONFIGURE_GIT": "true", **given})

        assert outcome.code == 2
        assert said in outcome.failure
        assert outcome.requests == []


def test_without_it_no_setting_is_made(world: World) -> None:
    """As by default."""
    github = world.github()
    run_program(world, env={**github, **world.consumer})

    assert "GIT_" not in Path(github["GITHUB_ENV"]).read_text()


def test_the_log_says_from_when_on_git_works(world: World) -> None:
    """And with which git."""
    outcome = run_program(world, "--configure-git", "true", env=world.consumer)

    assert "Plain git then reaches https://bitbucket.org with it, if it is git 2.31 or newer.\n" in outcome.out


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_env_file_brings_the_settings(world: World, shell: str) -> None:
    """Twice the same file adds them once, and those that were there stay."""
    outcome = run_program(world, "--configure-git", "true", "--keep-file", "true", env=world.consumer)
    job = Job(world, parts.need("git"))
    job.env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Somebody"}
    added = (world.work / ENV_FILE).read_text().count("    __bitbucket_token_put '")
    command = [parts.need(shell), *(["sh"] if shell == "busybox" else [])]
    script = (
        f'set -eu; . ./{ENV_FILE}; . ./{ENV_FILE}; git clone {HELLO}; git config user.name; echo "<$GIT_CONFIG_COUNT>"'
    )
    status, output = job.run(*command, "-c", script)

    assert outcome.code == 0
    assert status == 0, output
    assert "Somebody" in output
    assert f"<{1 + added}>" in output
    assert (world.work / "hello" / "README.md").exists()


def test_a_shell_that_evaluates_the_print_has_the_settings(world: World) -> None:
    """As `eval "$(docker run ... --print sh)"` does."""
    outcome = run_program(world, "--configure-git", "true", "--print", "sh", env=world.consumer)
    job = Job(world, parts.need("git"))
    (world.runner / "text").write_text(outcome.out)
    status, output = job.run("sh", "-euc", f'eval "$(cat ../runner/text)"; git clone {HELLO}')

    assert status == 0, output
    assert (world.work / "hello" / "README.md").exists()


@pytest.mark.parametrize("count", ["", "0", "08", "-1", "1 2", "x", "$(touch /tmp/no)", "99999", "9" * 30])
def test_a_number_of_settings_that_is_none_is_not_believed(world: World, count: str) -> None:
    """The shell goes on, and counts from nothing."""
    run_program(world, "--configure-git", "true", env=world.consumer)
    added = (world.work / ENV_FILE).read_text().count("    __bitbucket_token_put '")
    done = subprocess.run(
        ["sh", "-euc", f'. ./{ENV_FILE}; echo "$GIT_CONFIG_COUNT $GIT_CONFIG_KEY_0"'],
        cwd=world.work,
        env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_COUNT": count},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert done.stdout == f"{added} credential.https://bitbucket.org.helper\n"
    assert done.stderr == ""


@pytest.mark.parametrize(("count", "start"), [("", 0), ("1", 1), ("1000", 1000), ("9999", 9999), ("10000", 0)])
def test_the_program_and_the_env_file_count_alike(world: World, count: str, start: int) -> None:
    """Settings that are there already are not written over, however many they are."""
    github = world.github()
    run_program(world, "--configure-git", "true", env={**github, **world.consumer, "GIT_CONFIG_COUNT": count})
    run_program(world, "--configure-git", "true", env=world.consumer)
    job = Job(world, parts.need("git"), {"GIT_CONFIG_COUNT": count})
    given = exported(Path(github["GITHUB_ENV"]).read_text())
    then = start + sum(name.startswith("GIT_CONFIG_KEY_") for name in given)

    assert given["GIT_CONFIG_COUNT"] == str(then)
    assert f"GIT_CONFIG_KEY_{start}" in given
    assert job.succeed("sh", "-euc", f'. ./{ENV_FILE}; echo "<$GIT_CONFIG_COUNT>"') == f"<{then}>\n"


@pytest.mark.parametrize(
    ("version", "warns"),
    [
        ("git version 1.8.3.1", True),
        ("git version 2.9.0", True),
        ("git version 2.30.2", True),
        ("git version 2.31.0", False),
        ("git version 2.39.5 (Apple Git-154)", False),
        ("git version 3.0.0", False),
        ("", False),
    ],
)
def test_a_git_that_is_too_old_is_noticed(world: World, version: str, warns: bool) -> None:
    """One line says so where the file is loaded; without git there is none."""
    run_program(world, "--configure-git", "true", env=world.consumer)
    fake = world.runner / "git"
    fake.write_text(f"#!/bin/sh\necho '{version}'\n")
    fake.chmod(0o755)
    done = subprocess.run(
        ["sh", "-euc", f". ./{ENV_FILE}"],
        cwd=world.work,
        env={"PATH": f"{world.runner}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert ("this git is too old" in done.stderr) is warns
