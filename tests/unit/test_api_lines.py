"""What is printed of an answer: the very same values, a line each, whatever stands in them."""

import gc
import json
import re
from contextlib import suppress
from io import BytesIO

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.errors import AnswerError
from pipe.http.responses import parsed_json
from pipe.http.retry import Deadline
from pipe.verbs.api.answers import Incoming
from pipe.verbs.api.output import JsonLines

SECRET = "token-of-the-tests"
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(["##[", "#", "##vso[", "::", "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def answer(body: bytes, kind: str) -> Incoming:
    response = requests.Response()
    response.status_code, response.raw = 200, BytesIO(body)
    response.headers.update({"Content-Type": kind} if kind else {})
    return Incoming(response, "host", Deadline(60), lambda error: AnswerError(str(error), "", "")).hold()


def printed_of(masks: list[str], body: bytes, kind: str) -> bytes:
    return b"".join(piece.text for piece in JsonLines(masks).answer(answer(body, kind)))


@given(st.lists(VALUES, max_size=4))
@example(["##" * 5, "\\##", "\ud800", "\x7f\u2028\u0085"])
def test_a_value_is_a_line_and_stays_what_it_is(values: list[object]) -> None:
    """In UTF-8, without anything that a terminal, a log or a CI system takes for more than a text."""
    piece = JsonLines([SECRET]).of(values, "host")
    text = piece.text.decode("utf-8")

    assert [json.loads(line) for line in text.split("\n")[:-1]] == values
    assert piece.values == text.count("\n") == len(values)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]|##", text)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (f"a {SECRET} b", '"a *** b"'),
        ({SECRET: [SECRET, 1, None, True]}, '{"***":["***",1,null,true]}'),
        ({"a": 123456789012345}, '{"a":"***"}'),
        ({"a": {"b": [f"{SECRET}{SECRET}"]}}, '{"a":{"b":["******"]}}'),
    ],
)
def test_a_secret_goes_and_json_stays(value: object, printed: str) -> None:
    """Also where it is a name, or looks like a number."""
    piece = JsonLines([SECRET, "123456789012345"]).of([value], "host")

    assert piece.text.decode() == printed + "\n"
    json.loads(piece.text)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/Problem+JSON"])
def test_json_is_told_by_its_type(kind: str) -> None:
    """And is none if it only says so."""
    assert printed_of([], b' {"a" : "\xc3\xbc"}\n', kind) == b'{"a":"\xc3\xbc"}\n'
    with pytest.raises(AnswerError, match="says it is JSON and is not"):
        printed_of([], b"<html>", kind)


@pytest.mark.parametrize("body", [b"[" + b"[]," * 50_000 + b"1]", b"[" + b"[]," * 50_000 + b"x"])
def test_nothing_collects_garbage_while_json_is_read(body: bytes) -> None:
    """Nobody else could run for so long; afterwards it is collected again."""
    begun: list[str] = []

    def note(phase: str, _more: dict[str, int]) -> None:
        begun.append(phase)

    gc.collect()
    gc.callbacks.append(note)
    try:
        with suppress(ValueError):
            parsed_json(body)
        seen = len(begun)
    finally:
        gc.callbacks.remove(note)
    # At its end it begins to collect again, once for all that is new.
    assert seen <= 4
    assert gc.isenabled()


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "", "application/jsonp", "text/html"])
def test_anything_else_stays_as_it_is(kind: str) -> None:
    """Byte for byte, but for secrets."""
    body = b'\xff\x00 {"a" : 1}\r\n' + SECRET.encode()

    assert printed_of([SECRET], body, kind) == b'\xff\x00 {"a" : 1}\r\n***'
