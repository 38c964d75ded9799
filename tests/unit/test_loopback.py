"""The loopback server: one answer, by its state alone, and nothing of it on a page."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlsplit

import pytest

from pipe.redaction.secret import Secret
from pipe.verbs.login.loopback import Loopback, _Handler

STATE = "the-state-of-the-tests"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback("http://localhost:0/callback", Secret(STATE)) as running:
        yield running


def ask(server: Loopback, target: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", urlsplit(server.uri).port or 0, timeout=5)
    connection.request(method, target)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), dict(answer.headers.items())
    connection.close()
    return found


def test_the_answer_arrives_once(server: Loopback) -> None:
    """The page is the same for everybody, kept by nobody, and refers to nothing."""
    status, page, headers = ask(server, f"/callback?code=the-code&state={STATE}")

    redirected = server.wait(5)
    assert redirected is not None
    assert (redirected.code, redirected.error) == (Secret("the-code"), "")
    assert status == 200
    assert "the-code" not in page + str(headers)
    assert STATE not in page + str(headers)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"

    assert ask(server, f"/callback?code=another&state={STATE}")[0] == 404
    assert server.wait(0.1) is None


def test_a_refusal_arrives(server: Loopback) -> None:
    """As RFC 6749 section 4.1.2.1 has it."""
    assert ask(server, f"/callback?error=access_denied&state={STATE}")[0] == 200

    redirected = server.wait(5)
    assert redirected is not None
    assert (bool(redirected.code), redirected.error) == (False, "access_denied")


def test_the_page_comes_before_the_answer(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program may end as soon as it has the answer; the person would see a broken connection."""
    page, waiting = _Handler._page, list[bool]()

    def watched(self: _Handler, status: int, text: str) -> None:
        page(self, status, text)
        waiting.append(self.server.arrived.empty())

    monkeypatch.setattr(_Handler, "_page", watched)
    assert "Go back to the terminal" in ask(server, f"/callback?code=x&state={STATE}")[1]
    assert server.wait(5) is not None
    assert waiting == [True]


def test_a_browser_that_is_gone_has_answered(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code arrived, whoever sees the page."""

    def fail(_self: _Handler, _status: int) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(_Handler, "send_response", fail)
    with pytest.raises(RemoteDisconnected):
        ask(server, f"/callback?code=x&state={STATE}")
    assert server.wait(5) is not None


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/favicon.ico",
        "/callback",
        "/callback?code=x",
        "/callback?code=x&state=",
        "/callback?code=x&state=wrong",
        f"/callback?code=x&state={STATE}x",
        f"/callback?code=x&state={STATE[:-1]}",
        f"/callback?state={STATE}",
        f"/callback?code=&state={STATE}",
        f"/callback?code=x&error=y&state={STATE}",
        f"/callback?code=x&code=y&state={STATE}",
        f"/callback?code=x&state={STATE}&state=wrong",
        f"/callback/?code=x&state={STATE}",
        f"/other?code=x&state={STATE}",
        f"/callback%2F?code=x&state={STATE}",
        "/callback?error=access_denied",
        "/callback?error=access_denied&state=wrong",
        "/callback?code=x&state=%ff%fe",
        "/callback?" + "&".join(f"a{number}=b" for number in range(200)),
    ],
)
def test_other_requests_are_forgotten(server: Loopback, target: str) -> None:
    """Any page of any site can make the browser send one; the right one still arrives."""
    try:
        status, page, _ = ask(server, target)
    except OSError:  # the connection was closed without an answer
        status, page = 404, ""
    assert status == 404
    assert "code" not in page
    assert server.wait(0.05) is None

    ask(server, f"/callback?code=the-code&state={STATE}")
    assert server.wait(5) is not None


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_only_get_counts(server: Loopback, method: str) -> None:
    """The browser follows a redirect with nothing else."""
    assert ask(server, f"/callback?code=x&state={STATE}", method)[0] == 501
    assert server.wait(0.05) is None


def test_an_idle_connection_holds_nobody_up(server: Loopback) -> None:
    """Browsers open some in advance, and others send garbage."""
    port = urlsplit(server.uri).port or 0
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as garbage:
        garbage.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
        assert ask(server, f"/callback?code=x&state={STATE}")[0] == 200


def test_the_port_is_given_back() -> None:
    """And nobody listens on it any more."""
    before = threading.active_count()
    with Loopback("http://127.0.0.1:0/", Secret(STATE)) as server:
        port = urlsplit(server.uri).port or 0
        assert server.uri == f"http://127.0.0.1:{port}/"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    assert threading.active_count() <= before + 1


def test_a_taken_port_is_told() -> None:
    """Nobody else's port is shared: what listens there could get the code."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Loopback(f"http://localhost:{other.getsockname()[1]}/", Secret(STATE))


def test_nothing_is_written_about_requests(server: Loopback, capfd: pytest.CaptureFixture[str]) -> None:
    """The library's own log would show the code."""
    ask(server, f"/callback?code=x&state={STATE}")
    ask(server, "/callback?code=x&state=wrong")
    assert capfd.readouterr() == ("", "")
