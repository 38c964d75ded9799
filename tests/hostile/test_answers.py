"""Servers that answer, but with trouble: no answer may crash, hang, flood or fool the program."""

import gzip
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from sandbox import WRONG_SHAPES, Fault
from sandbox.faults import RequestKind
from tests.program import Outcome, World, run_program

TOKEN = "opaque-token-of-a-hostile-server"
QUICK = {"MAX_ATTEMPTS": "2", "DEADLINE": "10", "TIMEOUT": "4"}
MIB = 1 << 20


def ask(world: World, *faults: Fault, **more: str) -> Outcome:
    """Run on GitHub against a server that does `faults`, with two attempts and short limits."""
    world.sandbox.faults.add(*faults)
    return run_program(world, env={**world.github(), **world.consumer, **QUICK, **more}, tokens=[TOKEN])


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_for(world: World, status: int) -> None:
    """It is tried again, announced in one line, and the run succeeds."""
    outcome = ask(world, Fault(status=status))

    assert outcome.code == 0
    assert len(outcome.requests) == 2
    announced = [line for line in outcome.shown.splitlines() if line.startswith("Attempt 1 of 2: bitbucket.org ")]
    assert len(announced) == 1
    assert f"(HTTP {status})" in announced[0]
    assert announced[0].endswith("Next try in <wait> s.")


@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error"])
def test_so_is_an_error_that_says_it_passes(world: World, error: str) -> None:
    """With status 200 or 400."""
    outcome = ask(world, Fault(status=400, body=f'{{"error": "{error}"}}'))

    assert outcome.code == 0
    assert len(outcome.requests) == 2


def test_trouble_that_stays_ends_the_run(world: World) -> None:
    """Exit 5 after all attempts."""
    outcome = ask(world, Fault(status=502, times=None))

    assert outcome.code == 5
    assert len(outcome.requests) == 2
    assert "bitbucket.org is in trouble (HTTP 502)" in outcome.failure


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308, 400, 404, 405, 410, 418, 501, 505, 599])
def test_any_other_status_is_not_tried_again(world: World, status: int) -> None:
    """Exit 5, one request; a page of whatever status is no token response."""
    outcome = ask(world, Fault(status=status))

    assert outcome.code == 5
    assert len(outcome.requests) == 1


def test_a_date_in_retry_after_is_waited_for(world: World) -> None:
    """The other form of RFC 9110."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    outcome = ask(world, Fault(status=503, retry_after=moment), DEADLINE="30")

    assert outcome.code == 0
    assert outcome.requests[1].time >= moment.timestamp() - 0.1


@pytest.mark.parametrize("value", ["-1", "soon", "1e9", "Wed, 99 Foo 2026 99:99:99 GMT", "\u00e9"])
def test_a_retry_after_that_makes_no_sense_is_none(world: World, value: str) -> None:
    """It is neither waited for nor shown."""
    outcome = ask(world, Fault(status=503, retry_after=value))

    assert outcome.code == 0
    assert outcome.seconds < 8


@pytest.mark.parametrize("value", [3600, 999_999_999, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_beyond_the_deadline_is_told_at_once(world: World, value: int | str) -> None:
    """Exit 5."""
    outcome = ask(world, Fault(status=503, retry_after=value))

    assert outcome.code == 5
    assert len(outcome.requests) == 1
    assert "It asks to come back in" in outcome.failure


@pytest.mark.parametrize("shape", WRONG_SHAPES)
def test_a_body_of_the_wrong_shape(world: World, shape: str) -> None:
    """Exit 5, or 3 where it names an error; nothing is exported."""
    outcome = ask(world, Fault(body=WRONG_SHAPES[shape], times=None))

    assert outcome.code == (3 if shape == "an error and a token" else 5)
    assert len(outcome.requests) == (2 if shape == "an error" else 1)


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "%s\\r\\nBITBUCKET=evil"}',
        b'{"access_token": "%s\\u0000"}',
        b'{"access_token": "%s\\u001b[2J"}',
        b'{"access_token": "%s\\u2028"}',
        b'{"access_token": "%s\xc3\xa9"}',
        b'{"access_token": " %s"}',
        b'{"access_token": "%s", "scope": "a\\nBASH_ENV=evil"}',
        b'{"access_token": "%s", "scope": ["a\\u0000b"]}',
        b'{"access_token": "%s", "scope": {"a": 1}}',
        b'{"access_token": "%s", "scopes": [["a"]]}',
        b'{"access_token": "%s", "scope": "\\u001b]0;evil\\u0007"}',
        b'{"access_token": "%s", "expires_in": "7200\\nX=1"}',
        b'{"access_token": "%s", "expires_in": -1}',
        b'{"access_token": "%s", "expires_in": NaN}',
        b'{"access_token": "%s", "expires_in": 1e999}',
        b'{"access_token": "%s", "expires_in": true}',
        b'{"access_token": "%s", "expires_in": [7200]}',
        b'{"access_token": "%s", "token_type": "bearer\\n"}',
        b'{"access_token": "%s", "token_type": "DPoP"}',
    ],
)
def test_nothing_is_smuggled_into_what_is_exported(world: World, body: bytes) -> None:
    """A value with a line end or a control character is refused, or cannot do harm: never written as it stands."""
    outcome = ask(world, Fault(body=body.replace(b"%s", TOKEN.encode())))

    if outcome.code == 0:
        assert b'"scope": "a\\nBASH_ENV=evil"' in body
        assert "BASH_ENV=evil" not in outcome.files["runner/env"].splitlines()
    else:
        assert outcome.code == 5


def test_an_absurd_lifetime_is_capped(world: World) -> None:
    """The end stays a date."""
    outcome = ask(world, Fault(body=f'{{"access_token": "{TOKEN}", "expires_in": 1e300}}'))

    assert outcome.code == 0
    assert f"lifetime {2**31 - 1} s" in outcome.out


def test_a_byte_order_mark_is_no_obstacle(world: World) -> None:
    """Some servers on Windows send one."""
    outcome = ask(world, Fault(body=b"\xef\xbb\xbf" + f'{{"access_token": "{TOKEN}"}}'.encode()))

    assert outcome.code == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("gzip", 0),
        ("deflate", 0),
        ("bad-gzip", 5),
        ("broken-chunks", 5),
        ("close", 4),
        ("reset", 4),
        ("reset-body", 4),
        ("truncated", 4),
        ("truncated-chunks", 4),
        ("silence", 4),
        ("html", 5),
        ("not-json", 5),
    ],
)
def test_an_answer_that_is_spoilt_on_the_way(world: World, kind: RequestKind, code: int) -> None:
    """Compressed ones are understood; broken ones are tried again, and are no token in the end."""
    outcome = ask(world, Fault(kind=kind, times=None), **({"TIMEOUT": "0.5"} if kind == "silence" else {}))

    assert outcome.code == code
    assert len(outcome.requests) == (2 if code == 4 or kind in ("bad-gzip", "broken-chunks") else 1)


@pytest.mark.parametrize("kind", ["close", "reset", "truncated", "broken-chunks", "bad-gzip"])
def test_one_spoilt_answer_is_followed_by_a_good_one(world: World, kind: RequestKind) -> None:
    """Exit 0 on the second attempt."""
    outcome = ask(world, Fault(kind=kind))

    assert outcome.code == 0
    assert len(outcome.requests) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(kind="endless"), 5),
        (Fault(kind="gzip-bomb", size=1 << 29), 5),
        (Fault(body=b" " * 3 * MIB), 5),
        (Fault(kind="gzip", body=b'"' + b"x" * 3 * MIB), 5),
        (Fault(kind="endless-head", times=None), 5),
    ],
    ids=["endless", "gzip bomb", "3 MiB", "3 MiB compressed", "endless headers"],
)
def test_an_answer_without_measure_is_cut(world: World, fault: Fault, code: int) -> None:
    """In time, and in memory: far below what the answer would fill."""
    outcome = ask(world, fault)

    assert outcome.code == code
    assert outcome.peak < 100 * MIB


@pytest.mark.parametrize("kind", ["drip-head", "drip-body"])
@pytest.mark.parametrize("interval", [0.05, 1.0])
def test_a_drip_does_not_outlive_the_deadline(world: World, kind: RequestKind, interval: float) -> None:
    """A byte now and then keeps every timeout between two bytes content, but not the deadline."""
    outcome = ask(world, Fault(kind=kind, interval=interval), DEADLINE="3", TIMEOUT="5")

    assert outcome.code == 4
    assert "gave no whole answer within the deadline of 3 s" in outcome.failure
    assert len(outcome.requests) == 1


def test_silence_does_not_outlive_the_deadline(world: World) -> None:
    """Even where the timeout is longer."""
    outcome = ask(world, Fault(kind="silence", times=None), DEADLINE="1", TIMEOUT="60")

    assert outcome.code == 4


def test_a_wait_does_not_outlive_the_deadline(world: World) -> None:
    """It is not begun if it does not fit. An attempt that is under way at the end says no more than those before it."""
    outcome = ask(world, Fault(status=503, times=None), DEADLINE="3", MAX_ATTEMPTS="100")

    assert outcome.code == 5
    assert "Attempt 1 of 100: bitbucket.org is in trouble (HTTP 503)" in outcome.out


LOCATIONS = ("same", "other", "http", "//elsewhere.example/", "", "https://[::1", "ftp://x/")


@pytest.mark.parametrize(
    ("status", "location"),
    [*((status, "other") for status in (301, 303, 307, 308)), *((302, location) for location in LOCATIONS)],
)
def test_a_redirect_is_never_followed(world: World, status: int, location: str) -> None:
    """One request, and none anywhere else, not even to the same host."""
    target = {"same": world.sandbox.token_url, "other": "https://elsewhere.example/", "http": "http://bitbucket.org/"}
    outcome = ask(world, Fault(kind="redirect", status=status, location=target.get(location, location)))

    assert outcome.code == 5
    assert "never followed with a secret in hand" in outcome.failure
    assert len(outcome.requests) == 1
    assert outcome.connects == ["bitbucket.org:443 200"]


@cache
def compressed(size: int) -> bytes:
    """So many bytes, next to none on the wire."""
    return gzip.compress(bytes(size))


@pytest.mark.parametrize("location", ["https://elsewhere.example/", "https://[::1", None])
def test_the_body_of_a_redirect_is_cut_too(world: World, location: str | None) -> None:
    """150 MiB from a few KiB, where a library reads the body to be ready for the next request."""
    body = compressed(150 * MIB)
    head = f"HTTP/1.1 302 Found\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n"
    head += f"Location: {location}\r\n\r\n" if location else "\r\n"
    outcome = ask(world, Fault(kind="bytes", body=head.encode() + body))

    assert outcome.code == 5
    assert outcome.peak < 100 * MIB


def test_an_answer_without_content_is_no_token(world: World) -> None:
    """204, and 200 with nothing in it."""
    for head in ("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
        assert ask(world, Fault(kind="bytes", body=head)).code == 5


@pytest.mark.parametrize(
    "head", ["HTTP/1.1 200\r\n\r\n", "HTTP/0.9 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\r\n\r\n", "garbage"]
)
def test_what_is_not_http_is_no_token(world: World, head: str) -> None:
    """Whatever it says."""
    outcome = ask(world, Fault(kind="bytes", body=head, times=None))

    assert outcome.code == 5


def test_cookies_are_not_kept(world: World) -> None:
    """What one answer sets, the next request does not bring."""
    outcome = ask(world, Fault(status=503, headers={"Set-Cookie": "session=1; Path=/"}))

    assert outcome.code == 0
    assert [request.header("Cookie") for request in outcome.requests] == [None, None]


def test_headers_of_the_answer_have_no_power(world: World) -> None:
    """Whatever they say."""
    headers = {
        "Content-Type": "text/html; charset=utf-7",
        "Refresh": "0; url=https://elsewhere.example/",
        "Strict-Transport-Security": "max-age=0",
        "Link": "<https://elsewhere.example/>; rel=preload",
        "X-Padding": "x" * 60_000,
    }
    outcome = ask(world, Fault(body=f'{{"access_token": "{TOKEN}"}}', headers=headers))

    assert outcome.code == 0
    assert len(outcome.requests) == 1
