"""What is sent: JSON of fields or of a file, and forms, whose files are read as they go. No error repeats a value."""

import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import urlencode

from pipe.errors import InputError

Read = Callable[[str], bytes]
"""Returns what is in a file, or in standard input if its name is `-`."""


class Body(NamedTuple):
    """What is sent. `texts` came from files and standard input, where secrets stand: nothing said may repeat them."""

    content: "bytes | Multipart"
    texts: tuple[str, ...] = ()
    media_type: str = "application/json"


def from_fields(fields: Sequence[str], read: Read) -> Body:
    """Return the JSON object of `KEY=VALUE`, `KEY:=JSON`, `KEY=@FILE`; a dot in KEY leads into an inner object.

    A value is a text unless it is written with `:=`. Of a file the last line end is left out, as for inputs.
    Raises `InputError` if a field is none, or two contradict each other.
    """
    result: dict[str, object] = {}
    texts: list[str] = []
    for number, field in enumerate(fields, 1):
        key, equals, value = field.partition("=")
        if not equals or not all(key.removesuffix(":").split(".")):
            raise _wrong_field(number, "is not of the form KEY=VALUE")
        if key.endswith(":"):
            _put(result, key[:-1].split("."), _parsed(value, number), number)
            continue
        if value.startswith("@"):
            value = _text(read(value[1:]), number, _wrong_field)
            texts.append(value)
        _put(result, key.split("."), value, number)
    try:
        return Body(_encoded(result), tuple(texts))
    except (ValueError, RecursionError):
        raise InputError(
            "The --fields make no JSON.",
            "One is nested too deep, or has a number that JSON does not know: NaN, or one beyond all bounds.",
            "Correct it, or give the whole body by --input.",
        ) from None


def from_file(name: str, read: Read) -> Body:
    """Return the JSON that the file `name` holds, as it is. Raises `InputError` if it is none."""
    content = read(name)
    try:
        value = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InputError(
            "What --input names holds no JSON.",
            "It is empty, cut off, or another file.",
            "Give a file with the JSON body of the request, or - for standard input; or use --field KEY=VALUE.",
        ) from None
    return Body(content, _texts_in(value))


def _refuse(name: str) -> NoReturn:
    """JSON has no NaN and no Infinity (RFC 8259 section 6), but Python's reader does."""
    raise ValueError(name)


def _texts_in(value: object) -> tuple[str, ...]:
    """The texts in a whole body; what they are called is not among them."""
    found: dict[str, None] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found[one] = None
        elif isinstance(one, list | dict):
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return tuple(found)


def _put(result: dict[str, object], path: Sequence[str], value: object, number: int) -> None:
    inner: object = result
    for name in path[:-1]:
        inner = inner.setdefault(name, {}) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or path[-1] in inner:
        raise _wrong_field(number, "says something else of a key than one before it")
    inner[path[-1]] = value


def _parsed(text: str, number: int) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong_field(number, "has := before something that is no JSON") from None


def _text(data: bytes, number: int, wrong: Callable[[int, str], InputError]) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise wrong(number, "names a file that is not UTF-8 text") from None
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _encoded(value: dict[str, object]) -> bytes:
    # With escapes, so that bytes of a command line that are no UTF-8 are told apart and not refused half way.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _wrong_field(number: int, what: str) -> InputError:
    return InputError(
        f"The --field number {number} {what}.",
        "A quote or an equals sign is missing, or a key stands there twice.",
        "Write --field title=Text, --field source.branch.name=main, --field secured:=true, --field value=@FILE, or "
        "--field value=@- for standard input.",
    )


_PIECE = 64 * 1024
# Media types of what mimetypes calls the encoding of something else: the file is the compressed one.
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def from_forms(forms: Sequence[str], cwd: Path, read: Read) -> Body:
    """Return the form of `NAME=VALUE`, `NAME=<FILE` (the text of a file) and `NAME=@FILE` (the file itself).

    With a file it is multipart/form-data (RFC 7578), in the order given; else application/x-www-form-urlencoded. A
    name may be there more than once (section 4.3). Raises `InputError` if a field is none, and for a file that cannot
    be read or is no plain one, whose size nobody knows beforehand.
    """
    fields: list[tuple[str, str | _Upload]] = []
    texts: list[str] = []
    for number, form in enumerate(forms, 1):
        name, equals, value = form.partition("=")
        if not equals or not name:
            raise _wrong_form(number, "is not of the form NAME=VALUE")
        if value.startswith("@"):
            fields.append((name, _Upload.of(cwd / value[1:], number)))
            continue
        if value.startswith("<"):
            value = _text(read(value[1:]), number, _wrong_form)
            texts.append(value)
        fields.append((name, value))
    if not any(isinstance(value, _Upload) for _, value in fields):
        encoded = urlencode([(_raw(name), _raw(str(value))) for name, value in fields])
        return Body(encoded.encode("ascii"), tuple(texts), "application/x-www-form-urlencoded")
    content = Multipart([_part(name, value, number) for number, (name, value) in enumerate(fields, 1)])
    return Body(content, tuple(texts), content.media_type)


class Multipart:
    """A body of several parts (RFC 7578), put together while it is sent, as often as it is: its files are never held.

    Its length is known beforehand, so it is sent with `Content-Length`.
    """

    def __init__(self, parts: "Sequence[tuple[bytes, bytes | _Upload]]") -> None:
        # 128 random bits stand in no file by chance (RFC 2046 section 5.1.1 asks for that).
        boundary = f"bitbucket-token-{secrets.token_hex(16)}"
        self.media_type = f"multipart/form-data; boundary={boundary}"
        self._parts = [(f"--{boundary}\r\n".encode() + head, content) for head, content in parts]
        self._end = f"--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        sizes = (len(content) if isinstance(content, bytes) else content.size for _, content in self._parts)
        return sum(sizes) + sum(len(head) + 2 for head, _ in self._parts) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                yield from content.pieces()
            yield b"\r\n"
        yield self._end


class _Upload(NamedTuple):
    """A file as it was when the command line was read."""

    path: Path
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path, number: int) -> "_Upload":
        try:
            # Without waiting: a pipe that nobody writes to would never be opened.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise _wrong_form(number, f"names a file that cannot be read ({why(error)})") from None
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _wrong_form(number, "names something that is no plain file after the @")
        return cls(path, found.st_size, found.st_mtime_ns)

    def pieces(self) -> Iterator[bytes]:
        """Its bytes. Raises `InputError` if they are others than before: the server then gets no whole request."""
        left = self.size
        try:
            with self.path.open("rb", buffering=0) as file:
                while left and (piece := file.read(min(left, _PIECE))):
                    left -= len(piece)
                    yield piece
                same = not left and os.fstat(file.fileno()).st_mtime_ns == self.changed and not file.read(1)
        except OSError as error:
            raise _changed(f"cannot be read any more ({why(error)})") from None
        if not same:
            raise _changed("was changed while it was sent")


def _part(name: str, value: str | _Upload, number: int) -> tuple[bytes, bytes | _Upload]:
    """The head of a part and what is in it: text is UTF-8 without a media type of its own (sections 4.4 and 5.1)."""
    file_name = value.path.name if isinstance(value, _Upload) else ""
    # A line end would begin another header, or end them all.
    if any(ord(character) < 32 or ord(character) == 127 for character in name + file_name):
        raise _wrong_form(number, "has a control character in a name, such as a line end")
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if not isinstance(value, _Upload):
        return _raw(head + "\r\n\r\n"), _raw(value)
    head += f'; filename="{_quoted(file_name)}"\r\nContent-Type: {media_type_of(file_name)}'
    return _raw(head + "\r\n\r\n"), value


def media_type_of(name: str) -> str:
    """Return the media type that a file's name stands for, the same one on every machine."""
    from mimetypes import MimeTypes  # noqa: PLC0415 - rarely needed

    kind, encoding = MimeTypes().guess_type(name)
    found = _COMPRESSED.get(encoding) if encoding else kind
    return found or "application/octet-stream"


def _quoted(text: str) -> str:
    # RFC 7578 section 4.2 leaves open how a quote in a name is written; HTML ("multipart/form-data encoding
    # algorithm"), browsers and curl write %22.
    return text.replace('"', "%22")


def _raw(text: str) -> bytes:
    """The very bytes of the command line, UTF-8 or not."""
    return text.encode("utf-8", "surrogateescape")


def why(error: OSError | ValueError) -> str:
    """Return why a file cannot be opened, without its name."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it has an impossible name"


def _changed(what: str) -> InputError:
    return InputError(
        f"A file that --form names {what}.",
        "Another program writes to it, or has removed it. The server has not got the whole request.",
        "Upload it when it is complete, or upload a copy.",
    )


def _wrong_form(number: int, what: str) -> InputError:
    return InputError(
        f"The --form number {number} {what}.",
        "An equals sign is missing, a file is misspelt, or it is a pipe: its size has to be known beforehand.",
        "Write --form files=@FILE for a file, --form message=Text, or --form message=<FILE for the text of a file "
        "(<- for that of standard input).",
    )
