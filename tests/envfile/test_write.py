"""Where the file lands, whose it is, and what stands in its way."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pipe.errors import ExportError
from pipe.export.env_file import write

SECRET = "export A='secret-text'\n"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


def owner(path: Path) -> tuple[int, int]:
    """The user and group of a file."""
    return path.lstat().st_uid, path.lstat().st_gid


def everything(folder: Path) -> set[str]:
    """All paths below a directory."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def file(work: Path) -> Path:
    """The usual place."""
    return work / ".bitbucket-token" / "env"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_the_owner_can_read_it(work: Path, file: Path, umask: int) -> None:
    """The directory is 0700 and ignores itself, the file is 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        write(file, SECRET)
    finally:
        os.umask(before)
    assert file.read_text() == SECRET
    assert (mode(file.parent), mode(file)) == (0o700, 0o600)
    assert (file.parent / ".gitignore").read_text() == "*\n"
    assert everything(work) == {".bitbucket-token", ".bitbucket-token/env", ".bitbucket-token/.gitignore"}


def test_a_new_file_takes_the_place_of_an_old_one(work: Path, file: Path) -> None:
    """The second run replaces the file of the first, whatever its permissions had become."""
    write(file, "old and much longer than the new one")
    file.chmod(0o666)
    write(file, SECRET)
    assert (file.read_text(), mode(file)) == (SECRET, 0o600)
    assert len(everything(work)) == 3


def test_loose_permissions_of_the_directory_are_tightened(file: Path) -> None:
    """A directory of that name that came with the checkout lets nobody else in any more."""
    file.parent.mkdir(mode=0o755)
    file.parent.chmod(0o777)
    write(file, SECRET)
    assert mode(file.parent) == 0o700
    assert (file.parent / ".gitignore").read_text() == "*\n"


def test_a_directory_of_the_user_stays_as_it_is(work: Path) -> None:
    """In a directory that was there before, under another name, only the file is new."""
    folder = work / "build"
    folder.mkdir()
    folder.chmod(0o755)
    write(folder / "token.env", SECRET)
    assert (mode(folder), mode(folder / "token.env")) == (0o755, 0o600)
    assert everything(folder) == {"token.env"}


def test_a_directory_it_makes_ignores_itself(work: Path) -> None:
    """A directory under another name that it had to make is private too."""
    write(work / "new" / "token.env", SECRET)
    assert mode(work / "new") == 0o700
    assert everything(work / "new") == {"token.env", ".gitignore"}


def test_a_relative_path_is_the_working_directory_s(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path counts from where the program runs."""
    monkeypatch.chdir(work)
    write(Path(".bitbucket-token/env"), SECRET)
    assert (work / ".bitbucket-token" / "env").read_text() == SECRET


def test_a_path_that_is_no_text_can_be_written(work: Path) -> None:
    """A directory whose name is not UTF-8 shows up in the text as it came."""
    name = os.fsdecode(b"caf\xe9")
    write(work / name / "env", f"rm '{name}'\n")
    assert (work / name / "env").read_bytes() == b"rm 'caf\xe9'\n"


@root_only
def test_root_gives_it_to_the_owner_of_the_checkout(work: Path, file: Path) -> None:
    """A container that runs as root leaves files that the step's own user can read and remove."""
    os.chown(work, 12345, 23456)
    write(file, SECRET)
    assert {owner(path) for path in work.rglob("*")} == {(12345, 23456)}
    assert len(everything(work)) == 3


@root_only
def test_a_directory_of_somebody_else_is_refused(file: Path) -> None:
    """A directory that neither the container's user nor the checkout's owner made gets nothing."""
    file.parent.mkdir()
    os.chown(file.parent, 12345, 12345)
    with pytest.raises(ExportError, match="belongs to another user"):
        write(file, SECRET)
    assert everything(file.parent) == set()


def test_an_unwritable_place_is_refused() -> None:
    """A place where not even root may write is an error that says so."""
    with pytest.raises(ExportError) as caught:
        write(Path("/sys/kernel/.bitbucket-token/env"), SECRET)
    assert "may not write" in caught.value.why


class TestHostileCheckout:
    """What a pull request can have put in the way."""

    def test_a_link_for_the_directory(self, work: Path, file: Path) -> None:
        """A symbolic link in the place of the directory is not followed."""
        elsewhere = work / "elsewhere"
        elsewhere.mkdir()
        file.parent.symlink_to(elsewhere)
        self.refused(file)
        assert everything(elsewhere) == set()

    def test_a_dangling_link_for_the_directory(self, work: Path, file: Path) -> None:
        """Nor is one that leads nowhere yet."""
        file.parent.symlink_to(work / "elsewhere")
        self.refused(file)
        assert not (work / "elsewhere").exists()

    def test_a_file_for_the_directory(self, file: Path) -> None:
        """A file in the place of the directory is an error."""
        file.parent.write_text("x")
        self.refused(file)

    @pytest.mark.parametrize("name", ["env", ".gitignore"])
    def test_a_link_for_a_file(self, work: Path, file: Path, name: str) -> None:
        """A symbolic link in the place of a file is neither followed nor kept quiet about."""
        target = work / "target"
        target.write_text("untouched")
        file.parent.mkdir()
        (file.parent / name).symlink_to(target)
        self.refused(file)
        assert target.read_text() == "untouched"

    @pytest.mark.parametrize("put", [lambda path: path.mkdir(), os.mkfifo], ids=["directory", "FIFO"])
    def test_something_else_for_the_file(self, file: Path, put: Callable[[Path], None]) -> None:
        """A directory or a FIFO in the place of the file is an error, at once."""
        file.parent.mkdir()
        put(file)
        self.refused(file)

    def test_a_missing_directory_further_up(self, work: Path) -> None:
        """Only the last directory is made."""
        self.refused(work / "a" / "b" / "env")
        assert everything(work) == set()

    def refused(self, file: Path) -> None:
        """Check that nothing is written, and that the message has all its parts and not the text."""
        before = everything(file.parent) if file.parent.is_dir() else set()
        with pytest.raises(ExportError) as caught:
            write(file, SECRET)
        error = caught.value
        assert error.exit_code == 7
        assert str(file) in error.what
        assert error.why
        assert error.now
        assert "secret-text" not in error.what + error.why + error.now
        after = everything(file.parent) if file.parent.is_dir() else set()
        assert after - before <= {".gitignore"}


class TestNothingHalfWritten:
    """A write that fails, wherever it does."""

    @pytest.mark.parametrize("call", ["open", "fchmod", "rename", "fstat"])
    @pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
    @pytest.mark.parametrize("there", [False, True])
    def test_it_leaves_what_was_there_before(
        self, work: Path, file: Path, monkeypatch: pytest.MonkeyPatch, call: str, failure: BaseException, there: bool
    ) -> None:
        """A full disk or an interrupt at any step leaves the old file or none, and no temporary one."""
        if there:
            write(file, "old")
        before = everything(work)
        real = getattr(os, call)
        for last_good in range(10):
            calls = 0

            def fails(*given: object, last_good: int = last_good, **named: object) -> object:
                nonlocal calls
                calls += 1
                if calls == last_good + 1:
                    raise failure
                return real(*given, **named)

            with monkeypatch.context() as patched:
                patched.setattr(os, call, fails)
                seen: type[BaseException] | None = None
                try:
                    write(file, SECRET)
                except (ExportError, KeyboardInterrupt) as error:
                    seen = type(error)
            if seen is None:
                break
            assert seen is (ExportError if isinstance(failure, OSError) else KeyboardInterrupt)
            assert everything(work) == before
            assert not there or file.read_text() == "old"
        assert last_good > 0
        assert file.read_text() == SECRET

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
    def test_a_full_disk(self, work: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that is found to be full on writing is an error that says so."""
        real = os.open

        def full(path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            descriptor = real(path, flags, mode, dir_fd=dir_fd)
            if flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE:
                device = real("/dev/full", os.O_WRONLY)
                os.dup2(device, descriptor)
                os.close(device)
            return descriptor

        monkeypatch.setattr(os, "open", full)
        monkeypatch.setattr(os, "fchmod", lambda *_: None)
        with pytest.raises(ExportError) as caught:
            write(file, SECRET)
        assert "full" in caught.value.why
        assert everything(work) == set()
