"""A secret is printed by nobody, and found again in every form it can take."""

import copy
import json
import logging
import pickle
import sys
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import StringIO
from pprint import pformat
from string import Template
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipe.redaction.secret import MASK, Secret, broken_lines, forms, redact
from tests.oracle import Oracle

PLAIN = "S3cr3t/of+the:tests=%&\"'\\ü"

# Any text that an input or a server can give; `*` is what redaction itself writes.
texts = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=1, max_size=60)
long_texts = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=10, max_size=60)


@dataclass
class Holder:
    secret: Secret


SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda secret: format(secret, ">80"),
    "%s": lambda secret: "%s" % secret,  # noqa: UP031 - the very thing that is tested
    "%r": lambda secret: "%r" % secret,  # noqa: UP031
    "f-string": lambda secret: f"{secret}",
    "f-string with conversion": lambda secret: f"{secret!s}{secret!r}{secret!a}",
    "f-string with =": lambda secret: f"{secret=}",
    "f-string with width": lambda secret: f"{secret:.3}",
    "str.format": "{0} {0!r} {0:>9}".format,
    "template": lambda secret: Template("$it").substitute(it=secret),
    "list": lambda secret: str([secret, (secret,), {secret: secret}]),
    "dataclass": lambda secret: repr(Holder(secret)),
    "pprint": lambda secret: pformat({"secret": secret}),
    "exception": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "dir": lambda secret: str([getattr(secret, name) for name in dir(secret) if name not in ("_text", "reveal")]),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_whatever_shows_a_secret_shows_stars(show: Callable[[Secret], str]) -> None:
    """No way to turn an object into text gives the secret's text."""
    shown = show(Secret(PLAIN))

    Oracle([PLAIN]).check("what was shown", shown)
    assert PLAIN[:4] not in shown


def test_stars_are_all_that_is_shown() -> None:
    """What stands for the secret tells neither its length nor a part of it."""
    assert MASK == "***" == str(Secret(PLAIN)) == repr(Secret("x")) == f"{Secret(''):>20}"


def test_a_secret_is_not_logged() -> None:
    """Neither as the message, nor as an argument, nor in the record's traceback."""
    stream = StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))

    logger.error(Secret(PLAIN))
    logger.error("it is %s %r", Secret(PLAIN), Secret(PLAIN))
    try:
        raise ValueError(Secret(PLAIN))
    except ValueError:
        logger.exception("failed")

    assert stream.getvalue().count("***") == 4
    Oracle([PLAIN]).check("the log", stream.getvalue())


def test_a_traceback_with_all_variables_does_not_show_it() -> None:
    """Tools that print the local variables of each frame print stars."""
    secret = Secret(PLAIN)
    try:
        raise ValueError(f"{secret} is wrong")
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "secret = ***" in shown
    Oracle([PLAIN]).check("the traceback", shown)


REFUSED: dict[str, Callable[[Secret], object]] = {
    "json": json.dumps,
    "json, as a key": lambda secret: json.dumps({secret: 1}),
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "asdict": lambda secret: asdict(Holder(secret)),
    "vars": vars,
    "len": len,  # type: ignore[dict-item]
    "list": list,  # type: ignore[dict-item]
    "bytes": bytes,  # type: ignore[dict-item]
    "+": lambda secret: "x" + secret,  # type: ignore[operator]
    "join": lambda secret: "".join([secret]),  # type: ignore[list-item]
    "in": lambda secret: secret in "text",  # type: ignore[operator]
    "order": lambda secret: secret < Secret("x"),  # type: ignore[operator]
}


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED)
def test_what_would_take_a_secret_out_is_refused(use: Callable[[Secret], object]) -> None:
    """A secret is no text: it cannot be stored, copied, measured or joined to one, and the error does not show it."""
    with pytest.raises(TypeError) as caught:
        use(Secret(PLAIN))

    Oracle([PLAIN]).check("the error", str(caught.value))


def test_the_size_of_the_object_tells_nothing() -> None:
    """A long secret is as large an object as a short one."""
    assert sys.getsizeof(Secret("x")) == sys.getsizeof(Secret("x" * 10_000))


@given(texts, texts)
def test_secrets_are_equal_if_their_texts_are(one: str, other: str) -> None:
    """Equality and hash follow the text; a text itself equals no secret."""
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) != one
    assert Secret(one).reveal() == one


def test_an_empty_secret_is_false_and_has_no_forms() -> None:
    """Nothing to hide: an empty form would be found everywhere."""
    assert not Secret("")
    assert Secret("x")
    assert forms(Secret(""), key="key") == ()


def bare(data: str) -> str:
    return b64encode(data.encode()).decode().rstrip("=")


def url_safe(data: str) -> str:
    return urlsafe_b64encode(data.encode()).decode().rstrip("=")


@given(texts, st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_every_form_is_known(text: str, key: str) -> None:
    """Percent-encoded, JSON-escaped, base64 and base64url of itself, for git and for the token endpoint."""
    found = forms(Secret(text), key=key)

    assert {
        text,
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(text)[1:-1].replace("/", "\\/"),
        json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        *(make(before + text) for make in (bare, url_safe) for before in ("", "x-token-auth:", f"{key}:")),
        bare(f"{quote_plus(key)}:{quote_plus(text)}"),
    } <= set(found)


def test_percent_encoding_is_known_in_both_cases() -> None:
    """Programs write `%2F` and `%2f`; the letters beside it keep their case."""
    assert {"A%2FB%3DC", "A%2fB%3dC"} <= set(forms(Secret("A/B=C")))


def test_a_basic_header_is_known() -> None:
    """RFC 7617's own example: Aladdin and his open sesame."""
    assert "QWxhZGRpbjpvcGVuIHNlc2FtZQ" in forms(Secret("open sesame"), key="Aladdin")


def test_json_that_may_stand_in_html_is_known() -> None:
    """As Gson writes it."""
    assert "a\\u003db\\u0027\\u0026" in forms(Secret("a=b'&"))


@pytest.mark.parametrize("size", [12, 47, 48, 49, 56, 57, 58, 92, 700, 1400])
@pytest.mark.parametrize("user", ["", "x-token-auth:", "key:"])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("width", [64, 76])
def test_of_base64_in_lines_next_to_nothing_is_left(size: int, user: str, end: str, width: int) -> None:
    """Only what a newline has added, and a last line that is short."""
    secret = Secret(("aB3-._~=" * size)[:size])
    encoded = b64encode(f"{user}{secret.reveal()}{end}".encode()).decode()
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]

    left = [redact(line, (*forms(secret, key="key"), *broken_lines(secret, key="key"))) for line in lines]

    assert left[:-1] == ["***"] * (len(lines) - 1)
    assert len(left[-1].replace("***", "").rstrip("=")) <= (12 if len(lines) > 1 else 3)


def test_the_lines_of_base64_are_few_and_none_is_short() -> None:
    """A CI system looks for each of them in every line of the log."""
    found = broken_lines(Secret("aB3-._~=" * 175), key="key")

    assert len(found) == len(set(found)) < 300
    assert all(12 <= len(line) <= 76 for line in found)
    assert list(found) == sorted(found, key=len, reverse=True)


def test_what_fits_into_a_line_is_not_broken() -> None:
    """A form masks it whole; neither is there a line of nothing, nor of a key's armour."""
    assert broken_lines(Secret("short"), key="key") == broken_lines(Secret("")) == ()
    key = "-----BEGIN PRIVATE KEY-----\n" + "aB3+" * 16
    assert not any("-----" in line for line in broken_lines(Secret(key)))


@given(texts, st.none() | st.text(st.characters(codec="utf-8"), max_size=20))
def test_forms_come_longest_first_and_once(text: str, key: str | None) -> None:
    """A short form within a longer one must not be replaced first, nor any form be registered twice or be empty."""
    found = forms(Secret(text), key=key)

    assert list(found) == sorted(found, key=len, reverse=True)
    assert len(found) == len(set(found))
    assert all(found)


@given(st.binary(max_size=5), long_texts, st.binary(max_size=5), st.booleans())
def test_base64_of_anything_around_a_secret_holds_a_form(before: bytes, text: str, after: bytes, url: bool) -> None:
    """Whatever user name or JSON stands around it, the middle of the base64 is known."""
    encode = urlsafe_b64encode if url else b64encode
    encoded = encode(before + text.encode() + after).decode()

    assert any(form in encoded for form in forms(Secret(text)))


@given(texts)
def test_no_form_is_so_short_that_it_matches_innocent_text(text: str) -> None:
    """Fragments of base64 have at least twelve characters; what is shorter is the secret's own doing."""
    whole = {*(make(before + text) for make in (bare, url_safe) for before in ("", "x-token-auth:"))}
    own = {text, quote(text, safe=""), quote(text), quote_plus(text), *whole}
    escapes = {form for form in forms(Secret(text)) if "%" in form or "\\" in form}

    assert all(len(form) >= 12 for form in set(forms(Secret(text))) - own - escapes)


@given(long_texts, st.text(max_size=20), st.text(max_size=20), st.data())
def test_redaction_leaves_no_form(text: str, before: str, after: str, data: st.DataObject) -> None:
    """Wherever a form stands, and however often, none is left."""
    masks = forms(Secret(text))
    form = data.draw(st.sampled_from(masks))
    assume(not any(mask in before + "***" + after for mask in masks))

    redacted = redact(f"{before}{form}{after}{form}{form}", masks)

    assert not any(mask in redacted for mask in masks)
    assert "***" in redacted


@pytest.mark.parametrize("text", ["caf\udce9", "\udcff" * 30])
def test_bytes_that_are_no_text_are_no_trouble(text: str) -> None:
    """An environment holds bytes; those that are not UTF-8 have forms like any others."""
    raw = text.encode("utf-8", "surrogateescape")

    found = forms(Secret(text), key=text)

    assert {text, quote(raw, safe=""), b64encode(raw).decode().rstrip("=")} <= set(found)
    assert Secret(text) == Secret(text)
