"""Files that hold a secret: for the owner of their directory, or for who shall read them; whole or not at all."""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipe.inputs.values import ANYONE, Reader

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
# What a file system says that knows no files without a name, or an old kernel (open(2), O_TMPFILE).
_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})
# What chown(2) says where this user may not give files away, or where its user namespace or the mount has no such id.
_REFUSED = frozenset({errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOVERFLOW})
# As proc_pid_uid_map(5) shows the namespace of the machine, in which each id is somebody's.
_ALL_IDS = ["0", "0", "4294967295"]
# Seconds: no run that still works has had a file under such a name for so long.
_OLD = 600


def open_directory(path: Path) -> int:
    """Open a directory that is no symbolic link. Raises `OSError`.

    What is done through this descriptor stays in that directory, whatever is put in its place later.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


class NotGivenError(OSError):
    """A file could not be given to the user who has to read it, for this one may not, or that one has no id here."""


def put(directory: int, name: str, text: str, *, reader: Reader = None, lasting: bool = False) -> None:
    """Write a file of the directory's owner: complete under its name, or not at all. Raises `OSError`.

    `reader` is who else shall read it: the file is then that user's, or can be read by all who get as far as its
    directory. `lasting` waits until it would outlive a power cut.
    """
    with placing(directory, name, text, reader=reader, lasting=lasting):
        pass


@contextmanager
def placing(directory: int, name: str, text: str, *, reader: Reader = None, lasting: bool = False) -> Iterator[None]:
    """Write a file as `put` does before the block begins, and undo that if the block raises.

    Then all is as it was before: an older file of that name is back, or there is none.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise FileExistsError(errno.EEXIST, "something that is no file is in the way")
    temporary, earlier = (f".{secrets.token_hex(8)}.tmp" for _ in range(2))
    placed = False
    try:
        _write(directory, temporary, text, reader=reader, lasting=lasting)
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


def _write(directory: int, name: str, text: str, *, reader: Reader, lasting: bool) -> None:
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
        os.fchmod(descriptor, 0o644 if reader == ANYONE else 0o600)
        give(descriptor, os.fstat(directory), reader)
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


def give(descriptor: int, owner: os.stat_result, reader: Reader = None) -> None:
    """Give the file to the user `reader`, or else to `owner`, for whom the container works, if this program is root.

    If it may not give it to `owner`, or if nobody here knows who that is, the file stays with who wrote it, if that is
    one who can read it. A group that cannot be had does not count: it has no rights to these files. Raises `OSError`,
    which is a `NotGivenError` if `reader` cannot get the file, or nobody could read it.
    """
    found = os.fstat(descriptor)
    for_one = isinstance(reader, int)
    # In most runs it is the owner's already, and nothing has to be read of the namespace.
    belongs = (found.st_uid, found.st_gid) == (owner.st_uid, owner.st_gid)
    if not for_one and (belongs or os.geteuid() != 0 or is_unmapped(owner.st_uid, "uid")):
        return
    user = reader if isinstance(reader, int) else owner.st_uid
    if found.st_uid != user:
        try:
            os.fchown(descriptor, user, -1)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            if for_one or not os.access(f"/proc/self/fd/{descriptor}", os.R_OK, effective_ids=True):
                raise NotGivenError(error.errno, os.strerror(error.errno), user) from error
    if not for_one and found.st_gid != owner.st_gid and not is_unmapped(owner.st_gid, "gid"):
        with suppress(OSError):
            os.fchown(descriptor, -1, owner.st_gid)


def is_unmapped(number: int, kind: str) -> bool:
    """Whether a `uid` or `gid` stands for all that have none in this user namespace.

    Those show as the overflow id (user_namespaces(7), "Unmapped user and group IDs"), which is 65534 as a rule. In the
    namespace of the machine it is an id as any other, that of nobody; in a container's it can be both.
    """
    try:
        overflow = Path(f"/proc/sys/kernel/overflow{kind}").read_text(encoding="ascii").strip()
        return str(number) == overflow and Path(f"/proc/self/{kind}_map").read_text("ascii").split() != _ALL_IDS
    except OSError:
        return False
