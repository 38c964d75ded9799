"""What the command line asks of the API: method, addresses, body, all pages or one answer."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from pipe.errors import InputError
from pipe.option import Asked, Option
from pipe.rest.addresses import Place, address, with_parameters
from pipe.rest.body import LARGEST_BODY, Body, from_fields, from_file
from pipe.rest.flight import MOST_AT_ONCE
from pipe.rest.paging import PAGE_LENGTH, length_parameter, naming_next
from pipe.values import Given, parse_choice, parse_count

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


def call_of(asked: Asked, place: Place, cwd: Path, stdin: TextIO | None) -> Call:
    """Return what is asked; raise `InputError` for what makes no sense, before anything is sent."""
    if not asked.words:
        raise _wrong("No PATH is given.", "Give one or more, for instance /repositories/WORKSPACE")
    paginate = asked.has("paginate")
    wanted = _parameters(asked, place, paginate=paginate)
    addresses = tuple(with_parameters(address(place, word), wanted) for word in asked.words)
    has_body = asked.has("field") or asked.has("input")
    method = _choice(asked, "method", METHODS, "POST" if has_body else "GET")
    if has_body and len(addresses) > 1:
        raise _wrong("There is a body, and more than one PATH.", "Run it once for each PATH.")
    if paginate and (has_body or method != "GET"):
        raise _wrong("--paginate goes together with GET alone.", "Leave out --paginate, or --method and the body.")
    return Call(
        method,
        addresses,
        paginate,
        parse_count("at-once", _given(asked, "at-once", "4"), at_most=MOST_AT_ONCE),
        _body(asked, _reader(cwd, stdin)) if has_body else None,
    )


def _parameters(asked: Asked, place: Place, *, paginate: bool) -> Mapping[str, str]:
    named = [name for name in ("query", "sort", "fields") if asked.has(name)]
    if named and not place.cloud:
        raise _wrong(
            f"--{named[0]} is for Bitbucket Cloud.",
            "Put what a Data Center's resource takes into the PATH, for instance '/projects?name=api'.",
        )
    fields = asked.value("fields")
    length = asked.has("page-length") and parse_count(
        "page-length", _given(asked, "page-length"), at_most=PAGE_LENGTH if place.cloud else _LONGEST_PAGE
    )
    return {
        "q": asked.value("query"),
        "sort": asked.value("sort"),
        "fields": naming_next(fields) if paginate else fields,
        length_parameter(cloud=place.cloud): str(length or ""),
    }


def _body(asked: Asked, read: Callable[[str], bytes]) -> Body:
    if not asked.has("input"):
        return from_fields(asked.values("field"), read)
    if asked.has("field"):
        raise _wrong("--input and --field are both given.", "Give the body by one of them.")
    return from_file(asked.value("input"), read)


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


def _choice(asked: Asked, name: str, choices: tuple[str, ...], otherwise: str) -> str:
    given = _given(asked, name, otherwise)
    return parse_choice(name, given._replace(text=given.text.upper()), choices)


def _given(asked: Asked, name: str, otherwise: str = "") -> Given:
    return Given(asked.value(name, otherwise), "the command line")


def _wrong(what: str, now: str) -> InputError:
    return InputError(what, "The options do not fit each other, or what they name.", now)
