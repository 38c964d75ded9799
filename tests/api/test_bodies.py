"""What is sent: fields, files, standard input."""

import base64
import json

import pytest

from sandbox import Fault
from tests.api.conftest import Caller, asked, lines

PULL_REQUESTS = "repositories/team/hello/pullrequests"
VARIABLES = "repositories/team/hello/pipelines_config/variables/"
SECRET = "the-password-of-production"


def test_a_pull_request_is_opened(caller: Caller) -> None:
    """A body makes it a POST; a dot leads into an inner object."""
    fields = ("title=A & B = C", "source.branch.name=feature/x", "close_source_branch:=true", "n=1")
    options = [word for field in fields for word in ("--field", field)]
    token = caller.token("pullrequest:write")
    outcome = caller.run(PULL_REQUESTS, *options, BITBUCKET_ACCESS_TOKEN=token)

    assert outcome.code == 0
    assert lines(outcome)[0]["id"] == 1
    assert asked(outcome) == ["POST /2.0/repositories/team/hello/pullrequests"]
    assert outcome.requests[0].header("Content-Type") == "application/json"
    assert json.loads(outcome.requests[0].body) == {
        "title": "A & B = C",
        "source": {"branch": {"name": "feature/x"}},
        "close_source_branch": True,
        "n": "1",
    }


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_secured_variable_is_set_without_its_value_on_the_command_line(caller: Caller, way: str, end: str) -> None:
    """From a file or from standard input; neither log, nor output, nor a server's complaint shows it."""
    options = (
        "--field",
        "key=PASSWORD",
        "--field",
        f"value=@{'value' if way == 'file' else '-'}",
        "--field",
        "secured:=true",
    )
    stdin = (SECRET + end).encode() if way == "stdin" else None
    if way == "file":
        caller.file("value", SECRET + end)
    outcome = caller.run(VARIABLES, *options, stdin=stdin, secrets=[SECRET])
    caller.fault(status=400, body=json.dumps({"type": "error", "error": {"message": f"What is {SECRET}?"}}))
    refused = caller.run(VARIABLES, *options, stdin=stdin, secrets=[SECRET])

    assert outcome.code == 0
    assert json.loads(outcome.requests[-1].body) == {"key": "PASSWORD", "value": SECRET, "secured": True}
    assert refused.code == 5
    assert '"What is ***?"' in refused.failure


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ({"key": "PASSWORD", "value": SECRET}, SECRET),
        ({"list": [1, None, {"inner": [[SECRET]]}]}, SECRET),
        (SECRET, SECRET),
        ({"value": SECRET}, base64.b64encode(SECRET.encode()).decode().rstrip("=")),
        ({"value": 'with "quotes" ' + SECRET}, json.dumps('with "quotes" ' + SECRET)[1:-1]),
        ({"a": [f"text number {number:03}" for number in range(999)] + [SECRET, "z" * 60_000]}, SECRET),
        ({"a": ["a" * 60_000 + str(number) for number in range(9)], "value": SECRET}, SECRET),
        ({"value": SECRET, "a": ["a" * 60_000 + str(number) for number in range(9)]}, SECRET),
    ],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_no_failure_repeats_what_is_in_a_whole_body(caller: Caller, way: str, body: object, form: str) -> None:
    """Each text in it may be a secret, and a server may repeat it alone."""
    text = json.dumps(body)
    caller.file("body.json", text)
    caller.fault(status=400, body=json.dumps({"error": {"message": f"What is {form}?", "fields": {"a": [form]}}}))
    stdin = text.encode() if way == "stdin" else None
    outcome = caller.run(VARIABLES, "--input", "-" if way == "stdin" else "body.json", stdin=stdin, secrets=[SECRET])

    assert outcome.code == 5
    assert '"What is ***?". It complains of a: ***' in outcome.failure


@pytest.mark.parametrize(("size", "hidden"), [(5, False), (6, True), (65_535, True), (65_536, False)])
def test_what_cannot_be_a_secret_is_not_hidden(caller: Caller, size: int, hidden: bool) -> None:
    """A short word stands in many a line by chance; a long text is a document."""
    caller.file("value", "z" * size)
    caller.fault(status=400, body=json.dumps({"error": {"message": "<" + "z" * size + ">"}}))
    outcome = caller.run("x", "--field", "a=@value")

    assert ("zzzzz" not in outcome.failure) == hidden


def test_data_keeps_what_was_read_from_a_file(caller: Caller) -> None:
    """A title is no secret, and the answer is printed as it is."""
    caller.file("title", "A title that is long enough\n")
    options = ("--field", "title=@title", "--field", "source.branch.name=x")
    outcome = caller.run(PULL_REQUESTS, *options, BITBUCKET_ACCESS_TOKEN=caller.token("pullrequest:write"))

    assert lines(outcome)[0]["title"] == "A title that is long enough"


def test_a_whole_body_is_sent_as_it_is(caller: Caller) -> None:
    """Byte for byte."""
    text = '{"title": "x",  "source": {"branch": {"name": "\\u00fc"}}}'
    caller.file("body.json", text)
    token = caller.token("pullrequest:write")
    by_file = caller.run(PULL_REQUESTS, "--input", "body.json", BITBUCKET_ACCESS_TOKEN=token)
    by_stdin = caller.run(PULL_REQUESTS, "--input", "-", stdin=text.encode(), BITBUCKET_ACCESS_TOKEN=token)

    assert (by_file.code, by_stdin.code) == (0, 0)
    assert by_file.requests[0].body == by_stdin.requests[0].body == text.encode()


@pytest.mark.parametrize(
    "options",
    [
        *(["--field", SECRET], ["--field", f"={SECRET}"], ["--field", f"a..b={SECRET}"], ["--field", f"a:={SECRET}"]),
        *(["--field", f"a={SECRET}", "--field", "a=2"], ["--field", f"a={SECRET}", "--field", f"a.b={SECRET}"]),
        *(["--field", "a=@-", "--field", "b=@-"], ["--input", "-", "--field", "a=b"], ["--field", "a=@nothing"]),
        *(["--field", "a:=NaN"], ["--field", 'a:={"b": [-Infinity]}'], ["--field", "a:=1e400"]),
        *(["--field", ".".join("a" * 3000) + "=1"], ["--field", f"a:={'[' * 800}1{']' * 800}", "--field", "b:=1e999"]),
        *(["--field", "a=@."], ["--input", "nothing"], ["--input", "-"], ["--field", "a=@"], ["--field", "a.=1"]),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(caller: Caller, options: list[str]) -> None:
    """Exit 2; nothing is sent, and no value is repeated."""
    outcome = caller.run(PULL_REQUESTS, *options, stdin=SECRET.encode(), secrets=[SECRET])

    assert outcome.code == 2
    assert outcome.requests == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_know_is_refused(caller: Caller, number: str) -> None:
    """Most servers would answer with no more than that something is wrong."""
    outcome = caller.run(PULL_REQUESTS, "--input", "-", stdin=f'{{"a": {number}}}'.encode())

    assert outcome.code == 2
    assert outcome.requests == []


def test_bytes_that_are_no_text_are_refused(caller: Caller) -> None:
    """As a field; JSON is a text too."""
    for options in (["--field", "a=@-"], ["--input", "-"]):
        assert caller.run(PULL_REQUESTS, *options, stdin=b"\xff\xfe\x00").code == 2


@pytest.mark.parametrize(("size", "code"), [(10 * 1024 * 1024, 0), (10 * 1024 * 1024 + 1, 2)])
def test_a_body_has_a_limit(caller: Caller, size: int, code: int) -> None:
    """Ten mebibytes are read, and not one byte more is taken."""
    caller.fault(status=201, body="{}", times=None)
    outcome = caller.run("x", "--input", "-", stdin=b'"' + b"x" * (size - 2) + b'"')

    assert outcome.code == code
    assert [len(request.body) for request in outcome.requests] == ([size] if not code else [])


def test_a_refusal_names_the_fields(caller: Caller) -> None:
    """What is missing is told, and none of it can fool a log."""
    token = caller.token("pullrequest:write")
    missing = caller.run(PULL_REQUESTS, "--field", "a=b", BITBUCKET_ACCESS_TOKEN=token)
    error = {"message": "Bad request", "fields": {"a\x1b[2J": ["##[error]", 1], "b": {"c": "x" * 9000}}}
    caller.fault(status=400, body=json.dumps({"type": "error", "error": error}))
    hostile = caller.run(PULL_REQUESTS, "--field", "a=b", BITBUCKET_ACCESS_TOKEN=token)

    assert (missing.code, hostile.code) == (5, 5)
    assert "title: This field is required.; source.branch: This field is required." in missing.failure
    assert len(hostile.failure) < 1000


def test_a_body_goes_to_one_path(caller: Caller) -> None:
    """Exit 2."""
    outcome = caller.run("a", "b", "--field", "x=y")

    assert outcome.code == 2
    assert outcome.requests == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "X", "get post"])
def test_other_methods_are_refused(caller: Caller, method: str) -> None:
    """Exit 2."""
    assert caller.run("a", "--method", method).code == 2


@pytest.mark.parametrize(("method", "tries"), [("POST", 1), ("PATCH", 1), ("PUT", 3), ("DELETE", 3), ("GET", 3)])
@pytest.mark.parametrize("fault", [Fault(status=503, times=None), Fault(kind="close", times=None)])
def test_what_the_server_may_have_done_is_not_done_twice(caller: Caller, method: str, tries: int, fault: Fault) -> None:
    """A POST is sent once; what does no harm twice is tried again."""
    caller.world.sandbox.faults.add(fault)
    outcome = caller.run("a", "--method", method)

    assert outcome.code == (5 if fault.status else 4)
    assert len(outcome.requests) == tries
    assert ("Look first whether the server has done it" in outcome.failure) == (tries == 1)


def test_a_post_that_came_too_fast_is_sent_again(caller: Caller) -> None:
    """The server says that it did nothing."""
    caller.fault(status=429, retry_after=0)
    outcome = caller.run(PULL_REQUESTS, "--field", "title=x", "--field", "source.branch.name=y")

    assert len(outcome.requests) == 2


def test_so_is_one_that_never_left(caller: Caller) -> None:
    """Nothing listens at that port."""
    outcome = caller.run("projects", "--method", "POST", BASE_URL="https://127.0.0.1:1", NO_PROXY="*", no_proxy="*")

    assert outcome.code == 4
    assert "Attempt 2 of 3" in outcome.told


@pytest.mark.parametrize(("method", "connections"), [("POST", 3), ("PUT", 1)])
def test_what_must_not_be_done_twice_has_a_connection_of_its_own(caller: Caller, method: str, connections: int) -> None:
    """On a kept one, nobody could say whether the server got it before it closed."""
    caller.fault(status=204, body=b"", times=None)
    before = caller.world.sandbox.connections
    outcome = caller.run("a", "b", "c", "--method", method, "--at-once", "1")

    assert outcome.code == 0
    assert caller.world.sandbox.connections - before == connections
