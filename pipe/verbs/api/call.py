"""What the command line asks of the API: method, addresses, body, all pages or one answer. No error repeats a value."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from pipe.bitbucket.addresses import CLOUD, RestApi, address, data_center_at, with_parameters
from pipe.bitbucket.paging import PAGE_LENGTH, length_parameter, naming_next
from pipe.errors import InputError
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Option
from pipe.inputs.values import Given, parse_choice, parse_count
from pipe.oauth.endpoints import is_cloud
from pipe.verbs.api.bodies import Body, from_fields, from_file, from_forms, why
from pipe.verbs.api.parallel import MOST_AT_ONCE

LARGEST_BODY = 10 * 1024 * 1024
"""Bytes of a file, or of standard input, but for files of a form."""

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
    Option(
        "form",
        "A field of a form: a text; NAME=@FILE is a file, sent as it is read and never held whole; NAME=<FILE is the "
        "text of a file, and NAME=<- that of standard input. With a file it is multipart/form-data, else form-encoded.",
        "NAME=VALUE",
        many=True,
    ),
    Option(
        "output",
        "Write the answer into this file as it comes, byte for byte: complete, or not at all. For one PATH.",
        "FILE",
    ),
    Option("include", "Print the status line and the headers before the answer, as curl's -i."),
    Option("at-once", f"How many paths are asked at once: 4 unless given, {MOST_AT_ONCE} at most.", "N"),
)

_LONGEST_PAGE = 1000


class Call(NamedTuple):
    """A request to `api` for each address. `body` is there for one address only."""

    api: RestApi
    method: str
    addresses: tuple[str, ...]
    paginate: bool
    at_once: int
    body: Body | None
    output: Path | None
    """The file that the answer goes into; None: standard output."""
    include: bool
    """Whether the answer's head is printed before it."""


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


def call_of(arguments: Arguments, api: RestApi, cwd: Path, stdin: TextIO | None) -> Call:
    """Return what is asked; raise `InputError` for what makes no sense, before anything is sent."""
    if not arguments.words:
        raise _wrong("No PATH is given.", "Give one or more, for instance /repositories/WORKSPACE")
    paginate = arguments.has("paginate")
    wanted = _parameters(arguments, api, paginate=paginate)
    addresses = tuple(with_parameters(address(api, word), wanted) for word in arguments.words)
    has_body = any(map(arguments.has, ("field", "input", "form")))
    method = _choice(arguments, "method", METHODS, "POST" if has_body else "GET")
    if has_body and len(addresses) > 1:
        raise _wrong("There is a body, and more than one PATH.", "Run it once for each PATH.")
    if paginate and (has_body or method != "GET"):
        raise _wrong("--paginate goes together with GET alone.", "Leave out --paginate, or --method and the body.")
    if arguments.has("output") and (paginate or len(addresses) > 1 or arguments.value("output") in ("", "-")):
        raise _wrong(
            "--output takes one answer into a file.",
            "Give one PATH without --paginate, and the name of a file; or leave out --output and redirect the output.",
        )
    if arguments.has("include") and paginate:
        raise _wrong("--include shows the head of one answer.", "Leave out --include or --paginate.")
    return Call(
        api,
        method,
        addresses,
        paginate,
        parse_count("at-once", _given(arguments, "at-once", "4"), at_most=MOST_AT_ONCE),
        _body(arguments, cwd, _reader(cwd, stdin)) if has_body else None,
        cwd / arguments.value("output") if arguments.has("output") else None,
        arguments.has("include"),
    )


def _parameters(arguments: Arguments, api: RestApi, *, paginate: bool) -> Mapping[str, str]:
    named = [name for name in ("query", "sort", "fields") if arguments.has(name)]
    if named and not api.cloud:
        raise _wrong(
            f"--{named[0]} is for Bitbucket Cloud.",
            "Put what a Data Center's resource takes into the PATH, for instance '/projects?name=api'.",
        )
    fields = arguments.value("fields")
    length = arguments.has("page-length") and parse_count(
        "page-length", _given(arguments, "page-length"), at_most=PAGE_LENGTH if api.cloud else _LONGEST_PAGE
    )
    return {
        "q": arguments.value("query"),
        "sort": arguments.value("sort"),
        "fields": naming_next(fields) if paginate else fields,
        length_parameter(cloud=api.cloud): str(length or ""),
    }


def _body(arguments: Arguments, cwd: Path, read: Callable[[str], bytes]) -> Body:
    if sum(map(arguments.has, ("field", "input", "form"))) > 1:
        raise _wrong("More than one of --field, --form and --input is given.", "Give the body by one of them.")
    if arguments.has("form"):
        return from_forms(arguments.values("form"), cwd, read)
    if arguments.has("field"):
        return from_fields(arguments.values("field"), read)
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
        raise _wrong(
            f"A file for the body cannot be read ({why(error)}).", "Check its name after @ or <, or of --input."
        ) from None


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
