"""A file that git tracks: a pull request can commit one under the very name that a run writes to."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipe.export.tracked import is_tracked
from tests.program import World, run_program

ENV = ".bitbucket-token/env"


def git(folder: Path, *arguments: str) -> str:
    env = {"PATH": os.defpath, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=Me", "-c", "user.email=me@example.com", "-c", "protocol.file.allow=always")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout


def repository(folder: Path, *names: str, version: int = 2) -> Path:
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q")
    git(folder, "config", "index.version", str(version))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("committed\n")
    git(folder, "add", "--force", ".")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Mine")
    return folder


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("more", [(), ("a", "b/c", ".bitbucket-token/eng", "zz"), (".bitbucket-token/e", "x" * 200)])
def test_what_is_committed_is_found(tmp_path: Path, version: int, more: tuple[str, ...]) -> None:
    """In every version of the index, among others, and nothing else is."""
    top = repository(tmp_path / "top", ENV, *more, version=version)

    assert is_tracked(top / ENV)
    for name in more:
        assert is_tracked(top / name)
    for other in ("env", ".bitbucket-token/en", ".bitbucket-token/env2", "b", "sub/.bitbucket-token/env", "a/a"):
        assert not is_tracked(top / other)


@pytest.mark.parametrize("version", [2, 4])
def test_a_name_within_another_name_is_not_found(tmp_path: Path, version: int) -> None:
    """The file of a folder further down is another one."""
    top = repository(tmp_path / "top", f"sub/{ENV}", version=version)

    assert is_tracked(top / "sub" / ENV)
    assert not is_tracked(top / ENV)


def intended(top: Path) -> Path:
    (top / ENV).parent.mkdir()
    (top / ENV).write_text("")
    git(top, "add", "--force", "--intent-to-add", ENV)
    return top


def worktree(top: Path) -> Path:
    (top / ENV).parent.mkdir()
    (top / ENV).write_text("x")
    git(top, "add", "--force", ENV)
    git(top, "commit", "-q", "-m", "More")
    git(top, "worktree", "add", "-q", "--detach", "../other")
    return top.parent / "other"


def submodule(top: Path) -> Path:
    repository(top.parent / "inner", ENV)
    git(top, "submodule", "--quiet", "add", "../inner", "inner")
    return top / "inner"


def split(top: Path) -> Path:
    worktree(top)
    git(top, "update-index", "--split-index")
    return top


@pytest.mark.parametrize("make", [intended, worktree, submodule, split])
def test_wherever_the_index_is(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """`git add -N`, another worktree, a submodule, a split index."""
    assert is_tracked(make(repository(tmp_path / "top")) / ENV)


def damaged(top: Path) -> None:
    index = top / ".git/index"
    index.write_bytes(index.read_bytes()[:40])


def empty(top: Path) -> None:
    (top / ".git/index").write_bytes(b"")


def a_pipe(top: Path) -> None:
    (top / ".git/index").unlink()
    os.mkfifo(top / ".git/index")


def endless(top: Path) -> None:
    (top / ".git/index").write_bytes(b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\x80" * 5000)


def gone(top: Path) -> None:
    (top / ".git/index").unlink()


@pytest.mark.parametrize("spoil", [damaged, empty, a_pipe, endless, gone])
def test_an_index_that_is_none_has_nothing(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """And keeps nobody waiting."""
    top = repository(tmp_path / "top", "a")
    spoil(top)

    assert not is_tracked(top / ENV)


@pytest.mark.parametrize("store", [False, True])
def test_no_token_is_written_where_git_would_show_it(world: World, store: bool) -> None:
    """Exit 7, and the file is as it was; of a refresh token's file this is told before the token is used up."""
    name = "kept" if store else ENV
    repository(world.work, name)
    env = {**world.consumer}
    if store:
        env |= {"GRANT": "refresh_token", "REFRESH_TOKEN": world.sandbox.refresh_token()}
        env |= {"REFRESH_TOKEN_STORE": f"file:{name}"}
    outcome = run_program(world, env=env)

    assert outcome.code == 7
    assert "git tracks" in outcome.failure
    assert name in outcome.failure
    assert (world.work / name).read_text() == "committed\n"
    assert git(world.work, "status", "--porcelain") == ""
    assert len(outcome.requests) == (0 if store else 1)


def test_what_git_does_not_track_is_written(world: World) -> None:
    """A checkout is where most runs are."""
    repository(world.work, "README")
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 0
    assert git(world.work, "status", "--porcelain") == ""
