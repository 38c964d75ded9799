"""Answers that are no HTTP any more, and hold a token: whatever a library says of them, no piece of it is shown."""

import gzip
import json
import zlib

import pytest

from sandbox import Fault
from tests.program import Outcome, World, run_program

TOKEN = "8Vq2pKdTn4XwLs7RzYc5HbGm9JfEa3UoTj6NiQe1MkAvSxWg0Pru"
REFRESH = "Zt5RkWq8LmXc3VbNh7JgFd2SaPo9IuYe4TrQw6EzCx1MvBnK0Hjl"
BODY = json.dumps({"access_token": TOKEN, "refresh_token": REFRESH, "token_type": "bearer"}).encode()
# Letters and digits alone, so that each also is a part of an address, a header or a number.
SHORTEST_PIECE = 12

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
ZIPPED = HEAD + b"Content-Encoding: gzip\r\n"
T = TOKEN.encode()


def whole(data: bytes, head: bytes = HEAD) -> bytes:
    """An answer that ends where it says."""
    return head + b"Content-Length: %d\r\n\r\n" % len(data) + data


def redirect(location: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"


ANSWERS = {
    "chunks that a proxy has undone": CHUNKED + b"\r\n" + BODY,
    "chunks that a proxy has undone, in lines": CHUNKED + b"\r\n" + BODY.replace(b", ", b",\r\n"),
    "a token for a chunk's length": CHUNKED + b"\r\n" + T + b"\r\n" + BODY,
    "a number of 52 digits and letters": CHUNKED + b"\r\n" + T.hex().encode() + b"\r\n" + BODY,
    "a negative length": CHUNKED + b"\r\n-5;" + T + b"\r\n" + BODY,
    "a chunk that is longer than it says": CHUNKED + b"\r\n5\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk that is shorter than it says": CHUNKED + b"\r\nffff\r\n" + BODY,
    "an extension of a chunk": CHUNKED + b"\r\n%x;%s=%s\r\n" % (len(BODY), T, T) + BODY,
    "a trailer": CHUNKED + b"\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n" + T + b"\r\n" + T + b": " + T,
    "less than was announced": HEAD + b"Content-Length: 9999\r\n\r\n" + BODY,
    "less than was announced, cut in the token": HEAD + b"Content-Length: 9999\r\n\r\n" + BODY[:40],
    "more than was announced": HEAD + b"Content-Length: 30\r\n\r\n" + BODY,
    "a token for a length": HEAD + b"Content-Length: " + T + b"\r\n\r\n" + BODY,
    "two lengths": HEAD + b"Content-Length: 5, 6, " + T + b"\r\n\r\n" + BODY,
    "a token for a status": b"HTTP/1.1 " + T + b" OK\r\n\r\n" + BODY,
    "a token for a version": b"HTTP/" + T + b" 200 OK\r\n\r\n" + BODY,
    "a token for a status line": T + b"\r\n\r\n" + BODY,
    "a body without a head": BODY,
    "a status of four digits": b"HTTP/1.1 2000 " + T + b"\r\n\r\n" + BODY,
    "a long status line": b"HTTP/1.1 200 " + T * 2000 + b"\r\n\r\n" + BODY,
    "a header without a colon": HEAD + T + b"\r\nX: y\r\n\r\n" + BODY,
    "a header with a space": HEAD + T + b" : " + T + b"\r\n\r\n" + BODY,
    "a header that begins with a space": b"HTTP/1.1 200 OK\r\n " + T + b"\r\n\r\n" + BODY,
    "a header that is no ASCII": HEAD + b"X-\xff" + T + b": \xff" + T + b"\r\n\r\n" + BODY,
    "a long header": HEAD + b"X: " + T * 2000 + b"\r\n\r\n" + BODY,
    "many headers": HEAD + b"".join(b"%s%d: %s\r\n" % (T, number, T) for number in range(200)) + b"\r\n" + BODY,
    "an unknown transfer encoding": HEAD + b"Transfer-Encoding: " + T + b"\r\n\r\n" + BODY,
    "an unknown encoding": whole(BODY, HEAD + b"Content-Encoding: " + T + b"\r\n"),
    "no gzip": whole(BODY, ZIPPED),
    "half a gzip": whole(gzip.compress(BODY)[:-20], ZIPPED),
    "a gzip with something behind it": whole(gzip.compress(b"{}") + BODY, ZIPPED),
    "a gzip with a name in it": whole(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + T + b"\0" + BODY, ZIPPED),
    "no deflate": whole(zlib.compress(BODY)[5:] + BODY, HEAD + b"Content-Encoding: deflate\r\n"),
    "many encodings": whole(BODY, HEAD + b"Content-Encoding: " + b"gzip, " * 50 + T + b"\r\n"),
    "a cookie that is none": whole(b"{", HEAD + b"Set-Cookie: " + T + b"; expires=" + T + b"; domain=" + T + b"\r\n"),
    "a wait that is none": b"HTTP/1.1 503 " + T + b"\r\nRetry-After: " + T + b"\r\nContent-Length: 0\r\n\r\n",
    "JSON with something behind it": whole(BODY + T),
    "JSON that is cut": whole(BODY[:-30]),
    "JSON that is no UTF-8": whole(BODY + b"\xff" + T),
    "an interim answer": b"HTTP/1.1 199 " + T + b"\r\nX: " + T + b"\r\n\r\n" + BODY,
    "a change of protocol": b"HTTP/1.1 101 " + T + b"\r\nUpgrade: " + T + b"\r\n\r\n" + BODY,
    "a redirect's path": redirect(b"https://elsewhere.example/" + T),
    "a redirect's query": redirect(b"https://elsewhere.example?access_token=" + T),
    "a redirect's fragment": redirect(b"https://elsewhere.example#" + T),
    "a redirect's user": redirect(b"https://" + T + b":" + T + b"@elsewhere.example/"),
    "a redirect's port": redirect(b"https://elsewhere.example:" + T + b"/"),
    "a redirect's semicolon": redirect(b"https://elsewhere.example;" + T + b"/"),
    "a redirect's backslash": redirect(b"https://elsewhere.example\\" + T + b"/"),
    "a redirect to a bracket": redirect(b"https://[" + T + b"/"),
    "a redirect to half a place": redirect(T),
    "a redirect to a scheme": redirect(T + b"://elsewhere.example"),
}


def hold(outcome: Outcome) -> None:
    """No piece of either token is in what was shown or left."""
    seen = "".join([outcome.out, outcome.err, *outcome.files.values(), *outcome.files]).lower()
    for secret in (TOKEN, REFRESH):
        for start in range(len(secret) - SHORTEST_PIECE + 1):
            assert secret[start : start + SHORTEST_PIECE].lower() not in seen, f"characters from {start} on"


@pytest.mark.parametrize("debug", ["DEBUG", "RUNNER_DEBUG"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_broken_answer_shows_no_piece_of_what_is_in_it(world: World, answer: str, debug: str) -> None:
    """Not even in a traceback: a library's exception has a text that nobody here wrote."""
    world.sandbox.faults.add(Fault(kind="bytes", body=ANSWERS[answer], times=None))
    more = {"DEBUG": "true"} if debug == "DEBUG" else {"RUNNER_DEBUG": "1"}
    env = {**world.consumer, "MAX_ATTEMPTS": "2", "DEADLINE": "10", "TIMEOUT": "4", **more}
    outcome = run_program(world, "--print", "json", env=env, may_export=True)

    assert outcome.code in (0, 4, 5)
    if outcome.code == 0:  # What stood in the token's place was whole.
        assert outcome.out.count(TOKEN) == 1
    else:
        hold(outcome)
        assert "debug: Traceback" in outcome.told
        assert "debug: pipe.errors." in outcome.told


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_check_shows_no_piece_of_it_either(world: World, answer: str) -> None:
    """In its lines and in its JSON."""
    world.sandbox.faults.add(Fault(path="/site/*", kind="bytes", body=ANSWERS[answer], times=None))
    env = {**world.consumer, "MAX_ATTEMPTS": "1", "DEADLINE": "10", "TIMEOUT": "4", "DEBUG": "true"}
    outcome = run_program(world, "check", "--json", env=env)

    assert outcome.code in (0, 4, 5, 6)
    hold(outcome)
