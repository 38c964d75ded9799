"""The files through which a CI system takes values from a step: GitHub's, those that follow it, and other kinds."""

import errno
import os
import re
import secrets
import stat
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from pipe.errors import ExportError
from pipe.export.private_file import give
from pipe.export.tracked import refuse_tracked
from pipe.redaction.secret import Secret


def entries(variables: Mapping[str, str | Secret]) -> str:
    """Return `variables` in heredoc form, each with a random delimiter that no value can hold.

    Source: "Workflow commands for GitHub Actions", multiline strings.
    """
    text = ""
    for name, value in variables.items():
        delimiter = f"bitbucket_token_{secrets.token_hex(16)}"
        plain = value.reveal() if isinstance(value, Secret) else value
        text += f"{name}<<{delimiter}\n{plain}\n{delimiter}\n"
    return text


# RFC 6750's b64token, and the colon of a time: what every reader of KEY=VALUE lines takes as it stands.
_PLAIN = re.compile(r"[A-Za-z0-9._~+/=:-]*")

# Go's bufio.Scanner, with which several systems read such lines, takes none of 64 KiB.
_LONGEST_LINE = 64 * 1024 - 2

# The permissions of a file's owner.
_OWNERS = 0o700

# Bytes of a file out of which something is cut.
_LARGEST_FILE = 16 * 1024 * 1024


def is_plain(value: str) -> bool:
    """Whether `value` needs no quotes in a KEY=VALUE line, whoever reads it."""
    return bool(_PLAIN.fullmatch(value))


def base64_lines(variables: Mapping[str, str], *, before: str = "") -> str:
    """Return a KEY=VALUE line each, the value in base64 after `before`. Raises `ExportError` as `lines_that_fit`."""
    return lines_that_fit(f"{name}={before}{b64encode(value.encode()).decode()}" for name, value in variables.items())


def lines_that_fit(lines: Iterable[str]) -> str:
    """Return the lines as one text. Raises `ExportError` if one of them is too long for those who read it."""
    text = ""
    for line in lines:
        if len(line) > _LONGEST_LINE:
            raise ExportError(
                "The token does not fit into a line of the file that takes outputs.",
                "A line may have 64 KiB there, and the token, as it is written there, has more.",
                "Have the env file written instead (ci: none), and load it where the token is needed.",
            )
        text += f"{line}\n"
    return text


def append_all(
    appended: Sequence[tuple[str, Path, str]],
    *,
    create: bool = False,
    why: str = "The runner's file commands are not mounted into this container, or its disk is full.",
    now: str = "Run this as an action of the runner itself; if it is one, look at the disk of the machine.",
) -> None:
    """Append to several files, or to none: each is the variable that names the file, its path, and the text.

    Raises `ExportError` naming the variable, after every file was cut back to what it held.
    """
    with ExitStack() as undo:
        for variable, path, text in appended:
            if create:
                refuse_tracked(path)
            try:
                append(path, text, undo, create=create)
            except OSError as error:
                raise _unwritten(variable, error, why, now) from error
        undo.pop_all()


def write_value(path: Path, value: str, *, why: str, now: str) -> None:
    """Have the file that `channel-file` names hold `value` and nothing else, or leave it as it is.

    As any program would write it, for the system to read whoever it runs as. Raises `ExportError`.
    """
    refuse_tracked(path)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.lstat().st_mode):
                raise FileExistsError(errno.EEXIST, "something that is no file has its name")
        temporary.write_text(value)
        temporary.replace(path)
    except OSError as error:
        raise _unwritten("channel-file", error, why, now) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _unwritten(variable: str, error: OSError, why: str, now: str) -> ExportError:
    return ExportError(
        f"The file that {variable} names could not be written ({os.strerror(error.errno or 0)}).", why, now
    )


def append(path: Path, text: str, undo: ExitStack, *, create: bool = False, private: bool = False) -> None:
    """Append whole lines to the file, and have `undo` cut it back to what it held. Raises `OSError`.

    `create` is for a file in the checkout, which nobody may have made yet, and where no link is to be trusted: it is
    made for the owner of its directory alone. `private` is for a file that a step has made as it makes any other: from
    now on nobody but its owner can read it.
    """
    # O_NONBLOCK: a pipe in the file's place must not keep the run waiting.
    flags = os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | (os.O_NOFOLLOW if create else 0)
    closing = ExitStack()
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        if not create:
            raise
        undo.callback(path.unlink, missing_ok=True)
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        give(descriptor, path.parent.stat())
    closing.callback(os.close, descriptor)
    with closing:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        undo.callback(os.truncate, path, state.st_size)
        if private and stat.S_IMODE(state.st_mode) & ~_OWNERS:
            os.fchmod(descriptor, stat.S_IMODE(state.st_mode) & _OWNERS)
        data = text.encode()
        if state.st_size and os.pread(descriptor, 1, state.st_size - 1) != b"\n":
            data = b"\n" + data
        while data:
            data = data[os.write(descriptor, data) :]


def cut(path: Path, part: re.Pattern[bytes]) -> bool:
    """Cut every `part` out of the file, in its place, for it may be mounted by itself; return whether there was one.

    Raises `OSError`. A file that is not there has nothing to lose.
    """
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "r+b") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if state.st_size > _LARGEST_FILE:
            raise OSError(errno.EFBIG, "larger than anything that steps hand on")
        kept, count = part.subn(b"", file.read())
        if count:
            file.seek(0)
            file.write(kept)
            file.truncate()
    return bool(count)
