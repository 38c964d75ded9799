"""A file of the machine, for its owner alone: for runners that keep their disk."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipe.deadline import Deadline
from pipe.errors import ExportError
from pipe.secret import Secret
from pipe.stores.store import Store

_LARGEST = 64 * 1024
_POLL = 0.1


class FileStore(Store):
    """The refresh token in a file of its own, with a lock file beside it."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self.place = str(path)
        self._path = path
        self._deadline = deadline

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold an exclusive lock (flock) on FILE.lock, so that no two runs use one refresh token."""
        try:
            descriptor = os.open(
                self._path.with_name(self._path.name + ".lock"),
                os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            raise self._failed(error) from error
        try:
            while not _try_lock(descriptor):
                if not self._deadline.remaining():
                    raise ExportError(
                        f"Another run keeps {self.place} locked past the deadline.",
                        "It hangs, or many runs share this refresh token.",
                        "Run the step again, or give each pipeline a refresh token of its own.",
                    )
                time.sleep(_POLL)
            yield
        finally:
            os.close(descriptor)

    def newest(self) -> Secret | None:
        """The file's content without its last newline; None if it is not there yet."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                text = file.read(_LARGEST + 1).decode("ascii").removesuffix("\n")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._failed(error) from error
        if len(text) > _LARGEST or not text.isprintable() or " " in text:
            raise self._failed(ValueError("no refresh token"))
        return Secret(text) if text else None

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:  # noqa: ARG002 - a file needs no token
        """Replace the file's content, whole or not at all."""
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(refresh_token.reveal() + "\n")
                file.flush()
                os.fsync(descriptor)
            temporary.rename(self._path)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            with suppress(OSError):
                temporary.unlink()

    def _failed(self, error: Exception) -> ExportError:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it holds no refresh token"
        return ExportError(
            f"{self.place}, which keeps the refresh token, cannot be used ({reason}).",
            "The directory is missing or read-only, or something else stands in the file's place.",
            "Name a file in a directory of this runner that lasts, in refresh-token-store; if a run has used the old "
            "refresh token since, run the step again within ten minutes.",
        )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
