"""What the command line asks of the API: method, addresses, body, all pages or one answer. No error repeats a value."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, TextIO

from pipe.bitbucket.addresses import CLOUD, RestApi, address, data_center_at, with_parameters
from pipe.bitbucket.paging import PAGE_LENGTH, length_parameter, naming_next
from pipe.errors import InputError
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Option
from pipe.inputs.values import Given, parse_choice, parse_count
from pipe.oauth.endpoints import is_cloud
from pipe.verbs.api.parallel import MOST_AT_ONCE

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
            raise _wrong_field(number, "is not of the form KEY=VALUE")
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
        raise _wrong_field(number, "says something else of a key than one before it")
    inner[path[-1]] = value


def _parsed(text: str, number: int) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong_field(number, "has := before something that is no JSON") from None


def _text(data: bytes, number: int) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _wrong_field(number, "names a file that is not UTF-8 text") from None
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


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

OWN_OPTIONS = (
    Option("paginate", "Follow a list to its end, and print each of its values as one line of JSON."),
    Option("query", "Only the values that fit it (q), for instance 'slug ~ \"api\"'. Bitbucket Cloud.", "QUERY"),
    Option("sort", "By which field, with - before it from the end (sort). Bitbucket Cloud.", "FIELD"),
    Option("fields", "Which fields the answer has (fields), for instance values.slug. Bitbucket Cloud.", "LIST"),
    Option("page-length", f"How many values a page has; with --paginate {PAGE_LENGTH} unless given.", "N"),
    Option("method", f"One of {', '.join(METHODS)}. Unless given: GET, or POST if there is a body.", "METHOD"),
    Option(
        "field",
        "A field of the JSON body: a text, or KEY:=JSON; KEY=@FILE is the text of a file, and KEY=@- that of standard "
        "input. A dot in KEY leads into an inner object.",
        "KEY=VALUE",
        many=True,
    ),
    Option("input", "A file with the whole JSON body; - is standard input.", "FILE"),
    Option("at-once", f"How many paths are asked at once: 4 unless given, {MOST_AT_ONCE} at most.", "N"),
)

_LONGEST_PAGE = 1000


class Call(NamedTuple):
    """A request for each address. `body` is there for one address only."""

    method: str
    addresses: tuple[str, ...]
    paginate: bool
    at_once: int
    body: Body | None


def rest_api_of(inputs: Inputs) -> RestApi:
    """Return the API of the Bitbucket that the inputs name; raise `InputError` if they name another kind of server.

    Cloud's API has a host of its own: bitbucket.org/api redirects there.
    """
    inputs.refuse_other_servers(
        "api",
        "It names an OAuth 2.0 server, and which API its tokens are for is not known.",
        "Leave it out: api is for Bitbucket Cloud, and for a Data Center that base-url names.",
    )
    if is_cloud(inputs.base_url):
        return CLOUD
    return data_center_at(inputs.base_url)


def call_of(arguments: Arguments, place: RestApi, cwd: Path, stdin: TextIO | None) -> Call:
    """Return what is asked; raise `InputError` for what makes no sense, before anything is sent."""
    if not arguments.words:
        raise _wrong("No PATH is given.", "Give one or more, for instance /repositories/WORKSPACE")
    paginate = arguments.has("paginate")
    wanted = _parameters(arguments, place, paginate=paginate)
    addresses = tuple(with_parameters(address(place, word), wanted) for word in arguments.words)
    has_body = arguments.has("field") or arguments.has("input")
    method = _choice(arguments, "method", METHODS, "POST" if has_body else "GET")
    if has_body and len(addresses) > 1:
        raise _wrong("There is a body, and more than one PATH.", "Run it once for each PATH.")
    if paginate and (has_body or method != "GET"):
        raise _wrong("--paginate goes together with GET alone.", "Leave out --paginate, or --method and the body.")
    return Call(
        method,
        addresses,
        paginate,
        parse_count("at-once", _given(arguments, "at-once", "4"), at_most=MOST_AT_ONCE),
        _body(arguments, _reader(cwd, stdin)) if has_body else None,
    )


def _parameters(arguments: Arguments, place: RestApi, *, paginate: bool) -> Mapping[str, str]:
    named = [name for name in ("query", "sort", "fields") if arguments.has(name)]
    if named and not place.cloud:
        raise _wrong(
            f"--{named[0]} is for Bitbucket Cloud.",
            "Put what a Data Center's resource takes into the PATH, for instance '/projects?name=api'.",
        )
    fields = arguments.value("fields")
    length = arguments.has("page-length") and parse_count(
        "page-length", _given(arguments, "page-length"), at_most=PAGE_LENGTH if place.cloud else _LONGEST_PAGE
    )
    return {
        "q": arguments.value("query"),
        "sort": arguments.value("sort"),
        "fields": naming_next(fields) if paginate else fields,
        length_parameter(cloud=place.cloud): str(length or ""),
    }


def _body(arguments: Arguments, read: Callable[[str], bytes]) -> Body:
    if not arguments.has("input"):
        return from_fields(arguments.values("field"), read)
    if arguments.has("field"):
        raise _wrong("--input and --field are both given.", "Give the body by one of them.")
    return from_file(arguments.value("input"), read)


def _reader(cwd: Path, stdin: TextIO | None) -> Callable[[str], bytes]:
    """Return what reads a file below `cwd`, or standard input once."""
    used: list[str] = []

    def read(name: str) -> bytes:
        if name != "-":
            return _read(cwd / name)
        if used:
            raise _wrong("Standard input is named twice.", "It can be read once: put the other text into a file.")
        used.append(name)
        return _bounded(stdin.buffer.read(LARGEST_BODY + 1) if stdin is not None else b"")

    return read


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(LARGEST_BODY + 1))
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it has an impossible name"
        raise _wrong(f"A file for the body cannot be read ({reason}).", "Check its name after @ or --input.") from None


def _bounded(data: bytes) -> bytes:
    if len(data) > LARGEST_BODY:
        raise _wrong(f"What the body is read from has more than {LARGEST_BODY} bytes.", "Send less at once.")
    return data


def _choice(arguments: Arguments, name: str, choices: tuple[str, ...], otherwise: str) -> str:
    given = _given(arguments, name, otherwise)
    return parse_choice(name, given._replace(text=given.text.upper()), choices)


def _given(arguments: Arguments, name: str, otherwise: str = "") -> Given:
    return Given(arguments.value(name, otherwise), "the command line")


def _wrong(what: str, now: str) -> InputError:
    return InputError(what, "The options do not fit each other, or what they name.", now)
