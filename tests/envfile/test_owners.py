"""Whom the file is given to where that is not allowed, or where its owner is nobody that is known."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipe.ci.command_file import append
from pipe.errors import ExportError
from pipe.export.env_file import write
from pipe.export.private_file import is_unmapped
from pipe.export.stores import store_of
from pipe.http.client import Http
from pipe.http.retry import Deadline
from pipe.redaction.secret import Secret
from tests import user_namespace
from tests.parts import absent, need
from tests.program import World, run_program
from tests.unit.conftest import Written, context_of

OWNER, GROUP, NOBODY, UNKNOWN = 1001, 1002, 65534, 70000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def without_chown() -> list[str]:
    """The command that starts another one as root without that capability."""
    return [need("setpriv"), "--bounding-set=-chown", "--inh-caps=-all"]


def namespace(ids: int) -> list[str]:
    """The command that starts another one as root of a namespace with so many ids."""
    command = [sys.executable, user_namespace.__file__, str(ids)]
    if subprocess.run([*command, "true"], check=False).returncode:
        absent("a user namespace", "root may not make one here")
    return command


def owners(work: Path) -> dict[str, tuple[int, int]]:
    """Owner and permissions of what is there."""
    found = {path.name: path.stat() for path in work.rglob("*")}
    return {name: (of.st_uid, stat.S_IMODE(of.st_mode)) for name, of in found.items()}


def all_of(user: int) -> dict[str, tuple[int, int]]:
    """What there is if all of it is that user's."""
    return {".bitbucket-token": (user, 0o700), "env": (user, 0o600), ".gitignore": (user, 0o600)}


@pytest.mark.parametrize(
    ("prefix", "owner", "kept_by", "whose"),
    [
        (without_chown, OWNER, 0, f"user {OWNER}"),
        (lambda: namespace(65534), UNKNOWN, 0, "whose id is unknown here"),
        (lambda: namespace(65536), UNKNOWN, 0, "whose id is unknown here"),
        (lambda: namespace(1), OWNER, 0, "whose id is unknown here"),
        (lambda: namespace(65536), OWNER, OWNER, ""),
        (lambda: namespace(65536), 0, 0, ""),
        (list, NOBODY, NOBODY, ""),
    ],
)
def test_a_run_goes_on_and_says_so(
    world: World, prefix: Callable[[], list[str]], owner: int, kept_by: int, whose: str
) -> None:
    """The file stays with the root of the container, who can load it and remove it, a second time too."""
    os.chown(world.work, owner, GROUP)
    world.work.chmod(0o777)
    for _ in range(2):
        outcome = run_program(world, env=world.consumer, prefix=prefix(), starts=True)
        told = [line for line in outcome.shown.splitlines() if line.startswith("The env file stays")]

        assert outcome.code == 0
        assert owners(world.work) == all_of(kept_by)
        if whose:
            told_of = f"could not be given to the owner of '<root>/work', {whose}. Others cannot load it."
            assert told == [f"The env file stays that of user 0: it {told_of}"]
        else:
            assert told == []
    done = run_program(world, "revoke", env=world.consumer, prefix=prefix(), starts=True)
    assert done.code == 0
    assert owners(world.work) == {}


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [(without_chown, "Operation not permitted"), (lambda: namespace(65534), "Invalid argument")],
)
def test_who_is_named_gets_it_or_nobody(world: World, prefix: Callable[[], list[str]], reason: str) -> None:
    """A step that loads it would fail without a reason."""
    world.work.chmod(0o777)
    given = {**world.consumer, "ENV_FILE_READER": str(UNKNOWN)}
    outcome = run_program(world, env=given, prefix=prefix(), starts=True)

    assert outcome.code == 7
    assert f"could not be given to user {UNKNOWN}: {reason}." in outcome.failure
    assert "CAP_CHOWN" in outcome.failure
    assert "read-only" not in outcome.failure
    assert owners(world.work) == {}


def test_who_may_not_give_can_still_let_all_in_that_the_directory_lets_in(world: World) -> None:
    """For that is no gift."""
    os.chown(world.work, OWNER, 0)
    world.work.chmod(0o770)
    given = {**world.consumer, "ENV_FILE_READER": "anyone"}

    assert run_program(world, env=given, prefix=without_chown(), starts=True).code == 0
    assert owners(world.work)["env"] == (0, 0o644)


class TestRefusals:
    """What chown(2) may say."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """The usual place, in a directory of somebody else."""
        os.chown(tmp_path, OWNER, GROUP)
        return tmp_path / ".bitbucket-token" / "env"

    def refuse(self, monkeypatch: pytest.MonkeyPatch, number: int, *, groups: bool = True, users: bool = True) -> None:
        """Have users or groups, or both, refused."""
        real = os.fchown

        def fchown(descriptor: int, user: int, group: int) -> None:
            if (users and user != -1) or (groups and group != -1):
                raise OSError(number, os.strerror(number))
            real(descriptor, user, group)

        monkeypatch.setattr(os, "fchown", fchown)

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOVERFLOW])
    def test_a_refusal_is_survived(self, monkeypatch: pytest.MonkeyPatch, file: Path, number: int) -> None:
        """By a file that stays root's."""
        self.refuse(monkeypatch, number)

        assert [line[:40] for line in write(file, "text")] == ["The env file stays that of user 0: it co"]
        assert owners(file.parent.parent) == all_of(0)

    @pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EDQUOT])
    def test_a_failure_is_one(self, monkeypatch: pytest.MonkeyPatch, file: Path, number: int) -> None:
        """It says nothing of rights."""
        self.refuse(monkeypatch, number)
        with pytest.raises(ExportError):
            write(file, "text")
        assert owners(file.parent.parent) == {}

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL, errno.EIO])
    def test_a_group_is_not_worth_one(self, monkeypatch: pytest.MonkeyPatch, file: Path, number: int) -> None:
        """It has no rights to the file."""
        self.refuse(monkeypatch, number, users=False)

        assert write(file, "text") == []
        assert owners(file.parent.parent) == all_of(OWNER)

    def test_a_file_that_nobody_could_read_is_a_failure(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        """Such as one on a network drive that is neither its owner's nor root's."""
        self.refuse(monkeypatch, errno.EPERM)
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
        with pytest.raises(ExportError, match=f"could not be given to user {OWNER}: Operation not permitted"):
            write(file, "text")
        assert owners(file.parent.parent) == {}

    def test_a_refresh_token_is_kept(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """It would be lost for good otherwise, since the server has ended the one before."""
        os.chown(tmp_path, OWNER, GROUP)
        self.refuse(monkeypatch, errno.EPERM)
        http, written = Http(Deadline(5), timeout=1, ca_file="", env={}), Written()
        store = store_of("file:token", context_of(http, written.log, cwd=tmp_path))
        assert store is not None
        with store.locked():
            store.keep(Secret("a-refresh-token-of-the-tests"), Secret("an-access-token-of-the-tests"))
            assert store.newest() == Secret("a-refresh-token-of-the-tests")
        assert "token stays that of user 0: the owner of its directory cannot be given it." in written.out.getvalue()

    def test_so_is_the_file_of_a_channel(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Which the system reads as root, or not at all."""
        os.chown(tmp_path, OWNER, GROUP)
        self.refuse(monkeypatch, errno.EPERM)
        with ExitStack() as undo:
            append(tmp_path / "token.env", "A=b\n", undo, create=True)
            undo.pop_all()
        assert (tmp_path / "token.env").read_text() == "A=b\n"


@pytest.mark.parametrize(
    ("number", "overflow", "ids", "unmapped"),
    [
        (65534, "65534", "0 0 4294967295", False),
        (65534, "65534", "0 0 65534", True),
        (65534, "65534", "0 100000 65536", True),
        (65534, "65534", "0 1000 1\n1 100000 65535", True),
        (1001, "65534", "0 100000 65536", False),
        (99, "99", "0 100000 65536", True),
        (65534, "99", "0 100000 65536", False),
    ],
)
def test_who_has_no_id_shows_as_one_that_linux_names(
    monkeypatch: pytest.MonkeyPatch, number: int, overflow: str, ids: str, *, unmapped: bool
) -> None:
    """In the namespace of the machine everybody has an id, nobody as well."""
    for kind in ("uid", "gid"):
        files = {f"/proc/sys/kernel/overflow{kind}": overflow, f"/proc/self/{kind}_map": ids}
        monkeypatch.setattr(Path, "read_text", lambda path, *_, files=files, **__: f"{files[str(path)]}\n")

        assert is_unmapped(number, kind) is unmapped


def test_without_proc_everybody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nothing can be told."""

    def read_text(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)

    assert not is_unmapped(NOBODY, "uid")
