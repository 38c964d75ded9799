"""A file of the machine, for its owner alone: for runners that keep their disk."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipe.errors import ExportError, InputError, PipeError
from pipe.export.private_file import give, open_directory, put
from pipe.export.stores.store import Store
from pipe.export.tracked import refuse_tracked
from pipe.http.context import Context
from pipe.redaction.secret import Secret

_LARGEST = 64 * 1024
_POLL = 0.1
# O_NONBLOCK: a pipe in the file's place must not keep the run waiting.
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def store(kind: str, where: str, context: Context) -> Store:
    """Return the store `file:PATH`; a relative path is below the working directory."""
    if not where:
        raise InputError(
            f"refresh-token-store {kind} names no file.",
            "What stands after the colon is the file's path, and it is missing.",
            "Write file:PATH, with a directory that lasts until the next run.",
        )
    return FileStore(context.cwd / where, context)


class _UnfitError(ValueError):
    """Why the file is not taken, in words from here."""


class FileStore(Store):
    """The refresh token in a file of its own, with a lock file beside it that stays there."""

    def __init__(self, path: Path, context: Context) -> None:
        self.place = str(path)
        self._path = path
        self._context = context

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold an exclusive lock (flock) on FILE.lock, so that no two runs use one refresh token.

        Where the file could not be written either, this fails, and no refresh token has been used up.
        """
        refuse_tracked(self._path)
        with self._explained(), _directory(self._path) as directory:
            descriptor = os.open(f"{self._path.name}.lock", os.O_RDWR | os.O_CREAT | _SAFELY, 0o600, dir_fd=directory)
            owner = os.fstat(directory)
        try:
            with self._explained():
                give(descriptor, owner)
                self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def newest(self) -> Secret | None:
        """The file's content without its last newline; None if it is empty or not there yet."""
        with self._explained(), _directory(self._path) as directory:
            try:
                descriptor = os.open(self._path.name, os.O_RDONLY | _SAFELY, dir_fd=directory)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise _UnfitError("it is no regular file")
                if found.st_uid not in {os.geteuid(), os.fstat(directory).st_uid}:
                    raise _UnfitError("it belongs to another user")
                text = file.read(_LARGEST + 1).decode("ascii").removesuffix("\n")
            if len(text) > _LARGEST or not text.isprintable() or " " in text:
                raise _UnfitError("it holds something that is no refresh token")
        return Secret(text) if text else None

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:  # noqa: ARG002 - a file needs no token
        """Replace the file's content, whole or not at all."""
        with self._explained(), _directory(self._path) as directory:
            put(directory, self._path.name, refresh_token.reveal() + "\n", lasting=True)
            kept = os.stat(self._path.name, dir_fd=directory).st_uid
            if os.geteuid() == 0 and kept != os.fstat(directory).st_uid:
                self._context.say(
                    f"{self.place} stays that of user {kept}: the owner of its directory cannot be given it."
                )

    def _lock(self, descriptor: int) -> None:
        waits = False
        while not _locks(descriptor):
            if not waits:
                self._context.say(f"Another run uses {self.place}; waiting for it.")
                waits = True
            if not self._context.http.deadline.remaining():
                raise ExportError(
                    f"Another run keeps {self.place} locked past the deadline.",
                    "It hangs, or many runs share this refresh token.",
                    "Run the step again; the refresh token was not used. Or give each pipeline one of its own.",
                )
            self._context.retries.sleep(_POLL)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> PipeError:
        if isinstance(error, OSError):
            reason = os.strerror(error.errno or 0)
        else:
            # Nothing of what a foreign exception says: a UnicodeDecodeError has the file's content in it.
            reason = str(error) if isinstance(error, _UnfitError) else "it holds something that is no text"
        return ExportError(
            f"{self.place}, where the refresh token is kept, cannot be used ({reason}).",
            "Its directory is missing, a link, or read-only for this user; or something else stands in its place.",
            "Name a file in refresh-token-store whose directory exists, lasts, and belongs to the runner's user.",
        )


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    descriptor = open_directory(path.parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
