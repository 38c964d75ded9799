"""What is removed at the end of a job, and what never is, whatever lies in the working directory."""

import errno
import os
from pathlib import Path

import pytest

from pipe.errors import ExportError
from pipe.export.env_file import render, write
from pipe.export.leftovers import remove

OURS = render({"A": "b"}, masks=(), mask_log=False, remove=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The usual place, in a checkout of its own."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work" / ".bitbucket-token" / "env"


def everything(file: Path) -> set[str]:
    """All that is in the checkout."""
    return {str(path.relative_to(file.parent.parent)) for path in file.parent.parent.rglob("*")}


@pytest.mark.parametrize("mask_log", [False, True])
def test_what_a_run_wrote_is_gone(file: Path, mask_log: bool) -> None:
    """The file, its .gitignore and the directory."""
    write(file, render({"A": "b"}, masks=("secret",), mask_log=mask_log, remove=str(file)))

    assert remove(file)
    assert everything(file) == set()


def test_where_nothing_is_left_nothing_is_done(file: Path) -> None:
    """A second time, or before anything was there."""
    assert not remove(file)
    file.parent.mkdir()
    assert not remove(file)
    assert everything(file) == set()


def test_a_file_that_was_loaded_leaves_its_directory_behind_until_then(file: Path) -> None:
    """The shell removes the file alone."""
    write(file, OURS)
    file.unlink()

    assert not remove(file)
    assert everything(file) == set()


def test_in_a_directory_of_the_user_only_the_file_is_removed(file: Path) -> None:
    """Whatever else is in there."""
    other = file.parent.parent / "out"
    other.mkdir()
    (other / ".gitignore").write_text("*\n")
    write(other / "token.env", OURS)

    assert remove(other / "token.env")
    assert everything(file) == {"out", "out/.gitignore"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A=b\n",
        "\n" + OURS,
        "# __bitbucket_token_id=0123456789abcdef;\n",
        OURS.replace("__bitbucket_token_id=", "__bitbucket_token_id=x", 1),
    ],
    ids=["empty", "of the user", "second line", "a comment", "another id"],
)
def test_a_file_of_somebody_else_stays(file: Path, text: str) -> None:
    """Only the first line of an env file says whose it is."""
    write(file, text)

    assert not remove(file)
    assert file.read_text() == text
    assert len(everything(file)) == 3


def test_the_directory_stays_if_something_else_is_in_it(file: Path) -> None:
    """And goes on ignoring itself in git."""
    write(file, OURS)
    (file.parent / "notes").write_text("of the user")

    assert remove(file)
    assert everything(file) == {".bitbucket-token", ".bitbucket-token/.gitignore", ".bitbucket-token/notes"}


@pytest.mark.parametrize("text", ["", "*\n!notes\n", "*"])
def test_a_gitignore_of_somebody_else_stays(file: Path, text: str) -> None:
    """It is not what this program writes."""
    write(file, OURS)
    (file.parent / ".gitignore").write_text(text)

    assert remove(file)
    assert (file.parent / ".gitignore").read_text() == text


@pytest.mark.parametrize("at", ["file", "directory", ".gitignore"])
def test_a_link_is_not_followed(file: Path, at: str) -> None:
    """What it leads to stays, although it is an env file of this program, and so does the link."""
    elsewhere = file.parent.parent / "elsewhere"
    write(elsewhere / "env", OURS)
    (elsewhere / ".gitignore").write_text("*\n")
    if at == "directory":
        file.parent.symlink_to(elsewhere)
    else:
        file.parent.mkdir()
        name = "env" if at == "file" else ".gitignore"
        (file.parent / name).symlink_to(elsewhere / name)

    before = everything(file)
    assert not remove(file)
    assert everything(file) == before
    assert (elsewhere / "env").read_text() == OURS


@pytest.mark.parametrize("name", ["env", ".gitignore"])
@pytest.mark.parametrize("kind", ["directory", "FIFO", "socket"])
def test_what_is_no_file_stays_and_is_not_waited_for(file: Path, name: str, kind: str) -> None:
    """A FIFO without a writer would keep the end of the job waiting for ever."""
    file.parent.mkdir()
    path = file.parent / name
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        os.mknod(path, 0o140600)

    assert not remove(file)
    assert path.exists()


def test_a_file_in_the_place_of_the_directory_stays(file: Path) -> None:
    """It is not ours either."""
    file.parent.write_text(OURS)

    assert not remove(file)
    assert file.parent.read_text() == OURS


@pytest.mark.parametrize(
    ("call", "named"), [("open", "env"), ("unlink", "env"), ("rmdir", ".bitbucket-token"), ("scandir", ".bitbucket")]
)
def test_what_cannot_be_removed_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, call: str, named: str) -> None:
    """With a reason, and what to do."""
    write(file, OURS)

    def fails(*_given: object, **_named: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(ExportError, match="could not be removed") as caught:
        remove(file)
    assert named in caught.value.what
    assert caught.value.now
