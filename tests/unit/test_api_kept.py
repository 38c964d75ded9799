"""A connection that is kept: when it is given up, and what is tried again without a word."""

import threading

import pytest
import requests

from pipe.errors import UnreachableError
from pipe.http.client import Session
from pipe.http.retry import Deadline
from pipe.verbs.api.client import KeepAliveHttp


class Network:
    """Fails as it is told to, once for each request."""

    def __init__(self, *failures: Exception | None, status: int = 200) -> None:
        self.failures = list(failures)
        self.status = status
        self.asked = 0
        self.closed = 0
        self.threads: set[int] = set()

    def send(self, request: requests.PreparedRequest, **_more: object) -> requests.Response:
        self.threads.add(threading.get_ident())
        failure = self.failures[self.asked]
        self.asked += 1
        if failure:
            raise failure
        response = requests.Response()
        response.status_code, response.request, response.raw = self.status, request, None
        response._content, response._content_consumed = b"{}", True  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        self.closed += 1


def ask(monkeypatch: pytest.MonkeyPatch, network: Network, *methods: str) -> None:
    http = KeepAliveHttp(Deadline(60), timeout=1, ca_file="", env={})
    monkeypatch.setattr(Session, "send", lambda _self, request, **more: network.send(request, **more))
    monkeypatch.setattr(Session, "close", lambda _self: network.close())
    for method in methods:
        http.send(method, "https://host/", headers={})


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_connection_that_was_closed_meanwhile_is_made_anew(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Once, and only behind an answer that came over it."""
    network = Network(None, requests.ConnectionError(), None)
    ask(monkeypatch, network, "GET", method)

    assert (network.asked, network.closed) == (3, 1)


@pytest.mark.parametrize(
    ("failures", "methods", "asked"),
    [
        ((requests.ConnectionError(),), ("GET",), 1),
        ((None, requests.ConnectionError(), requests.ConnectionError()), ("GET", "GET"), 3),
        ((None, requests.ConnectionError()), ("GET", "POST"), 2),
        ((None, requests.ConnectTimeout()), ("GET", "GET"), 2),
        ((None, requests.ReadTimeout()), ("GET", "GET"), 2),
    ],
)
def test_any_other_failure_is_one(
    monkeypatch: pytest.MonkeyPatch, failures: tuple[Exception | None, ...], methods: tuple[str, ...], asked: int
) -> None:
    """On a new connection, the second in a row, of a POST, and each wait that was too long."""
    network = Network(*failures)
    with pytest.raises(UnreachableError):
        ask(monkeypatch, network, *methods)

    assert network.asked == asked


@pytest.mark.parametrize(("status", "closed"), [(103, 2), (199, 2), (200, 0), (404, 0)])
def test_what_follows_an_interim_answer_is_nobodys(monkeypatch: pytest.MonkeyPatch, status: int, closed: int) -> None:
    """It is the final answer to the same request: on a kept connection, the next one would get it."""
    network = Network(None, None, status=status)
    ask(monkeypatch, network, "GET", "GET")

    assert network.closed == closed


def test_each_request_is_sent_by_the_thread_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread for each would cost more than the request, a thousand times."""
    network = Network(None, None)
    ask(monkeypatch, network, "GET", "POST")

    assert network.threads == {threading.get_ident()}
