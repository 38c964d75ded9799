"""Files that hold a secret: for the owner of their directory alone, and written whole or not at all."""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
# What a file system says that knows no files without a name, or an old kernel (open(2), O_TMPFILE).
_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})
# Seconds: no run that still works has had a file under such a name for so long.
_OLD = 600


def open_directory(path: Path) -> int:
    """Open a directory that is no symbolic link. Raises `OSError`.

    What is done through this descriptor stays in that directory, whatever is put in its place later.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def put(directory: int, name: str, text: str, *, lasting: bool = False) -> None:
    """Write a file of the directory's owner: complete under its name, or not at all. Raises `OSError`.

    `lasting` waits until it would outlive a power cut.
    """
    with placing(directory, name, text, lasting=lasting):
        pass


@contextmanager
def placing(directory: int, name: str, text: str, *, lasting: bool = False) -> Iterator[None]:
    """Write a file as `put` does before the block begins, and undo that if the block raises.

    Then all is as it was before: an older file of that name is back, or there is none.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no file is in the way")
    temporary, earlier = (f".{secrets.token_hex(8)}.tmp" for _ in range(2))
    placed = False
    try:
        _write(directory, temporary, text, lasting=lasting)
        with suppress(OSError):  # There is none, or the file system knows no second name for a file.
            os.link(name, earlier, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
        placed = True  # From before it is so: an interrupt can come between the renaming and knowing of it.
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        yield
    except BaseException:
        if placed and not _exists(directory, temporary):
            _take_back(directory, name, earlier)
        raise
    finally:
        for left in (temporary, earlier):
            with suppress(OSError):
                os.unlink(left, dir_fd=directory)


def remove_leftovers(directory: int) -> None:
    """Remove what runs that were killed have left in a directory of the program's own."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < time.time() - _OLD:
                os.unlink(entry.name, dir_fd=directory)


def _write(directory: int, name: str, text: str, *, lasting: bool) -> None:
    """Write a file that has no name, where the file system has such, until it is complete: nothing is left of it then.

    Elsewhere it has `name` from the beginning.
    """
    nameless = getattr(os, "O_TMPFILE", 0)
    try:
        descriptor = os.open(".", os.O_WRONLY | nameless | os.O_CLOEXEC, 0o600, dir_fd=directory)
    except OSError as error:
        if nameless and error.errno not in _NO_NAMELESS:
            raise
        nameless = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        os.fchmod(descriptor, 0o600)
        give(descriptor, os.fstat(directory))
        file.write(text)
        file.flush()
        if lasting:
            os.fsync(descriptor)
        if nameless:
            os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=directory)


def _exists(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return True


def _take_back(directory: int, name: str, earlier: str) -> None:
    """Put back what had the name before, or leave nothing there."""
    try:
        os.rename(earlier, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with suppress(OSError):
            os.unlink(name, dir_fd=directory)


def give(descriptor: int, owner: os.stat_result) -> None:
    """Give the file to `owner`, for whom the container works, if this program runs as root."""
    found = os.fstat(descriptor)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
