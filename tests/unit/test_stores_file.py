"""The file store: for its owner alone, whole or not at all, one run after the other."""

import os
import stat
import threading
from pathlib import Path

import pytest

from pipe.errors import ExportError, InputError
from pipe.export.stores import store_of
from pipe.export.stores.store import Store
from pipe.http.client import Http
from pipe.http.context import Context
from pipe.http.retry import Deadline
from pipe.redaction.secret import Secret
from tests.unit.conftest import context_of

NEW = "a-refresh-token-of-the-tests"
TOKEN = Secret("an-access-token-of-the-tests")


def store_named(text: str, context: Context) -> Store:
    found = store_of(text, context)
    assert found is not None
    return found


def context(cwd: Path, *, seconds: float = 5.0, has_outputs: bool = False) -> Context:
    """A context that sleeps for real."""
    return context_of(Http(Deadline(seconds), timeout=1, ca_file="", env={}), cwd=cwd, has_outputs=has_outputs)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_named("file:token", context(tmp_path))


def test_what_was_kept_is_the_newest(store: Store, tmp_path: Path) -> None:
    """A relative path is below the working directory, and the file is its owner's."""
    assert store.newest() is None
    store.keep(Secret(NEW), TOKEN)

    assert store.newest() == Secret(NEW)
    assert (tmp_path / "token").read_text() == f"{NEW}\n"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_file_that_others_can_read_becomes_private(store: Store, tmp_path: Path) -> None:
    """It is replaced, and not written into."""
    (tmp_path / "token").write_text("an-older-refresh-token\n")
    (tmp_path / "token").chmod(0o644)
    with (tmp_path / "token").open() as reader:
        store.keep(Secret(NEW), TOKEN)
        assert reader.read() == "an-older-refresh-token\n"

    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["token", "token.lock"])
def test_no_link_is_followed(store: Store, tmp_path: Path, name: str) -> None:
    """Whoever can put one there must not choose what is read or written."""
    (tmp_path / "target").write_text("somebody-elses-text")
    (tmp_path / name).symlink_to("target")

    with pytest.raises(ExportError, match="cannot be used"), store.locked():
        store.newest()
    if name == "token":
        with pytest.raises(ExportError, match="cannot be used"):
            store.keep(Secret(NEW), TOKEN)
    assert (tmp_path / "target").read_text() == "somebody-elses-text"


def test_a_directory_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    """A checkout can hold such a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    with pytest.raises(ExportError, match="cannot be used"), store_named("file:link/token", context(tmp_path)).locked():
        pass
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("content", [b"two words", b"two\nlines\n", b"\xff\xfe", b"x" * 70_000, b"\0"], ids=repr)
def test_what_cannot_be_a_refresh_token_is_not_sent(store: Store, tmp_path: Path, content: bytes) -> None:
    """It is not shown either."""
    (tmp_path / "token").write_bytes(content)

    with pytest.raises(ExportError) as caught:
        store.newest()
    assert "two" not in str(caught.value.what + caught.value.why + caught.value.now)


@pytest.mark.parametrize("content", ["", "\n"], ids=["nothing", "a line end"])
def test_an_empty_file_holds_none(store: Store, tmp_path: Path, content: str) -> None:
    """As `touch` leaves it, for a mount."""
    (tmp_path / "token").write_text(content)
    assert store.newest() is None


def test_a_pipe_keeps_nobody_waiting(store: Store, tmp_path: Path) -> None:
    """Neither in the file's place nor in that of the lock."""
    os.mkfifo(tmp_path / "token")
    with pytest.raises(ExportError):
        store.newest()
    with pytest.raises(ExportError):
        store.keep(Secret(NEW), TOKEN)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_strangers_file_is_not_read(store: Store, tmp_path: Path) -> None:
    """It would have the run act for whoever wrote it. Root's own new file goes to the directory's owner."""
    (tmp_path / "token").write_text(NEW)
    os.chown(tmp_path / "token", 12345, 12345)
    with pytest.raises(ExportError, match="belongs to another user"):
        store.newest()

    os.chown(tmp_path, 23456, 23456)
    with store.locked():
        store.keep(Secret(NEW), TOKEN)
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {23456}


def test_a_missing_directory_is_told_before_a_token_is_used(tmp_path: Path) -> None:
    """It is not made: a misspelt path would be lost with the container."""
    with pytest.raises(ExportError, match="No such file"), store_named("file:no/token", context(tmp_path)).locked():
        pass


def test_one_after_the_other(tmp_path: Path) -> None:
    """Eight at once, each finds what the one before has left. The disk may be a busy one."""
    seen = []

    def use() -> None:
        store = store_named("file:token", context(tmp_path, seconds=120))
        with store.locked():
            found = store.newest()
            number = int(found.reveal()) if found else 0
            seen.append(number)
            store.keep(Secret(str(number + 1)), TOKEN)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(8))


def test_the_wait_for_a_lock_ends_with_the_deadline(tmp_path: Path, store: Store) -> None:
    """And the token was not used."""
    other = store_named("file:token", context(tmp_path, seconds=0.2))
    with store.locked(), pytest.raises(ExportError, match="locked past the deadline"), other.locked():
        pass


def test_no_place_is_none_at_all(tmp_path: Path) -> None:
    """The input is empty where a run keeps no refresh token."""
    assert store_of("", context(tmp_path)) is None


@pytest.mark.parametrize("text", ["file", "file:", "output:name", "somewhere", "FILE:x", "s3:bucket"])
def test_other_places_are_refused(tmp_path: Path, text: str) -> None:
    """With the forms that are allowed."""
    with pytest.raises(InputError, match="refresh-token-store"):
        store_named(text, context(tmp_path, has_outputs=True))


def test_an_output_needs_a_system_that_has_some(tmp_path: Path) -> None:
    """That is told before the refresh token is used up."""
    with pytest.raises(InputError, match="cannot be output here"):
        store_named("output", context(tmp_path))
    assert store_named("output", context(tmp_path, has_outputs=True)).place == "the output refresh-token"
