"""Files that hold a secret: for the owner of their directory alone, and written whole or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
    """Do the same, and let the file have its name after the block; if that raises, all stays as it was."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no file is in the way")
    temporary = f".{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600, dir_fd=directory)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(descriptor, 0o600)
            give(descriptor, os.fstat(directory))
            file.write(text)
            if lasting:
                file.flush()
                os.fsync(descriptor)
        yield
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        # From before the file was made: an interrupt can come between making it and knowing so.
        with suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise


def give(descriptor: int, owner: os.stat_result) -> None:
    """Root gives the file to `owner`, for whom the container works."""
    found = os.fstat(descriptor)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
