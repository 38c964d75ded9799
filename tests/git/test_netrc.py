"""A login in the user's `.netrc`: git would take it before the token, and is told to pass it over."""

import os
import subprocess
from pathlib import Path

import pytest

from pipe.ci.system import ENV_FILE
from pipe.export.git import NETRC_WARNING, has_login
from sandbox import Fault
from tests import parts
from tests.git.conftest import Job
from tests.program import World, run_program

HELLO = "https://bitbucket.org/team/hello.git"
DEAD = "ATBBdead-app-password"
LOGIN = f"machine bitbucket.org login alice password {DEAD}\n"
TOLD = NETRC_WARNING.format(host="bitbucket.org")

# What is in the file, and whether it has a login for bitbucket.org.
FILES: dict[str, tuple[str | bytes, bool]] = {
    "one line": (LOGIN, True),
    "a line each": ("machine\nbitbucket.org\n\tlogin alice\n\tpassword x\n", True),
    "behind another": ("machine a.example login b password c machine bitbucket.org login d password e", True),
    "capitals": ("MACHINE BitBucket.org login a password b\n", True),
    "quotes": ('machine "bitbucket.org" login "a" password "b"\n', True),
    "line ends of Windows": ("machine bitbucket.org\r\nlogin a\r\npassword b\r\n", True),
    "for all hosts": ("machine a.example login b password c\ndefault login a password b\n", True),
    "bytes that are no text": (b"\xff\x00\n" + LOGIN.encode(), True),
    "behind a password that is a word": ("machine a.example login b password machine default login c", True),
    "nothing": ("", False),
    "another host": ("machine api.bitbucket.org login a password b\nmachine bitbucket.org.example login a", False),
    "the host as a password": ("machine a.example login machine password bitbucket.org\n", False),
    "default as a login": ("machine a.example login default password default\n", False),
    "a comment": ("# machine bitbucket.org login a password b\n  # default\n", False),
    "a pattern": ("machine *\nlogin *\n", False),
    "beyond all bounds": ("x" * 70_000 + "\n" + LOGIN, False),
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bool]:
    """HOME with such a file, and whether that has a login for bitbucket.org."""
    text, found = FILES[request.param]
    (tmp_path / ".netrc").write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path, found


def test_the_file_is_read_as_curl_does(file: tuple[Path, bool]) -> None:
    """By the program, for systems that hand on variables."""
    home, found = file
    assert has_login({"HOME": str(home)}, "bitbucket.org") is found


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_env_file_reads_it_alike(world: World, file: tuple[Path, bool], shell: str) -> None:
    """Whatever the shell's own settings are; one line says so, and the other settings are there either way."""
    home, found = file
    run_program(world, "--configure-git", "true", env=world.consumer)
    (world.work / "bitbucket.org").touch()
    done = subprocess.run(
        [
            parts.need(shell),
            *(["sh"] if shell == "busybox" else []),
            "-euc",
            f"IFS=x; . ./{ENV_FILE}; env",
        ],
        cwd=world.work,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert ("emptyAuth" in done.stdout) is found
    assert done.stderr == (f"bitbucket-token: {TOLD}\n" if found else "")
    assert "credential.https://bitbucket.org.helper" in done.stdout


@pytest.mark.parametrize("home", ["missing", "a directory", "a pipe", "unset", "empty"])
def test_what_is_no_file_is_passed_over(world: World, tmp_path: Path, home: str) -> None:
    """Neither the program nor the shell waits for a pipe, or says anything."""
    if home == "a directory":
        (tmp_path / ".netrc").mkdir()
    if home == "a pipe":
        os.mkfifo(tmp_path / ".netrc")
    homes: dict[str, dict[str, str]] = {"unset": {}, "empty": {"HOME": ""}}
    given = homes.get(home, {"HOME": str(tmp_path)})
    assert has_login(given, "bitbucket.org") is False
    run_program(world, "--configure-git", "true", env=world.consumer)
    done = subprocess.run(
        ["sh", "-euc", f". ./{ENV_FILE}; env"],
        cwd=world.work,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert (done.stderr, "emptyAuth" in done.stdout) == ("", False)


def test_on_windows_it_has_another_name(world: World, tmp_path: Path) -> None:
    """Where `eval "$(docker run ...)"` is run by the shell that comes with git."""
    (tmp_path / "_netrc").write_text(LOGIN)
    run_program(world, "--configure-git", "true", env=world.consumer)
    for system in ({}, {"OS": "Windows_NT"}):
        run_program(world, "--configure-git", "true", env=world.consumer)
        done = subprocess.run(
            ["sh", "-euc", f". ./{ENV_FILE}"],
            cwd=world.work,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **system},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert (TOLD in done.stderr) is bool(system)


@pytest.mark.parametrize("text", [LOGIN, f"default login alice password {DEAD}\n"])
@pytest.mark.parametrize("way", ["variables", "env file"])
def test_git_takes_the_token_and_not_the_login(job: Job, text: str, way: str) -> None:
    """Bitbucket answers a dead app password with 410, and git would then ask nobody else."""
    home = job.world.runner / "home"
    home.mkdir()
    (home / ".netrc").write_text(text)
    job.env["HOME"] = str(home)
    status, output = job.run("git", "clone", HELLO)
    assert status == 128
    assert "410" in output
    assert "CHANGE-3222" in output

    known = len(job.told_to("bitbucket.org"))
    if way == "variables":
        outcome = job.get_token()
        assert f"::warning title=Bitbucket token::{TOLD}\n" in outcome.out
        job.succeed("git", "clone", HELLO)
    else:
        assert run_program(job.world, "--configure-git", "true", env=job.world.consumer).code == 0
        assert TOLD in job.succeed("sh", "-euc", f". ./{ENV_FILE}; git clone {HELLO}")
    clone = job.world.work / "hello"
    if way == "variables":
        job.succeed("git", "commit", "--allow-empty", "-m", "More", cwd=clone)
        job.succeed("git", "push", cwd=clone)
    assert clone.is_dir()
    # "Basic Og==" is an empty login.
    dead = [sent for sent in job.told_to("bitbucket.org")[known:] if sent != "Basic Og==" and len(sent) < 200]
    assert dead == []


def test_without_a_login_git_is_told_nothing_of_it(job: Job) -> None:
    """And shows no empty one."""
    outcome = job.get_token()
    job.succeed("git", "clone", HELLO)

    assert "netrc" not in outcome.out
    assert "Basic Og==" not in job.told_to("bitbucket.org")


def test_a_redirect_to_another_host_takes_neither_along(job: Job) -> None:
    """The empty login is for bitbucket.org alone, and so is the token; for others, git does as before."""
    home = job.world.runner / "home"
    home.mkdir()
    (home / ".netrc").write_text(LOGIN)
    job.env["HOME"] = str(home)
    job.get_token()
    for address, said in {"https://bitbucket.org/team/hello.git": "true\n", "https://localhost/": ""}.items():
        assert job.run("git", "config", "--get-urlmatch", "http.emptyAuth", address, GIT_TRACE="0")[1] == said
    target = f"https://localhost:{job.world.sandbox.port}/team/hello.git/info/refs?service=git-upload-pack"
    refuse = Fault("/team/moved.git/info/refs", status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    moved = Fault("/team/moved.git/*", "redirect", times=None, status=302, location=target)
    job.world.sandbox.faults.add(refuse, moved)
    status, _ = job.run("git", "clone", "https://bitbucket.org/team/moved.git")

    assert status == 128
    assert job.told_to("localhost") == []
