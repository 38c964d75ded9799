"""A list that is longer than what the server allows at once: it is read as the allowance refills, to its end.

Everything but the server and the clock is the program's own, waits included.
"""

import json
from collections import deque
from io import BytesIO

import pytest
import requests
import urllib3

from pipe.bitbucket.addresses import RestApi
from pipe.bitbucket.paging import pages
from pipe.errors import AnswerError
from pipe.http.client import Session
from pipe.http.retry import LONGEST_REFILL, Deadline, RetryPolicy
from pipe.redaction.secret import Secret
from pipe.verbs.api.client import Client, KeepAliveHttp
from pipe.verbs.api.pace import Pace
from tests.unit.conftest import Written, context_of

API = RestApi("https://api.bitbucket.org", "/2.0", "/2.0/", cloud=True)
LIST = "https://api.bitbucket.org/2.0/list"
ALLOWED, WINDOW, PAGES = 10, 30.0, 60


class Clock:
    """Goes on when somebody waits, and by a tenth of a second for each request."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Allowance:
    """Gives pages of one value: `allowed` in any `WINDOW` seconds, and 429 without `Retry-After` to all others."""

    def __init__(self, clock: Clock, allowed: int) -> None:
        self.clock = clock
        self.allowed = allowed
        self.granted: deque[float] = deque()
        self.refused: list[float] = []

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        self.clock.now += 0.1
        while self.granted and self.granted[0] <= self.clock.now - WINDOW:
            self.granted.popleft()
        if len(self.granted) >= self.allowed:
            self.refused.append(self.clock.now)
            return made(request, 429, b"Rate limit for this resource has been exceeded")
        self.granted.append(self.clock.now)
        number = int((request.url or "").partition("page=")[2] or 1)
        page = {"values": [number], **({"next": f"{LIST}?page={number + 1}"} if number < PAGES else {})}
        return made(request, 200, json.dumps(page).encode())


def made(request: requests.PreparedRequest, status: int, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, request.url or ""
    response.raw = urllib3.HTTPResponse(BytesIO(body), preload_content=False, status=status)
    return response


def read(monkeypatch: pytest.MonkeyPatch, clock: Clock, server: Allowance, deadline: float) -> list[object]:
    """All values of the list, as `api --paginate` gets them, within `deadline` seconds."""
    monkeypatch.setattr(Session, "send", lambda _self, request, **_: server.send(request))
    log = Written().log
    http = KeepAliveHttp(Deadline(deadline, clock=clock), timeout=1, ca_file="", env={})
    context = context_of(http, log)
    context = context._replace(retries=RetryPolicy(None, http.deadline, log.line, clock.sleep))
    client = Client(http, context, API, Secret("Bearer x"), Pace(http.deadline, log.line, clock.sleep, clock))
    return [value for page in pages(client.get, API, LIST) for value in page]


def test_a_list_is_read_as_the_allowance_refills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole and in its order, and nearly as fast as the server allows: no wait is longer than the longest one."""
    clock = Clock()
    server = Allowance(clock, ALLOWED)

    assert read(monkeypatch, clock, server, 3600) == list(range(1, PAGES + 1))
    assert server.refused
    stalls = PAGES / ALLOWED
    assert clock.now <= stalls * (WINDOW + LONGEST_REFILL)


def test_only_the_deadline_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is ever allowed again, it is asked until the end, at a distance; the refusal is what is told."""
    clock = Clock()
    server = Allowance(clock, 0)

    with pytest.raises(AnswerError, match="too many requests"):
        read(monkeypatch, clock, server, 600)

    assert 600 - LONGEST_REFILL <= clock.now <= 600
    assert len(server.refused) < 600 / LONGEST_REFILL * 6
