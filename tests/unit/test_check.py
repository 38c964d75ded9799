"""The parts of a check: what is joined, what is cleaned, and that nothing waits beyond the deadline."""

import json
import ssl
import time
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.structures import CaseInsensitiveDict

from pipe import ci as systems
from pipe.errors import ExportError, InputError, UnreachableError
from pipe.http.client import Http
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from pipe.inputs.inputs import checked_inputs
from pipe.inputs.invocation import Arguments, Invocation
from pipe.inputs.values import Given
from pipe.redaction.log import DeferredLog, Log
from pipe.verbs import check
from pipe.verbs.check.headers import _MOST_TO_SIGN, _compared, _off, _signs
from pipe.verbs.check.network import rooted_context, tried
from pipe.verbs.check.report import Finding, Report, fine, joined, trouble
from pipe.verbs.check.state import CheckState, Recorded, Route

PRIVATE_KEY = (
    rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)
ERROR = UnreachableError("It is gone.", "It went.", "Look for it.")


def test_findings_of_several_servers_are_one() -> None:
    """The first trouble counts; facts are kept by server, and what is the same is said once."""
    fits = fine("a proxy", {"n": 1})
    assert joined([("a", fits), ("b", fits)]) == Finding(True, "a proxy.", facts={"a": {"n": 1}, "b": {"n": 1}})

    broken = joined([("a", fits), ("b", trouble(ERROR))])
    assert (broken.ok, broken.what, broken.error) == (False, "It is gone.", ERROR)
    assert broken.facts == {"a": {"n": 1}}

    warned = joined([("a", fits), ("b", fine("Warning", why="So.", now="Do."))])
    assert (warned.ok, warned.what, warned.why, warned.now) == (True, "a proxy; Warning.", "So.", "Do.")


def test_no_secret_is_in_a_report() -> None:
    """Whatever a step puts there, however deep, for people and for programs."""
    out = StringIO()
    log = Log(out, out)
    log.hide(["hunter2"])
    report = Report(log)
    facts = {"a hunter2": ["hunter2", {"deep": "x hunter2\n::error::", "n": 1, "none": None}]}
    report.add("dns", Finding(True, "hunter2", "why hunter2", "now hunter2", facts))
    text = report.as_json(systems.called("none")({}, log, Path("/")))

    assert "hunter2" not in out.getvalue() + text
    assert json.loads(text)["steps"][0]["facts"] == {
        "a ***": ["***", {"deep": "x ***\N{REPLACEMENT CHARACTER}: :error: :", "n": 1, "none": None}]
    }
    assert text.count("\n") == 1


def test_what_is_said_by_the_way_is_hidden_too() -> None:
    """The two logs hide the same; lines by the way show with `debug` only."""
    out = StringIO()
    log = Log(out, out)
    aside = DeferredLog(log)
    aside.hide(["hunter2"])
    aside.line("not shown")
    log.line("a hunter2")
    Log(out, out, debug=True).line("another log")
    aside.tell()
    aside.tell()
    log.debugging = True
    DeferredLog(log).line("shown hunter2")

    assert out.getvalue() == "a ***\nanother log\nnot shown\ndebug: shown ***\n"


def test_an_interrupt_brings_out_what_was_said_by_the_way() -> None:
    """It may be that a refresh token is lost."""
    out = StringIO()
    log = Log(out, out)
    invocation = Invocation({}, Path("/"), out, log, Deadline(10))
    state = CheckState(checked_inputs({}, ()), systems.called("none")({}, log, Path("/")), invocation)

    def examine(state: CheckState) -> Finding:
        state.context.say("It may be lost.")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check._examined(examine, state)
    assert out.getvalue() == "It may be lost.\n"


def test_nothing_waits_beyond_the_deadline() -> None:
    """A name server that hangs is left behind."""
    http = Http(Deadline(0.2), timeout=10, ca_file="", env={})
    start = time.monotonic()

    with pytest.raises(UnreachableError, match=r"within the deadline of 0\.2 s"):
        tried(http, Route("https://git.example.com", ""), lambda: time.sleep(5))
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    ("url", "proxy", "end", "first"),
    [
        ("https://git.example.com/x", "", ("git.example.com", 443), ("git.example.com", 443)),
        ("http://127.0.0.1/x", "", ("127.0.0.1", 80), ("127.0.0.1", 80)),
        ("https://[::1]:8443/x", "http://u:p@proxy:3128", ("::1", 8443), ("proxy", 3128)),
        ("https://git.example.com", "https://proxy", ("git.example.com", 443), ("proxy", 443)),
    ],
)
def test_what_is_connected_to(url: str, proxy: str, end: tuple[str, int], first: tuple[str, int]) -> None:
    """The proxy if there is one, with the usual port of its scheme."""
    server = Route(url, proxy)
    assert (server.end, server.first_end) == (end, first)


def test_a_scheme_may_be_written_in_any_case() -> None:
    """It is TLS all the same (RFC 3986 section 3.1)."""
    assert Route("HTTPS://bitbucket.org", "").is_secure
    assert Route("HTTPS://bitbucket.org", "").end == ("bitbucket.org", 443)
    assert not Route("HTTP://127.0.0.1", "").is_secure


def test_the_roots_are_those_of_a_run(tmp_path: Path) -> None:
    """A folder as well as a file, and verification is never off."""

    def context(ca_file: str) -> ssl.SSLContext:
        return rooted_context(Http(Deadline(1), timeout=1, ca_file=ca_file, env={}))

    assert context("").cert_store_stats()["x509_ca"] > 50
    empty = context(str(tmp_path))
    assert empty.cert_store_stats()["x509_ca"] == 0
    assert empty.check_hostname
    assert empty.verify_mode.name == "CERT_REQUIRED"


def test_what_nobody_can_read_is_a_failure() -> None:
    """Exit 7, but wrong inputs stay what they are."""
    closed = TextIOWrapper(BytesIO())
    closed.close()
    log = Log(StringIO(), StringIO())
    invocation = Invocation({}, Path("/"), closed, log, Deadline(10), arguments=Arguments((), {"json": ("true",)}))
    ci = systems.called("none")({}, log, Path("/"))

    with pytest.raises(ExportError, match="Standard output is closed"):
        check._print(Report(log), ci, invocation)
    check.wrong_inputs(InputError("Wrong.", "So.", "Do."), ci, invocation)


@pytest.mark.parametrize(
    ("sent", "received", "told", "off"),
    [
        (100.0, 100.1, 100, 0),
        (100.9, 101.0, 100, 0),
        (100.0, 109.0, 100, 0),  # It answered at once, and slowly.
        (100.0, 109.5, 109, 0),  # It took its time before it answered.
        (105.0, 105.1, 100, 5),  # From 5 s on, at any part of a second.
        (105.9, 106.0, 100, 5),
        (104.9, 105.0, 100, 4),
        (94.1, 95.9, 100, -5),
        (94.0, 94.9, 100, -6),
        (3700.5, 3700.6, 100, 3600),
    ],
)
def test_a_slow_answer_does_not_put_a_clock_out(sent: float, received: float, told: float, off: int) -> None:
    """The server may have told the time at any moment of the exchange."""
    assert _off(Recorded(sent, received, Response(200, CaseInsensitiveDict(), b"", "")), told) == off


@pytest.mark.parametrize("seconds", [-6, -5, -4, 0, 4, 5, 6])
def test_a_clock_is_warned_of_from_five_seconds_on_where_that_matters(seconds: int) -> None:
    """A clock that is right to the second is nothing to speak of."""
    assert _compared(seconds, "host", _MOST_TO_SIGN).what.startswith("Warning: ") is (abs(seconds) >= 5)
    assert not _compared(seconds, "host", 60).what.startswith("Warning: ")


@pytest.mark.parametrize(
    ("given", "signs"),
    [
        ({}, False),
        ({"private-key": PRIVATE_KEY}, False),  # INPUT_PRIVATE_KEY of a workflow that has a secret after all
        ({"private-key": PRIVATE_KEY, "client-auth": "private_key_jwt"}, True),
        ({"private-key": PRIVATE_KEY, "grant": "http_access_token"}, True),
        ({"password": "p", "grant": "http_access_token", "client-auth": "private_key_jwt"}, False),
    ],
)
def test_who_signs_is_known(given: dict[str, str], *, signs: bool) -> None:
    """A client by an assertion, and an application link by OAuth 1.0a."""
    assert _signs(checked_inputs({name: Given(text, "TEST") for name, text in given.items()}, ("auto",))) is signs
