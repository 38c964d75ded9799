"""Answers as they come: a head, and a body that is read whole within a limit, or piece by piece into a file."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import requests

from pipe.errors import AnswerError, ExportError, PipeError
from pipe.export.private_file import give, open_directory
from pipe.http.responses import TRY_AGAIN, Response, in_trouble
from pipe.http.retry import Deadline
from pipe.http.unreachable import out_of_time
from pipe.redaction.secret import MASK

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer that is held whole, counted after decompression."""
FIRST_PIECE = 1024 * 1024
"""Bytes of an answer that are held before any of it is printed: if it breaks off there, it is asked for anew."""

_PIECE = 64 * 1024
_JSON = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Incoming:
    """An answer whose head is there. `explained` says what an error of the network library means."""

    def __init__(
        self,
        response: requests.Response,
        host: str,
        deadline: Deadline,
        explained: Callable[[requests.RequestException | ValueError], PipeError],
    ) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.host = host
        self.is_file = False
        """Whether it is from a server that keeps files, and none of the API's own."""
        self.first: Sequence[bytes] = ()
        """What `hold` has read of it."""
        self.pieces = self._read()
        """The rest of its body, as it comes.

        Raises `UnreachableError` if it breaks off, or the deadline passes. urllib3 complains itself of what is shorter
        than it should be.
        """
        self._response = response
        self._deadline = deadline
        self._explained = explained

    @property
    def is_json(self) -> bool:
        """Whether it says of itself that it is JSON (RFC 8259, RFC 6839 section 3.1), and is no file."""
        return not self.is_file and bool(_JSON.fullmatch(self.headers.get("Content-Type", "").strip()))

    def head(self) -> Response:
        """Return it without its body, which is not read."""
        self.close()
        return Response(self.status, self.headers, b"", self.host)

    def whole(self) -> Response:
        """Read all of it. Raises `AnswerError` if it is larger than `LARGEST_ANSWER`, and as `pieces` does."""
        body = bytearray()
        try:
            for piece in self.pieces:
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise _too_large(self.host)
        finally:
            self.close()
        return Response(self.status, self.headers, bytes(body), self.host)

    def hold(self) -> "Incoming":
        """Read all of it if it is JSON, else the first `FIRST_PIECE` bytes, into `first`; return it.

        Raises `AnswerError` if that is larger than `LARGEST_ANSWER`, and as `pieces` does.
        """
        held, size = [], 0
        most = LARGEST_ANSWER if self.is_json else FIRST_PIECE
        try:
            while size <= most and (piece := next(self.pieces, b"")):
                held.append(piece)
                size += len(piece)
            if self.is_json and size > most:
                raise _too_large(self.host)
        except BaseException:
            self.close()
            raise
        self.first = held
        return self

    def _read(self) -> Iterator[bytes]:
        try:
            for piece in self._response.iter_content(_PIECE):
                if not self._deadline.remaining():
                    raise out_of_time(self.host, self._deadline.seconds)
                yield piece
        except (requests.RequestException, ValueError) as error:
            raise self._explained(error) from error

    def head_lines(self) -> str:
        """Return status line and headers as they came (RFC 9112 section 4), each with CR LF, and an empty line.

        Nothing in them can end a line, steer a terminal, or be a command to a CI system.
        """
        raw = self._response.raw
        reason = f" {self._response.reason}" if self._response.reason else ""
        lines = [f"HTTP/{raw.version // 10}.{raw.version % 10} {self.status}{reason}"]
        lines += [f"{name}: {value}" for name, value in raw.headers.items()]
        # http.client reads Latin-1; most servers write UTF-8 if not ASCII.
        plain = (line.encode("latin-1", "replace").decode("utf-8", "replace") for line in lines)
        return "".join(f"{_CONTROL.sub('?', line).replace('##', '# #')}\r\n" for line in [*plain, ""])

    def close(self) -> None:
        """Let the connection go: for the next request if all of it was read, else for good."""
        self._response.close()


def is_page(answer: Incoming) -> bool:
    """Whether an answer is a page for people, such as a login, and no file: that is an attachment (RFC 6266)."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    disposition = answer.headers.get("Content-Disposition", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") and disposition != "attachment"


def elsewhere_failure(answer: Response) -> AnswerError:
    """Return the failure of a server that was to hand out a file, and to which the API had led."""
    if answer.status in TRY_AGAIN or answer.status >= 500:
        return in_trouble(answer, "", again=answer.status in TRY_AGAIN)
    if 200 <= answer.status < 300:
        return AnswerError(
            f"{answer.host}, where the redirect leads, answered with a page for people.",
            "It is a login page, or a proxy or firewall answered in the server's place.",
            "Check the token and base-url, and proxies in between.",
        )
    return AnswerError(
        f"{answer.host}, where the file is kept, refused (HTTP {answer.status}).",
        "The address that the API gave for it is no longer good, or a proxy or firewall answered in its place.",
        "Run the step again; check whether this runner may reach that host.",
    )


def _too_large(host: str) -> AnswerError:
    return AnswerError(
        f"{host} answered with more than {LARGEST_ANSWER} bytes.",
        "It has to be held whole to be printed, and the page is too long.",
        "Ask for less at once: --page-length, --fields; or write it into a file with --output.",
    )


def masked(pieces: Iterator[bytes], texts: Sequence[str]) -> Iterator[bytes]:
    """`pieces`, with `***` for each of `texts`, wherever it is cut; of two that begin at one place, for the longer."""
    masks = sorted({text.encode("utf-8", "surrogateescape") for text in texts if text}, key=len, reverse=True)
    if not masks:
        yield from pieces
        return
    pattern = re.compile(b"|".join(map(re.escape, masks)))
    waiting = b""
    for piece in pieces:
        waiting += piece
        # What begins before that is there to its end.
        done, waiting = _masked(waiting, len(waiting) - len(masks[0]) + 1, masks, pattern)
        if done:
            yield done
    yield _masked(waiting, len(waiting), masks, pattern)[0]


def _masked(data: bytes, end: int, masks: Sequence[bytes], pattern: re.Pattern[bytes]) -> tuple[bytes, bytes]:
    done, at = [], 0
    # Searching for each by itself is several times as fast as for one of them all, and there is hardly ever one.
    if any(mask in data for mask in masks):
        for found in pattern.finditer(data):
            if found.start() >= end:
                break
            done += [data[at : found.start()], MASK.encode()]
            at = found.end()
    cut = max(at, end, 0)
    return b"".join([*done, data[at:cut]]), data[cut:]


class OutputFile:
    """A file that is being written, and not yet under its name."""

    def __init__(self, file: BinaryIO) -> None:
        self.size: int | None = None
        """Bytes of the whole answer; None until all of it is there."""
        self._file = file

    def take(self, answer: Incoming) -> Incoming:
        """Write the whole body, anew if it was begun before. Raises `ExportError`, and as `Incoming.pieces` does."""
        try:
            self._file.seek(0)
            self._file.truncate()
            for piece in answer.pieces:
                self._file.write(piece)
            self._file.flush()
            self.size = self._file.tell()
        except OSError as error:
            raise _unwritable(error) from error
        finally:
            answer.close()
        return answer


@contextmanager
def receiving(path: Path) -> Iterator[OutputFile]:
    """Open a file beside `path`, for its owner alone, which gets that name if the block ends and it is whole by then.

    Else it is removed, and what had that name before stays. Raises `ExportError`, before the block if it can be known
    by then.
    """
    temporary = f".{secrets.token_hex(8)}.tmp"
    with _told():
        directory = open_directory(path.parent.resolve())
    try:
        with _told():
            _check(path.name, directory)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o600, dir_fd=directory)
        # Never closed here if the block raises: whoever writes to it may have been left behind at the deadline.
        file = os.fdopen(descriptor, "wb")
        with suppress(OSError):
            give(descriptor, os.fstat(directory))
        output = OutputFile(file)
        yield output
        with _told():
            file.close()
            if output.size is not None:
                os.rename(temporary, path.name, src_dir_fd=directory, dst_dir_fd=directory)
    finally:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        os.close(directory)


def _check(name: str, directory: int) -> None:
    """Raise `OSError` if something has that name that is no file: neither a device nor a link is replaced."""
    with suppress(FileNotFoundError):
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            number = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EEXIST
            raise OSError(number, "something that is no file is in the way")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> ExportError:
    return ExportError(
        f"The file that --output names cannot be written ({os.strerror(error.errno or 0)}).",
        "Its directory is not there or is read-only, the disk is full, or something that is no file has its name.",
        "Name a file in a directory that is there and can be written; for a pipe or a device, redirect the output.",
    )
