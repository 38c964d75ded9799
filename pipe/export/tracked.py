"""Whether git tracks a file: then a diff or a commit would show what is written there, whatever .gitignore says.

A pull request can commit a file under the very name that a run writes to. git itself is not asked, for no other program
is started, and its configuration is the checkout's; its index is read instead (gitformat-index(5)).
"""

import mmap
import os
import stat
from pathlib import Path

from pipe.errors import ExportError

_LONGEST_LINK = 4096
# Of an entry: what stat(2) says, and the SHA-1.
_BEFORE_FLAGS = 60
_EXTENDED = 0x4000
_LENGTH = 0x0FFF
_LONGEST_NAME = 1 << 20


def refuse_tracked(path: Path) -> None:
    """Raise `ExportError` if the git repository around `path` has a file of that name in its index."""
    if is_tracked(path):
        raise ExportError(
            f"git tracks {str(path)!r}: a diff or a commit would show what is written there.",
            "Somebody has committed a file of that name, by mistake or to have the token shown.",
            "Remove it from the repository (git rm --cached), or name another place.",
        )


def is_tracked(path: Path) -> bool:
    """Say whether the innermost git repository around `path` has a file of that name in its index.

    A repository that cannot be read has none.
    """
    place = Path(os.path.realpath(path.parent)) / path.name
    for top in place.parents:
        git = _git_directory(top / ".git")
        if git is not None:
            name = place.relative_to(top).as_posix().encode("utf-8", "surrogateescape")
            # With a split index, most names are in a file that this one shares with others.
            return any(_has(index, name) for index in (git / "index", *git.glob("sharedindex.*")))
    return False


def _git_directory(git: Path) -> Path | None:
    """Return the repository that `.git` is, or that a file of this name leads to, as in worktrees and submodules."""
    if git.is_dir():
        return git
    text = _read(git, _LONGEST_LINK) if git.is_file() else b""
    where = text.removeprefix(b"gitdir:").strip()
    return git.parent / os.fsdecode(where) if text.startswith(b"gitdir:") and where else None


def _has(index: Path, name: bytes) -> bool:
    try:
        # O_NONBLOCK: a pipe in the file's place must not keep the run waiting.
        descriptor = os.open(index, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != b"DIRC":
                return False
            version = int.from_bytes(data[4:8])
            return _has_compressed(data, name) if version == 4 else _has_whole(data, name)
    except (OSError, ValueError, IndexError):  # It is empty, or cut off.
        return False
    finally:
        os.close(descriptor)


def _has_whole(data: mmap.mmap, name: bytes) -> bool:
    """Search an index of version 2 or 3.

    Each name stands there as it is, after two bytes with its length, or after two more if a bit of these says so.
    """
    at = -1
    while (at := data.find(name + b"\0", at + 1)) >= 0:
        flags, before = int.from_bytes(data[at - 2 : at]), int.from_bytes(data[at - 4 : at - 2])
        length = min(len(name), _LENGTH)
        if flags & _LENGTH == length or (before & _EXTENDED and before & _LENGTH == length):
            return True
    return False


def _has_compressed(data: mmap.mmap, name: bytes) -> bool:
    """Search an index of version 4.

    Of each name it holds the end that differs from the name before, and how many bytes of that one to drop first.
    """
    at, found = 12, b""
    for _ in range(int.from_bytes(data[8:12])):
        flags = int.from_bytes(data[at + _BEFORE_FLAGS : at + _BEFORE_FLAGS + 2])
        at += _BEFORE_FLAGS + (4 if flags & _EXTENDED else 2)
        taken = data[at] & 0x7F
        while data[at] & 0x80:
            at += 1
            taken = ((taken + 1) << 7) | (data[at] & 0x7F)
            if taken > _LONGEST_NAME:
                return False
        end = data.find(b"\0", at + 1)
        if end < 0:
            return False
        found = found[: len(found) - taken] + data[at + 1 : end]
        if found >= name:
            return found == name
        at = end + 1
    return False


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""
