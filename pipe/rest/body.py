"""The body of a request: JSON from `--field`s, or as a file has it. No error repeats a value."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from pipe.errors import InputError

LARGEST_BODY = 10 * 1024 * 1024
"""Bytes of a file, or of standard input."""

Read = Callable[[str], bytes]
"""Returns what is in a file, or in standard input if its name is `-`."""


class Body(NamedTuple):
    """What is sent. `texts` came from files and standard input, where secrets stand: nothing said may repeat them."""

    content: bytes
    texts: tuple[str, ...] = ()


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
            raise _wrong(number, "is not of the form KEY=VALUE")
        if key.endswith(":"):
            _put(result, key[:-1].split("."), _parsed(value, number), number)
            continue
        if value.startswith("@"):
            value = _text(read(value[1:]), number)
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
        raise _wrong(number, "says something else of a key than one before it")
    inner[path[-1]] = value


def _parsed(text: str, number: int) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong(number, "has := before something that is no JSON") from None


def _text(data: bytes, number: int) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _wrong(number, "names a file that is not UTF-8 text") from None
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _encoded(value: dict[str, object]) -> bytes:
    # With escapes, so that bytes of a command line that are no UTF-8 are told apart and not refused half way.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _wrong(number: int, what: str) -> InputError:
    return InputError(
        f"The --field number {number} {what}.",
        "A quote or an equals sign is missing, or a key stands there twice.",
        "Write --field title=Text, --field source.branch.name=main, --field secured:=true, --field value=@FILE, or "
        "--field value=@- for standard input.",
    )
