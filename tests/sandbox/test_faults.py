"""Faults come in order, and an answer can be anything."""

import json
from datetime import UTC, datetime

import pytest

from sandbox import WRONG_SHAPES, Fault, Sandbox
from tests.sandbox.wire import REQUEST, ask, connect


def test_an_answer_is_what_it_was_told_to_be(plain: Sandbox) -> None:
    """Status, headers and body, byte for byte."""
    fault = Fault(status=418, headers={"X-Tea": "green"}, body=b"\xff")

    head, _, body = ask(plain, fault).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 418 ")
    assert b"X-Tea: green" in head
    assert body == b"\xff"


def test_a_rate_limit_is_plain_text_without_retry_after(plain: Sandbox) -> None:
    """As Bitbucket says it."""
    answer = ask(plain, Fault(status=429))

    assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"text/plain" in answer
    assert b"Retry-After" not in answer
    assert answer.endswith(b"Rate limit for this resource has been exceeded")


@pytest.mark.parametrize(
    ("retry_after", "sent"),
    [(7, b"7"), ("soon", b"soon"), (datetime(2026, 5, 4, 10, tzinfo=UTC), b"Mon, 04 May 2026 10:00:00 GMT")],
)
def test_retry_after_is_seconds_a_date_or_anything(
    plain: Sandbox, retry_after: int | str | datetime, sent: bytes
) -> None:
    """A datetime becomes an HTTP date."""
    assert b"\r\nRetry-After: " + sent + b"\r\n" in ask(plain, Fault(status=503, retry_after=retry_after))


def test_faults_are_used_up_in_order(plain: Sandbox) -> None:
    """Those for another path wait, and after the last one all is well."""
    plain.faults.add(
        Fault("/elsewhere", status=500),
        Fault("/site/oauth2/access_token", status=502, times=2),
        Fault("/site/*", status=503),
    )
    with connect(plain) as sock:
        statuses = []
        for _ in range(4):
            sock.sendall(REQUEST)
            statuses.append(sock.recv(65536)[9:12])

    assert statuses == [b"502", b"502", b"503", b"405"]


def test_a_fault_can_last_until_it_is_cleared(plain: Sandbox) -> None:
    """`times=None` is for ever."""
    plain.faults.add(Fault(status=503, times=None))
    with connect(plain) as sock:
        statuses = []
        for number in range(5):
            if number == 4:
                plain.faults.clear()
            sock.sendall(REQUEST)
            statuses.append(sock.recv(65536)[9:12])

    assert statuses == [b"503"] * 4 + [b"405"]


def test_an_unknown_kind_is_refused() -> None:
    """A typing error does not pass for a fault."""
    with pytest.raises(ValueError, match="no such fault"):
        Fault.from_json({"kind": "explode"})


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_leads_to_another_host(plain: Sandbox, status: int) -> None:
    """Following it would carry the secret there."""
    answer = ask(plain, Fault(kind="redirect", status=status, location="https://elsewhere.example/x"))

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nLocation: https://elsewhere.example/x\r\n" in answer


def test_a_page_can_stand_in_for_json(plain: Sandbox) -> None:
    """With status 200, as login pages and captive portals do."""
    answer = ask(plain, Fault(kind="html"))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: text/html" in answer


def test_not_json_says_that_it_is(plain: Sandbox) -> None:
    """The content type is no proof."""
    head, _, body = ask(plain, Fault(kind="not-json")).partition(b"\r\n\r\n")

    assert b"Content-Type: application/json" in head
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(body)


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_wrong_shapes_arrive_as_they_are(plain: Sandbox, name: str) -> None:
    """Each with status 200."""
    answer = ask(plain, Fault(body=WRONG_SHAPES[name]))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.partition(b"\r\n\r\n")[2] == WRONG_SHAPES[name]
