"""The one way to a server."""

import gzip
import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from pipe import VERSION
from pipe.errors import AnswerError, OutOfTime, UnreachableError
from pipe.http.client import LARGEST_ANSWER, Http
from pipe.http.retry import Deadline
from tests.unit.server import Server


def http(env: dict[str, str] | None = None, *, deadline: float = 10) -> Http:
    return Http(Deadline(deadline), timeout=5, ca_file="", env=env or {})


def test_a_form_is_posted_once(server: Server) -> None:
    """Form-encoded, asking for JSON, and saying who asks; nothing else of this machine is told."""
    answer = http().send(
        "POST", server.url, headers={"Authorization": "Basic abc"}, form={"grant_type": "x", "scope": "a b&ü"}
    )

    ((method, path, headers, body),) = server.requests
    assert (answer.status, answer.body, answer.host) == (200, b"{}", f"127.0.0.1:{server.server_port}")
    assert (method, path) == ("POST", "/token")
    assert parse_qsl(body.decode("ascii")) == [("grant_type", "x"), ("scope", "a b&ü")]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert headers["Authorization"] == "Basic abc"
    assert headers["User-Agent"] == f"bitbucket-token/{VERSION}"
    assert "Cookie" not in headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(server: Server, status: int) -> None:
    """The secret goes where the user sent it, and nowhere else."""
    server.status, server.headers = status, (("Location", f"{server.url}/elsewhere"),)

    assert http().send("POST", server.url, headers={}, form={}).status == status
    assert len(server.requests) == 1


def test_an_answer_may_have_a_mebibyte_and_no_more(server: Server) -> None:
    """Whatever it is, it is no token."""
    server.body = b"x" * LARGEST_ANSWER
    assert len(http().send("POST", server.url, headers={}, form={}).body) == 1024 * 1024

    server.body += b"x"
    with pytest.raises(AnswerError, match="more than 1048576 bytes"):
        http().send("POST", server.url, headers={}, form={})


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """A server that answers the first request with `data` and closes; its address."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                """The head may come in pieces."""
            connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


WHOLE = {
    "as long as it says": ("GET", b"200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
    "without a length": ("GET", b"200 OK\r\n\r\n{}", b"{}"),
    "HEAD": ("HEAD", b"200 OK\r\nContent-Length: 9\r\n\r\n", b""),
    "304": ("GET", b"304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
    "204": ("GET", b"204 No Content\r\nContent-Length: 9\r\n\r\n", b""),
    "in chunks, which count": (
        "GET",
        b"200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"{}",
    ),
    "compressed": (
        "GET",
        b"200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n" + gzip.compress(b"{}"),
        b"{}",
    ),
}
CUT = {
    "less than it says": b"200 OK\r\nContent-Length: 9\r\n\r\n{}",
    "nothing of what it says": b"200 OK\r\nContent-Length: 9\r\n\r\n",
    "no last chunk": b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "half a chunk": b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
    "half of what was compressed": b"200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
    + gzip.compress(b"{}")[:15],
}


@pytest.mark.parametrize("answer", WHOLE)
def test_an_answer_is_whole_where_http_says_so(answer: str) -> None:
    """A length that stands beside chunks, or for a body that is not sent, is none of this answer's (RFC 9112 6.3)."""
    method, data, body = WHOLE[answer]
    with answering(b"HTTP/1.1 " + data) as url:
        assert http().send(method, url, headers={}).body == body


@pytest.mark.parametrize("answer", CUT)
def test_an_answer_that_is_cut_short_is_told_as_such(answer: str) -> None:
    """And is worth another try: nobody can say what the rest was."""
    with answering(b"HTTP/1.1 " + CUT[answer]) as url, pytest.raises(UnreachableError, match="broke off") as caught:
        http().send("GET", url, headers={})

    assert caught.value.again


def test_netrc_is_never_used(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The library would put its password in the place of the consumer's."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n", encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETRC", str(netrc))
        http().send("POST", server.url, headers={"Authorization": "Basic abc"}, form={})
        http().send("POST", server.url, headers={}, form={})

    assert [headers.get("Authorization") for _, _, headers, _ in server.requests] == ["Basic abc", None]


def test_the_proxy_is_that_of_the_environment_handed_in(server: Server) -> None:
    """It is asked for the whole address; the process's own variables do not count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("http_proxy", "http://127.0.0.1:1")
        http({"HTTP_PROXY": server.url}).send("POST", "http://localhost:1/token", headers={}, form={})

    assert [path for _, path, _, _ in server.requests] == ["http://localhost:1/token"]


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://a..b:1", f"http://{'a' * 64}:1", "http://host:port", "http://host:99999", "http://[::1", "http://"),
        *("socks5://user:hunter2@127.0.0.1:1", "http://user:hunter2\udcff@127.0.0.1:1", "http:// host"),
    ],
)
def test_an_impossible_proxy_is_told_and_not_tried_again(proxy: str) -> None:
    """It does not get better by waiting."""
    with pytest.raises(UnreachableError, match="proxy's address is not one that can be used") as caught:
        http({"HTTPS_PROXY": proxy}).send("POST", "https://bitbucket.org/site/oauth2/access_token", headers={}, form={})

    assert not caught.value.again
    assert "hunter2" not in caught.value.what + caught.value.now


def test_a_port_without_a_server_refuses() -> None:
    """Told at once, and worth another try."""
    with pytest.raises(UnreachableError, match="refused the connection") as caught:
        http().send("POST", "http://127.0.0.1:1/", headers={}, form={})

    assert caught.value.again


def test_no_request_begins_after_the_deadline(server: Server) -> None:
    """It always holds."""
    with pytest.raises(UnreachableError, match="within the deadline of 0 s"):
        http(deadline=0).send("POST", server.url, headers={}, form={})


def test_an_alarm_that_rings_while_a_server_is_waited_for_is_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine it can come first, and the server is still to blame."""

    class Alarmed(queue.SimpleQueue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            raise OutOfTime

    monkeypatch.setattr("pipe.http.client.SimpleQueue", Alarmed)
    with pytest.raises(UnreachableError, match="gave no whole answer within the deadline of 10 s"):
        http().within_deadline(lambda: None, "example.com")


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let none be started from now on, as where a limit on processes is reached."""

    def start(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", start)


@pytest.mark.usefixtures("no_threads")
def test_without_a_thread_the_work_is_done_all_the_same() -> None:
    """Its outcome and its failures are the same, and the alarm is the deadline."""

    def fail() -> None:
        raise requests.ConnectionError

    def ring() -> None:
        raise OutOfTime

    assert http().within_deadline(lambda: 7, "example.com") == 7
    with pytest.raises(requests.ConnectionError):
        http().within_deadline(fail, "example.com")
    with pytest.raises(UnreachableError, match="gave no whole answer within the deadline of 10 s"):
        http().within_deadline(ring, "example.com")
