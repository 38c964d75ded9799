"""The files through which GitHub's runner, and those that follow it, take values from a step."""

import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pipe.errors import ExportError
from pipe.secret import Secret


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


def append_all(appended: Sequence[tuple[str, Path, str]]) -> None:
    """Append to several files, or to none: each is the variable that names the file, its path, and the text.

    Raises `ExportError` naming the variable, after every file was cut back to what it held.
    """
    with ExitStack() as undo:
        for variable, path, text in appended:
            try:
                append(path, text, undo)
            except OSError as error:
                raise ExportError(
                    f"The file that {variable} names could not be written ({os.strerror(error.errno or 0)}).",
                    "The runner's file commands are not mounted into this container, or its disk is full.",
                    "Run this as an action of the runner itself; if it is one, look at the disk of the machine.",
                ) from error
        undo.pop_all()


def append(path: Path, text: str, undo: ExitStack, *, create: bool = False) -> None:
    """Append whole lines to the file, and have `undo` cut it back to what it held. Raises `OSError`.

    `create` is for a file in the checkout, which nobody may have made yet, and where no link is to be trusted: it is
    made for the owner of its directory alone.
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
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    closing.callback(os.close, descriptor)
    with closing:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(22, "not a regular file")
        undo.callback(os.truncate, path, state.st_size)
        data = text.encode()
        if state.st_size and os.pread(descriptor, 1, state.st_size - 1) != b"\n":
            data = b"\n" + data
        while data:
            data = data[os.write(descriptor, data) :]
