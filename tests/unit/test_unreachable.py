"""Why a server could not be reached, in words that help."""

import errno
import socket
import ssl
from http.client import BadStatusLine, HTTPException, LineTooLong, RemoteDisconnected

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pipe.errors import UnreachableError
from pipe.http.unreachable import out_of_time, unreachable

PROXY = "http://user:hunter2@proxy.example:3128"


def because(
    *causes: BaseException, kind: type[requests.RequestException] = requests.ConnectionError
) -> requests.RequestException:
    """Return an exception of the network library, with what it was made from nested as the library does it."""
    error = kind("outermost")
    current: BaseException = error
    for cause in causes:
        current.__cause__ = cause
        current = cause
    return error


def explained(error: requests.RequestException, proxy: str = "") -> UnreachableError:
    failure = unreachable(error, host="bitbucket.org", proxy=proxy, timeout=10)
    assert isinstance(failure, UnreachableError)
    assert "hunter2" not in failure.what + failure.why + failure.now
    assert failure.why
    assert failure.now
    return failure


def certificate_error(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_message = message
    return error


def tls_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "tls")
    error.reason = reason  # type: ignore[assignment]
    return error


CASES: dict[str, tuple[requests.RequestException, bool, str, str]] = {
    "name": (because(OSError(), socket.gaierror(-2, "x")), True, "bitbucket.org could not be resolved", "DNS"),
    "refused": (because(OSError(errno.ECONNREFUSED, "x")), True, "refused the connection", "token-url"),
    "no route": (because(OSError(errno.ENETUNREACH, "x")), True, "no route", "HTTPS_PROXY"),
    "host down": (because(OSError(errno.EHOSTUNREACH, "x")), True, "no route", "HTTPS_PROXY"),
    "timeout": (because(kind=requests.ConnectTimeout), True, "within 10 s", "timeout"),
    "read timeout": (because(kind=requests.ReadTimeout), True, "within 10 s", "timeout"),
    "nested timeout": (because(TimeoutError()), True, "within 10 s", "timeout"),
    "reset": (because(ConnectionResetError(errno.ECONNRESET, "x")), True, "broke off", "Run the step again"),
    "cut": (because(kind=requests.exceptions.ChunkedEncodingError), True, "broke off", "Run the step again"),
    "unknown": (because(ValueError()), True, "broke off", "Run the step again"),
    "authority": (because(certificate_error("self-signed certificate")), False, "not trusted", "ca-file"),
    "other name": (because(certificate_error("Hostname mismatch, x")), False, "not trusted", "very name"),
    "other address": (because(certificate_error("x is not valid for 'y'")), False, "not trusted", "very name"),
    "expired": (because(certificate_error("certificate has expired")), False, "not trusted", "clock"),
    "too early": (because(certificate_error("certificate is not yet valid")), False, "not trusted", "clock"),
    "TLS cut": (because(tls_error("UNEXPECTED_EOF_WHILE_READING")), True, "broke off the TLS", "Run the step again"),
    "TLS unknown": (because(tls_error(None)), True, "broke off the TLS", "Run the step again"),
    "old TLS": (because(tls_error("TLSV1_ALERT_PROTOCOL_VERSION")), False, "alert protocol version", "TLS 1.2"),
    "no TLS": (because(tls_error("WRONG_VERSION_NUMBER")), False, "wrong version number", "port"),
}


@pytest.mark.parametrize(("error", "again", "what", "now"), CASES.values(), ids=CASES)
def test_each_cause_has_its_own_words(error: requests.RequestException, again: bool, what: str, now: str) -> None:
    """And another try is made only where it could help: a certificate does not change."""
    failure = explained(error)

    assert what in failure.what
    assert now in failure.now
    assert failure.again is again


PROXY_CASES: dict[str, tuple[requests.RequestException, bool, str, str]] = {
    "407": (
        because(
            OSError("Tunnel connection failed: 407 Proxy Authentication Required"), kind=requests.exceptions.ProxyError
        ),
        False,
        "wants a user name and a password",
        "USER:PASSWORD",
    ),
    "403": (
        because(OSError("Tunnel connection failed: 403 Forbidden"), kind=requests.exceptions.ProxyError),
        False,
        "does not let this runner connect to bitbucket.org",
        "NO_PROXY",
    ),
    "down": (
        because(OSError(errno.ECONNREFUSED, "x"), kind=requests.exceptions.ProxyError),
        True,
        "could not be reached",
        "localhost is the container itself",
    ),
    "overloaded": (
        because(OSError("Tunnel connection failed: 503 Service Unavailable"), kind=requests.exceptions.ProxyError),
        True,
        "could not connect to bitbucket.org (503)",
        "base-url",
    ),
    "name": (
        because(socket.gaierror(-2, "x"), kind=requests.exceptions.ProxyError),
        True,
        "name of the proxy proxy.example:3128 could not be resolved",
        "HTTPS_PROXY",
    ),
    "name, found missing by itself": (
        because(socket.gaierror(-2, "x")),
        True,
        "name of the proxy proxy.example:3128 could not be resolved",
        "HTTPS_PROXY",
    ),
    "closed behind it": (
        because(RemoteDisconnected("x"), kind=requests.exceptions.ProxyError),
        True,
        "through the proxy proxy.example:3128 broke off",
        "Run the step again",
    ),
    "reset behind it": (
        because(ConnectionResetError(errno.ECONNRESET, "x"), kind=requests.exceptions.ProxyError),
        True,
        "through the proxy proxy.example:3128 broke off",
        "Run the step again",
    ),
    "TLS": (
        because(certificate_error("self-signed certificate"), kind=requests.exceptions.ProxyError),
        False,
        "certificate of the proxy",
        "ca-file",
    ),
    "address": (because(kind=requests.exceptions.InvalidProxyURL), False, "not one that can be used", "NO_PROXY"),
    "SOCKS": (because(kind=requests.exceptions.InvalidSchema), False, "not one that can be used", "NO_PROXY"),
}


@pytest.mark.parametrize(("error", "again", "what", "now"), PROXY_CASES.values(), ids=PROXY_CASES)
def test_a_proxys_trouble_is_told_as_such(error: requests.RequestException, again: bool, what: str, now: str) -> None:
    """With the proxy's host, and without its password."""
    failure = explained(error, PROXY)

    assert what in failure.what
    assert now in failure.now
    assert failure.again is again
    assert "proxy" in failure.what


def test_a_circle_of_causes_ends() -> None:
    """Exceptions can be each other's context."""
    one, other = OSError("one"), OSError("other")
    one.__context__, other.__context__ = other, one

    assert "broke off" in explained(because(one)).what


@given(
    st.text(), st.sampled_from([requests.ConnectionError, requests.exceptions.ProxyError, requests.exceptions.SSLError])
)
def test_the_librarys_own_text_is_never_repeated(text: str, kind: type[requests.RequestException]) -> None:
    """It can hold a URL with a password."""
    failure = unreachable(kind(f"hunter2 {text}", OSError(f"hunter2 {text}")), host="h", proxy=PROXY, timeout=1)

    assert "hunter2" not in failure.what + failure.why + failure.now


def test_what_the_program_itself_ends() -> None:
    """A deadline that has passed leaves no time for another try."""
    assert not out_of_time("bitbucket.org", 120).again
    assert "deadline of 120 s" in out_of_time("bitbucket.org", 120).what


@pytest.mark.parametrize(
    "cause", [BadStatusLine("garbage"), HTTPException("got more than 100 headers"), LineTooLong("header line")]
)
def test_what_is_no_http_is_an_answer_and_no_silence(cause: Exception) -> None:
    """Exit 5: somebody answered there. A connection that was closed without a word is still exit 4."""
    error = requests.ConnectionError(cause)
    assert unreachable(error, host="bitbucket.org", proxy="", timeout=10).exit_code == 5

    closed = requests.ConnectionError(RemoteDisconnected("Remote end closed connection without response"))
    assert unreachable(closed, host="bitbucket.org", proxy="", timeout=10).exit_code == 4
