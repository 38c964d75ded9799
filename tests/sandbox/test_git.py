"""Git over HTTPS, with the real git on both ends."""

from pathlib import Path

import pytest

from sandbox import Sandbox
from tests import parts
from tests.sandbox.conftest import Client, run

URL = "https://x-token-auth@bitbucket.org/team/hello.git"


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """What git needs to find the stand-in, and the token by an askpass that reads it from the environment."""
    parts.need("git")
    askpass = tmp_path / "askpass"
    askpass.write_text('#!/bin/sh\nprintf "%s\\n" "$TOKEN"\n')
    askpass.chmod(0o700)
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {**sandbox.environment(), **who, "GIT_ASKPASS": str(askpass), "GIT_TERMINAL_PROMPT": "0"}


def git(*arguments: str, environment: dict[str, str], cwd: Path) -> tuple[int, str]:
    done = run("git", *arguments, environment=environment, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


def test_a_token_clones_and_pushes(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """What was pushed is what the next clone gets, even if it is large enough to be sent in chunks."""
    environment["TOKEN"] = sandbox.mint_token().value
    assert git("clone", "-q", URL, "one", environment=environment, cwd=tmp_path) == (0, "")
    (tmp_path / "one" / "large").write_bytes(bytes(range(256)) * 8000)
    (tmp_path / "one" / "noise").write_bytes(sandbox.mint_token().value.encode() * 1000)
    for command in (["add", "."], ["commit", "-qm", "More"], ["-c", "http.postBuffer=1000", "push", "-q"]):
        status, output = git(*command, environment=environment, cwd=tmp_path / "one")
        assert status == 0, output

    assert git("clone", "-q", URL, "two", environment=environment, cwd=tmp_path) == (0, "")

    assert (tmp_path / "two" / "README.md").read_text().startswith("# Hello")
    assert (tmp_path / "two" / "large").stat().st_size == 256 * 8000
    assert any(request.header("Transfer-Encoding") == "chunked" for request in sandbox.requests)


@pytest.mark.parametrize("token", ["wrong", "", "expired"])
def test_a_wrong_token_is_refused(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path, token: str) -> None:
    """The answer is 401, and git says that authentication failed."""
    if token == "expired":
        old = sandbox.mint_token()
        old.expire()
        token = old.value
    environment["TOKEN"] = token

    status, output = git("clone", URL, environment=environment, cwd=tmp_path)

    assert status == 128
    assert "Authentication failed" in output


def test_another_user_name_is_refused(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """The name has to be x-token-auth."""
    environment["TOKEN"] = sandbox.mint_token().value

    status, _ = git("ls-remote", URL.replace("x-token-auth", "me"), environment=environment, cwd=tmp_path)

    assert status == 128


def test_reading_does_not_allow_to_push(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """A push needs repository:write."""
    environment["TOKEN"] = sandbox.mint_token("repository").value
    assert git("clone", "-q", URL, "one", environment=environment, cwd=tmp_path) == (0, "")

    status, output = git("push", "origin", "HEAD:topic", environment=environment, cwd=tmp_path / "one")

    assert status != 0
    assert "403" in output


def test_without_a_repository_scope_there_is_no_clone(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    """The token is good, and may not do it."""
    environment["TOKEN"] = sandbox.mint_token("account").value

    status, output = git("clone", URL, environment=environment, cwd=tmp_path)

    assert status == 128
    assert "403" in output


def test_an_unknown_repository_is_not_found(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """As is one of another workspace."""
    environment["TOKEN"] = sandbox.mint_token().value

    for name in ("team/nothing", "other/hidden"):
        status, output = git("clone", URL.replace("team/hello", name), environment=environment, cwd=tmp_path)
        assert status == 128
        assert "not found" in output


@pytest.mark.parametrize("action", ["objects/batch", "locks", "locks/verify"])
def test_large_files_are_forbidden_to_who_shows_nothing(client: Client, action: str) -> None:
    """As Bitbucket does; what is wrong is refused with 401, and an app password is gone."""
    url = f"https://bitbucket.org/team/hello.git/info/lfs/{action}"
    answers = {
        None: 403,
        ("x-token-auth", "wrong"): 401,
        ("alice", "ATBBdead"): 410,
        ("x-token-auth", client.sandbox.mint_token("repository").value): 422 if action == "objects/batch" else 403,
    }
    for shown, status in answers.items():
        assert client.session.post(url, data=b"no JSON", auth=shown, timeout=5).status_code == status
