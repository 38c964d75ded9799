"""A step that runs as another user than the owner of the checkout loads the file too, and no stranger does."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipe.errors import ExportError
from pipe.export.env_file import render, write
from pipe.export.leftovers import remove
from pipe.inputs.values import ANYONE, Reader
from pipe.redaction.secret import Secret, forms
from tests.envfile.shells import NAME, TOKEN, Ran, Shell
from tests.parts import need
from tests.program import World, run_program

USER, GROUP, STRANGER = 12345, 23456, 34567
LOADED = b"<***>\n"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")


@dataclass(frozen=True)
class As(Shell):
    """A shell of another user."""

    user: int = USER
    group: int = USER

    def command(self, script: Path) -> list[str]:
        """Return the command line that runs a script file."""
        who = [f"--reuid={self.user}", f"--regid={self.group}", "--clear-groups"]
        return [need("setpriv"), *who, *super().command(script)]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A directory that root has made with umask 0, where all may go; those that pytest makes are closed."""
    top = Path(tempfile.mkdtemp())
    work = top / "work"
    work.mkdir()
    for place in (top, work):
        place.chmod(0o777)
    yield work
    shutil.rmtree(top)


def put(checkout: Path, reader: Reader = None) -> list[str]:
    """Write the usual env file there."""
    path = checkout / ".bitbucket-token" / "env"
    secret = Secret(TOKEN)
    return write(path, render({NAME: secret}, masks=forms(secret), mask_log=True, remove=str(path)), reader)


def load(shell: Shell, checkout: Path, *, user: int = USER, group: int = USER) -> Ran:
    """Load the file as that user, and show the token."""
    script = f'. ./.bitbucket-token/env\necho "<${{{NAME}-}}>"; cat .bitbucket-token/.gitignore\n'
    return As(shell.name, shell.path, user, group).run(script, cwd=checkout)


def owners(checkout: Path) -> dict[str, tuple[int, int]]:
    """The owner and the permissions of each thing that was made."""
    found = {str(path.relative_to(checkout)): path.stat() for path in checkout.rglob("*")}
    return {name: (of.st_uid, stat.S_IMODE(of.st_mode)) for name, of in found.items()}


def test_without_it_only_the_owner_loads_it(shell: Shell, checkout: Path) -> None:
    """A log that says so in time is all that such a step has."""
    lines = put(checkout)

    assert b"***" not in load(shell, checkout).out
    assert len(lines) == 1
    assert "env-file-reader" in lines[0]


def test_the_user_who_is_named_loads_and_removes_it(shell: Shell, checkout: Path) -> None:
    """With the filter, and with what makes git ignore it; nobody else but root can."""
    assert put(checkout, USER) == []
    assert owners(checkout) == {
        ".bitbucket-token": (USER, 0o700),
        ".bitbucket-token/env": (USER, 0o600),
        ".bitbucket-token/.gitignore": (USER, 0o600),
    }

    assert b"***" not in load(shell, checkout, user=STRANGER).out
    ran = load(shell, checkout)
    assert (ran.status, ran.out, ran.err) == (0, LOADED + b"*\n", b"")
    assert not (checkout / ".bitbucket-token/env").exists()


def test_whoever_the_directory_lets_in_loads_it(shell: Shell, checkout: Path) -> None:
    """Here that is a group. What keeps strangers out is the directory, since the file does not."""
    os.chown(checkout, 0, GROUP)
    checkout.chmod(0o770)
    lines = put(checkout, ANYONE)

    assert owners(checkout) == {
        ".bitbucket-token": (0, 0o755),
        ".bitbucket-token/env": (0, 0o644),
        ".bitbucket-token/.gitignore": (0, 0o644),
    }
    assert lines == [f"Whoever may enter {str(checkout)!r} can read it. Only its owner can remove it."]
    ran = load(shell, checkout, group=GROUP)
    assert (ran.status, ran.out, ran.err) == (0, LOADED + b"*\n", b"")
    stranger = As(shell.name, shell.path, STRANGER, STRANGER)
    assert b"denied" in stranger.run(f"cat {checkout}/.bitbucket-token/env", cwd=checkout.parent).err


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777, 0o711, 0o701])
def test_a_directory_that_lets_all_in_is_refused(checkout: Path, mode: int) -> None:
    """Nobody should show a token to strangers by asking for a file that works."""
    checkout.chmod(mode)
    mine = checkout / "mine"
    mine.mkdir()
    mine.chmod(mode)
    for path in (checkout / ".bitbucket-token/env", mine / "token.env", checkout / "new/token.env"):
        with pytest.raises(ExportError) as caught:
            write(path, "secret-text", ANYONE)
        assert "nothing seems to keep strangers out" in caught.value.what
    assert list(owners(checkout)) == ["mine"]


def test_a_directory_of_the_user_s_own_counts_itself(checkout: Path) -> None:
    """Its permissions stay; the file is for all whom they let in."""
    closed = checkout / "closed"
    closed.mkdir()
    closed.chmod(0o750)
    write(closed / "token.env", "text", ANYONE)

    assert owners(checkout) == {"closed": (0, 0o750), "closed/token.env": (0, 0o644)}


def test_a_mount_is_not_closed_by_what_is_around_it(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may have mounted the program's own directory elsewhere, where nothing keeps strangers out."""
    checkout.chmod(0o700)
    real = os.stat

    def of_another_file_system(path: str | Path, **how: Any) -> os.stat_result:
        found = real(path, **how)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:])) if path == ".." else found

    monkeypatch.setattr(os, "stat", of_another_file_system)
    with pytest.raises(ExportError, match="strangers"):
        put(checkout, ANYONE)


@pytest.mark.parametrize(("before", "after"), [(None, USER), (USER, USER), (ANYONE, None), (ANYONE, USER)])
def test_what_an_earlier_run_has_left_is_taken_over(checkout: Path, before: Reader, after: Reader) -> None:
    """As if it had not been there."""
    checkout.chmod(0o750)
    put(checkout, before)
    put(checkout, after)

    assert {owner for owner, _ in owners(checkout).values()} == {after or 0}
    assert {mode for _, mode in owners(checkout).values()} == {0o700, 0o600}


@pytest.mark.parametrize("reader", [None, USER, ANYONE])
def test_the_end_of_the_job_removes_it(checkout: Path, reader: Reader) -> None:
    """Whoever can read it."""
    checkout.chmod(0o750)
    put(checkout, reader)

    assert remove(checkout / ".bitbucket-token" / "env")
    assert owners(checkout) == {}


@pytest.mark.parametrize(
    ("owner", "mode", "reader", "said"),
    [
        (0, 0o777, None, "is open to all, and root's"),
        (0, 0o755, None, ""),
        (0, 0o1777, None, ""),
        (USER, 0o777, None, ""),
        (0, 0o777, 0, ""),
        (0, 0o711, USER, ""),
        (USER, 0o700, USER, ""),
        (0, 0o700, USER, f"User {USER} cannot load the env file: only its owner may enter"),
    ],
)
def test_what_can_be_told_is_told(checkout: Path, owner: int, mode: int, reader: Reader, said: str) -> None:
    """Before the step that cannot load it says no more than that."""
    os.chown(checkout, owner, owner)
    checkout.chmod(mode)
    lines = put(checkout, reader)

    assert [said in line for line in lines] == ([True] if said else [])


def test_the_input_says_who(world: World) -> None:
    """From the command line to the file, and the hint of it right before the line that loads the file."""
    world.work.chmod(0o777)
    hinted = run_program(world, env=world.consumer).shown.splitlines()
    at = next(number for number, line in enumerate(hinted) if "env-file-reader" in line)
    assert "the next line of the script loads it" in hinted[at + 1]

    outcome = run_program(world, "--env-file-reader", str(USER), env=world.consumer)
    assert outcome.code == 0
    assert "env-file-reader" not in outcome.shown
    assert set(owners(world.work).values()) == {(USER, 0o700), (USER, 0o600)}

    assert run_program(world, "revoke", "--env-file-reader", str(USER), env=world.consumer).code == 0
    assert owners(world.work) == {}


@pytest.mark.parametrize(
    "given", ["nobody", "-1", "4294967295", "99999999999", "1000:1000", "0x10", "1.5", "٣", "ANYONE", "others"]
)
def test_what_is_no_user_is_refused(world: World, given: str) -> None:
    """4294967295 is how a program asks chown(2) to leave the owner as it is."""
    outcome = run_program(world, env={**world.consumer, "ENV_FILE_READER": given})

    assert outcome.code == 2
    assert f"env-file-reader '{given}' (from ENV_FILE_READER) is no user id." in outcome.failure
    assert outcome.requests == []


def test_it_does_not_go_with_print(world: World) -> None:
    """Which writes no file."""
    outcome = run_program(world, "--print", "raw", "--env-file-reader", "0", env=world.consumer)

    assert outcome.code == 2
    assert "exclude each other" in outcome.failure
