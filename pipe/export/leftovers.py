"""What a run has left in the working directory goes away again, and nothing of anybody else's with it.

The directory is untrusted by then, as it was before: links are not followed, nothing is waited for, and only a file
that this program wrote is removed.
"""

import errno
import os
import re
import stat
from pathlib import Path

from pipe.errors import ExportError
from pipe.export.env_file import OWN_DIRECTORY
from pipe.export.private_file import open_directory

# The first line of envfile.sh: by it the file itself also knows what it may remove.
_OURS = re.compile(rb"\{ __bitbucket_token_set=\$- __bitbucket_token_id=[0-9a-f]{16}; ")
_ENOUGH = 128

# What the directory's .gitignore holds, and no more.
_IGNORES_ALL = re.compile(rb"\*\n\Z")

# Something else has the name: a link, a file in a directory's place, a socket. None of it is ours.
_NOT_OURS = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO})


def remove(path: Path) -> bool:
    """Remove the env file at `path`, and the program's own directory around it unless something else is in there.

    Returns whether there was an env file. Raises `ExportError` for what is left although it is ours.
    """
    path = path.absolute()
    place = path
    try:
        directory = open_directory(path.parent)
        try:
            removed = _is_like(directory, path.name, _OURS)
            if removed:
                os.unlink(path.name, dir_fd=directory)
            if path.parent.name != OWN_DIRECTORY:
                return removed
            place = path.parent
            with os.scandir(directory) as entries:
                names = {entry.name for entry in entries}
            if names == {".gitignore"} and _is_like(directory, ".gitignore", _IGNORES_ALL):
                os.unlink(".gitignore", dir_fd=directory)
                names.clear()
            if not names:
                path.parent.rmdir()
            return removed
        finally:
            os.close(directory)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return False
        raise ExportError(
            f"{str(place)!r} could not be removed ({os.strerror(error.errno or 0)}).",
            "The directory is read-only, or belongs to another user than that of this container.",
            "Remove it in a later step.",
        ) from error


def _is_like(directory: int, name: str, start: re.Pattern[bytes]) -> bool:
    """Whether that is a regular file, and begins so."""
    # O_NONBLOCK: a pipe in the file's place must not keep the end of the job waiting.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=directory)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return False
        raise
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return regular and start.match(os.read(descriptor, _ENOUGH)) is not None
    finally:
        os.close(descriptor)
