"""The token on standard output, for `$(docker run ... --print raw)` and `eval "$(docker run ... --print sh)"`."""

import errno
import json
import os
from select import select
from typing import TextIO

from pipe.errors import ExportError, InputError
from pipe.export import env_file as envfile
from pipe.export.variables import Export
from pipe.redaction.secret import Secret


def render(form: str, export: Export) -> str:
    """Return what `print` shows in `form`: `raw`, `json`, `sh` or `dotenv`."""
    if form == "raw":
        return export.token.value.reveal() + "\n"
    if form == "json":
        return _json(export)
    if form == "sh":
        return envfile.render(
            export.variables(), masks=export.masks, mask_log=export.mask_log, remove=None, git=export.git
        )
    return "".join(f"{name}={_dotenv_quoted(value)}\n" for name, value in export.variables().items())


def check_reader(stdout: TextIO) -> None:
    """Raise `InputError` if standard output is a terminal, before there is anything to print.

    Nobody who runs this for `$(...)` gets what was meant there: `docker run -t` makes one terminal of both streams, so
    the log lines come with the token, and each line ends in a carriage return, which neither a header nor `eval` takes.
    From in here that cannot be told from a person who looks on; and a token works for hours on a screen, in its
    scrollback, and in the log that a CI system makes of a terminal. So whoever wants to see it says so by a pipe.
    """
    if not stdout.closed and stdout.isatty():
        raise InputError(
            "Standard output is a terminal, where print shows the token to everybody who looks on.",
            "docker run has -t or --tty (-it): the log lines are then mixed with the token, and every line ends in a "
            "carriage return. Or somebody wants to see the token.",
            "Leave out -t, as in $(docker run --rm ... --print raw). To see the token, pipe it: ... --print raw | cat",
        )


def write_out(stdout: TextIO, text: str | bytes, what: str) -> None:
    """Write all of `text` to standard output at once, in UTF-8 whatever its encoding is.

    It is also written whole where the stream does not wait for its reader, as that of some CI systems. `what` is what a
    person calls it. Raises `ExportError`, whose cause is a `BrokenPipeError` if whoever read it has gone away.
    """
    left = memoryview(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
    try:
        stream = stdout.buffer
        while True:
            try:
                stream.write(left)
                left = left[len(left) :]
                stream.flush()
            except BlockingIOError as busy:
                left = left[busy.characters_written :]
                select([], [stream], [])
            else:
                return
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        closed = number in (None, errno.EPIPE, errno.EBADF)
        how = "is closed" if closed else f"cannot be written ({os.strerror(number or 0)})"
        raise ExportError(
            f"Standard output {how}: {what} could not be printed.",
            "The program that was to read it has ended, or the disk is full.",
            "Look at the command that the output was piped into, or at where it goes.",
        ) from error


def _json(export: Export) -> str:
    """The members of a token response (RFC 6749 section 5.1), and the moment of expiry."""
    token = export.token
    members: dict[str, object] = {"access_token": token.value.reveal(), "token_type": "bearer"}
    if token.expires_in is not None:
        members |= {"expires_in": token.expires_in, "expires_at": token.expires_at}
    if token.scopes is not None:
        members["scope"] = " ".join(token.scopes)
    return json.dumps(members) + "\n"


def _dotenv_quoted(value: str | Secret) -> str:
    """Return the value in single quotes, as python-dotenv reads it without interpolation; `${` cannot be escaped."""
    text = value.reveal() if isinstance(value, Secret) else value
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
