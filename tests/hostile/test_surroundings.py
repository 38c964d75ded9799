"""Hostile surroundings: what lies in the checkout, what earlier steps left in the environment, files that fail."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests import parts
from tests.program import Outcome, World, run_program


def plain_user() -> list[str]:
    """The command that takes root's capabilities, after which it is an ordinary user in its own files."""
    return [parts.need("setpriv"), "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def test_a_dotenv_in_the_checkout_is_not_read(world: World) -> None:
    """It could send the secret elsewhere."""
    for name in (".env", "env", ".env.local", ".bitbucket-token.env"):
        (world.work / name).write_text("TOKEN_URL=https://elsewhere.example/\nCONSUMER_KEY=evil\nCLIENT_AUTH=body\n")
    outcome = run_program(world, env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert outcome.connects == ["bitbucket.org:443 200"]


def test_configuration_files_are_not_read(world: World) -> None:
    """Neither of the checkout nor of HOME."""
    for folder in (world.work, world.home):
        for name in ("pip.conf", ".curlrc", "setup.cfg", "pyproject.toml", "usercustomize.py", "sitecustomize.py"):
            (folder / name).write_text("raise SystemExit('evil')\n")
    packages = world.home / f".local/lib/python3.{sys.version_info[1]}/site-packages"
    packages.mkdir(parents=True)
    (packages / "usercustomize.py").write_text("raise SystemExit('evil')\n")
    (packages / "evil.pth").write_text("import os; os._exit(99)\n")
    assert run_program(world, env={**world.github(), **world.consumer}).code == 0


@pytest.mark.parametrize("module", ["pipe", "requests", "tenacity", "json", "ssl", "socket", "dotenv", "encodings"])
def test_a_module_in_the_checkout_is_not_imported(world: World, module: str) -> None:
    """Nor one that PYTHONPATH, PYTHONHOME or PYTHONSTARTUP lead to."""
    (world.work / f"{module}.py").write_text("import os; os._exit(99)\n")
    package = world.work / "more" / module
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os; os._exit(99)\n")
    hostile = {
        "PYTHONPATH": f"{world.work}:{world.work}/more:.",
        "PYTHONSTARTUP": str(world.work / f"{module}.py"),
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONBREAKPOINT": f"{module}.x",
        "PYTHONUSERBASE": str(world.work),
        "PYTHONPLATLIBDIR": str(world.work),
    }
    outcome = run_program(world, env={**world.github(), **world.consumer, **hostile})

    assert outcome.code == 0


def test_pythonhome_changes_nothing(world: World) -> None:
    """With it, Python would not even start."""
    assert run_program(world, env={**world.github(), **world.consumer, "PYTHONHOME": str(world.work)}).code == 0


def test_a_path_of_somebody_else_changes_nothing(world: World) -> None:
    """No program is started by name, or at all."""
    for name in ("sh", "git", "ldconfig", "gcc", "uname", "env", "id"):
        (world.work / name).write_text(f"#!/bin/sh\ntouch '{world.work}/started'\n")
        (world.work / name).chmod(0o755)
    outcome = run_program(world, env={**world.github(), **world.consumer, "PATH": f"{world.work}:."})

    assert outcome.code == 0
    assert not (world.work / "started").exists()


# The env file's own place.


@pytest.mark.parametrize("target", ["a directory", "a file", "nothing", "itself"])
def test_a_link_in_place_of_the_directory(world: World, target: str) -> None:
    """Committed to the repository, it would have the token written anywhere."""
    elsewhere = world.runner / "elsewhere"
    if target == "a directory":
        elsewhere.mkdir()
    elif target == "a file":
        elsewhere.write_text("kept")
    link = world.work / ".bitbucket-token"
    link.symlink_to(link if target == "itself" else elsewhere)
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 7
    assert outcome.files == {}


@pytest.mark.parametrize("name", ["env", ".gitignore"])
def test_a_link_in_place_of_a_file(world: World, name: str) -> None:
    """It is not followed."""
    elsewhere = world.runner / "elsewhere"
    elsewhere.write_text("kept")
    (world.work / ".bitbucket-token").mkdir(mode=0o700)
    (world.work / ".bitbucket-token" / name).symlink_to(elsewhere)
    outcome = run_program(world, env=world.consumer, may_export=True)

    assert outcome.code == 7
    assert elsewhere.read_text() == "kept"
    assert not any("env" in path for path in outcome.files)


@pytest.mark.parametrize("place", [".bitbucket-token", "token.env"])
def test_a_pipe_in_place_of_the_file(world: World, place: str) -> None:
    """It does not keep the run waiting, and does not get the token."""
    os.mkfifo(world.work / place)
    more = {"OUTPUT_FILE": place} if place == "token.env" else {}
    outcome = run_program(world, env={**world.consumer, **more, "DEADLINE": "5"})

    assert outcome.code == 7
    assert stat.S_ISFIFO((world.work / place).stat().st_mode)


def test_a_directory_that_is_read_only(world: World) -> None:
    """Exit 7, and what to do."""
    world.work.chmod(0o555)
    outcome = run_program(world, env=world.consumer, prefix=plain_user())

    assert outcome.code == 7
    assert "The directory is read-only" in outcome.failure
    assert outcome.files == {}


def test_a_directory_that_is_not_there(world: World) -> None:
    """It is not made: only the last part of the path is."""
    outcome = run_program(world, env={**world.consumer, "OUTPUT_FILE": "a/b/c/token.env"})

    assert outcome.code == 7
    assert outcome.files == {}


# GitHub's files.


@pytest.mark.parametrize("variable", ["GITHUB_ENV", "GITHUB_OUTPUT"])
@pytest.mark.parametrize("what", ["missing", "a directory", "a pipe", "a device", "below a file"])
@pytest.mark.parametrize("more", [{}, {"OUTPUT_FILE": ".bitbucket-token/env"}], ids=["", "output-file"])
def test_a_file_of_the_runner_that_is_none(world: World, variable: str, what: str, more: dict[str, str]) -> None:
    """Exit 7, the variable named, and the other file is as it was."""
    env = world.github()
    place = world.runner / "place"
    if what == "a directory":
        place.mkdir()
    elif what == "a pipe":
        os.mkfifo(place)
    elif what == "a device":
        place = Path("/dev/full")
    elif what == "below a file":
        place = world.runner / "env" / "file"
    env |= {**world.consumer, variable: str(place), "DEADLINE": "5", **more}
    outcome = run_program(world, env=env, may_export=True)

    assert outcome.code == 7
    # The directory of the env file may stay, without the file.
    assert set(outcome.files) <= {"runner/summary", "work/.bitbucket-token/", "work/.bitbucket-token/.gitignore"}
    assert variable in outcome.failure
    assert (world.runner / "env").read_text() == ""
    assert (world.runner / "output").read_text() == ""


@pytest.mark.parametrize("name", ["env", "output"])
def test_a_file_of_the_runner_that_may_not_be_written(world: World, name: str) -> None:
    """As where the container's user is not root."""
    env = world.github()
    (world.runner / name).chmod(0o444)
    outcome = run_program(world, env={**env, **world.consumer}, prefix=plain_user())

    assert outcome.code == 7
    assert "Permission denied" in outcome.failure


@pytest.mark.parametrize("name", ["env", "output"])
def test_a_full_disk_leaves_nothing_half_written(world: World, name: str) -> None:
    """The limit on a file's size stands for it: some bytes are written, and then no more."""
    env = world.github()
    earlier = "x" * 5_000 + "\n"
    (world.runner / name).write_text(earlier)
    limit = [parts.need("prlimit"), "--fsize=6000", "--"]
    outcome = run_program(world, env={**env, **world.consumer}, prefix=limit)

    assert outcome.code == 7
    assert (world.runner / name).read_text() == earlier
    assert (world.runner / ("output" if name == "env" else "env")).read_text() == ""


def test_a_summary_that_cannot_be_written_is_a_warning(world: World) -> None:
    """The token is what counts."""
    for place in (world.runner / "nowhere", Path("/dev/full"), world.runner):
        outcome = run_program(world, env={**world.github(), **world.consumer, "GITHUB_STEP_SUMMARY": str(place)})
        assert outcome.code == 0
        assert "Warning: The file that GITHUB_STEP_SUMMARY names could not be written" in outcome.out


# Streams.

CLOSED = ["sh", "-c", 'exec "$@" >&-', "sh"]
GONE = ["sh", "-c", 'exec "$@" 2>&-', "sh"]


@pytest.mark.parametrize("form", ["raw", "json", "sh", "dotenv"])
@pytest.mark.parametrize("how", ["closed", "full", "nobody reads"])
def test_a_token_that_cannot_be_printed(world: World, form: str, how: str) -> None:
    """Exit 7: who asked for it did not get it."""
    outcome = _without_output(world, how, {**world.consumer, "PRINT": form})

    assert outcome.code == 7
    assert "Standard output" in outcome.failure


@pytest.mark.parametrize("how", ["closed", "full", "nobody reads"])
def test_a_mask_that_cannot_be_told(world: World, how: str) -> None:
    """Exit 7 before anything is asked or exported."""
    outcome = _without_output(world, how, {**world.github(), **world.consumer})

    assert outcome.code == 7
    assert outcome.requests == []
    assert "could not be told what to mask" in outcome.failure


@pytest.mark.parametrize("how", ["closed", "full", "nobody reads"])
def test_lines_that_cannot_be_shown_are_no_failure(world: World, how: str) -> None:
    """The env file is there, and that is what counts."""
    outcome = _without_output(world, how, world.consumer)

    assert outcome.code == 0
    assert "work/.bitbucket-token/env" in outcome.files


@pytest.mark.parametrize("how", ["closed", "full", "nobody reads"])
@pytest.mark.parametrize("argument", ["--help", "--wrong"])
def test_nothing_crashes_for_want_of_an_output(world: World, how: str, argument: str) -> None:
    """Whatever it has to say."""
    outcome = _without_output(world, how, {}, argument)

    assert outcome.code in (0, 2, 7)


def _without_output(world: World, how: str, env: dict[str, str], *arguments: str) -> Outcome:
    if how == "closed":
        return run_program(world, *arguments, env=env, prefix=CLOSED)
    if how == "full":
        with Path("/dev/full").open("wb") as full:
            return run_program(world, *arguments, env=env, stdout=full.fileno())
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        return run_program(world, *arguments, env=env, stdout=write_end)
    finally:
        os.close(write_end)


def test_without_standard_error_the_code_still_tells(world: World) -> None:
    """Nobody sees the message; a script sees the code."""
    outcome = run_program(world, env={"CONSUMER_KEY": "key"}, prefix=GONE, speechless=True)

    assert outcome.code == 2


def test_without_any_stream_the_env_file_is_written(world: World) -> None:
    """As under a daemon."""
    nothing = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    outcome = run_program(world, env=world.consumer, prefix=nothing)

    assert outcome.code == 0
    assert (
        subprocess.run(
            ["sh", "-euc", '. "$1"; test -n "$BITBUCKET_ACCESS_TOKEN"', "sh", str(world.work / ".bitbucket-token/env")],
            timeout=20,
            check=False,
        ).returncode
        == 0
    )
