"""Why a server could not be reached, told from the network library's exceptions and never from their texts' secrets."""

import errno
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import requests

from pipe.errors import AnswerError, UnreachableError
from pipe.http.proxies import has_raw_at, host_and_port, unusable
from pipe.http.trust import NAME_IT


def out_of_time(host: str, seconds: float) -> UnreachableError:
    """The deadline passed while `host` was being asked."""
    return UnreachableError(
        f"{host} gave no whole answer within the deadline of {seconds:g} s.",
        "The server, a proxy or the name server is silent or very slow.",
        "Run the step again; if that does not help, check the network of this runner, or raise deadline.",
    )


def unreachable(
    error: requests.RequestException | ValueError, *, host: str, proxy: str, timeout: float, trust: str = NAME_IT
) -> UnreachableError | AnswerError:
    """Turn what the network library raised into one clear failure.

    `host` is the server, `proxy` the proxy's URL or empty, `timeout` the seconds that were waited, `trust` the advice
    for an authority that is not known. What arrived and is no HTTP is an `AnswerError`; what did not arrive, or not
    whole, an `UnreachableError`.
    """
    causes = list(causes_of(error))
    if any(map(_is_malformed, causes)):
        return AnswerError(
            f"{host} answered in a way that is not HTTP.",
            "The port belongs to another service, or a proxy or firewall spoilt the answer.",
            "Check the port in base-url or token-url, and proxies in between.",
            again=True,
        )
    # Behind a proxy, its name is the only one that is looked up here. urllib3 blames the proxy as well for what breaks
    # off after the proxy has connected.
    nameless = bool(proxy) and any(isinstance(cause, socket.gaierror) for cause in causes)
    broken = any(isinstance(cause, RemoteDisconnected | ConnectionResetError) for cause in causes)
    blamed = any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes)
    if nameless or (blamed and not broken):
        trouble = _proxy_trouble(causes, host, host_and_port(proxy), trust)
        encode = " An @ in its password has to be percent-encoded: %40." if has_raw_at(proxy) else ""
        return trouble.because(trouble.why, trouble.now + encode)
    # The server's own address was checked with the inputs, so what cannot be taken apart is the proxy's.
    if isinstance(error, ValueError) and proxy:
        return unusable("HTTPS_PROXY or HTTP_PROXY")
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _tls_trouble(cause, host, trust)
    through = f" through the proxy {host_and_port(proxy)}" if proxy else ""
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return UnreachableError(
                f"The name {host} could not be resolved.",
                "The runner has no network or no working name server, or the name is misspelt.",
                "Check the runner's network and DNS; behind a proxy, set HTTPS_PROXY; check base-url or token-url.",
                again=True,
            )
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return UnreachableError(
            f"{host} did not answer within {timeout:g} s{through}.",
            "A firewall drops the connection, or the server is overloaded.",
            "Run the step again; check that this runner may reach the server, and raise timeout if it is slow.",
            again=True,
        )
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if errno.ECONNREFUSED in numbers:
        return UnreachableError(
            f"{host} refused the connection{through}.",
            "Nothing listens there: the server is down, or the port in the address is wrong.",
            "Check base-url or token-url, and whether the server runs.",
            again=True,
        )
    if numbers & {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return UnreachableError(
            f"There is no route to {host}.",
            "The runner or container has no network.",
            "Check the runner's network; behind a proxy, set HTTPS_PROXY.",
            again=True,
        )
    return UnreachableError(
        f"The connection to {host}{through} broke off before the whole answer had come.",
        "The server, a proxy or a firewall closed it.",
        "Run the step again; if it stays, look at the server's or proxy's own log.",
        again=True,
    )


def never_sent(error: BaseException) -> bool:
    """Whether `error`, a failure from here, means that there was no connection, so that the server did nothing."""
    # urllib3's name for every trouble on the way to a connection but a wait that was too long.
    return any(
        isinstance(cause, requests.ConnectTimeout | socket.gaierror) or type(cause).__name__ == "NewConnectionError"
        for cause in causes_of(error)
    )


def _proxy_trouble(causes: list[BaseException], host: str, proxy: str, trust: str) -> UnreachableError:
    texts = [str(argument) for cause in causes if isinstance(cause, OSError) for argument in cause.args]
    # RFC 9110 asks for 407; tinyproxy answers 401 to a wrong password.
    if wanted := next((code for code in ("407", "401") for text in texts if f"failed: {code}" in text), None):
        return UnreachableError(
            f"The proxy {proxy} wants a user name and a password ({wanted}).",
            "HTTPS_PROXY has no credentials, or wrong ones.",
            "Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT, percent-encoded, as a secret of the pipeline.",
        )
    if unable := next((code for code in ("502", "503", "504") for text in texts if f"failed: {code}" in text), None):
        return UnreachableError(
            f"The proxy {proxy} could not connect to {host} ({unable}).",
            "The proxy cannot resolve or reach that address, or is overloaded.",
            "Run the step again; check base-url or token-url, and the proxy's own network.",
            again=True,
        )
    if any("Tunnel connection failed" in text for text in texts):
        return UnreachableError(
            f"The proxy {proxy} does not let this runner connect to {host}.",
            "The proxy's rules do not allow that address.",
            "Ask for the address to be allowed, or list it in NO_PROXY if it can be reached directly.",
        )
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _tls_trouble(cause, f"the proxy {proxy}", trust)
        if isinstance(cause, socket.gaierror):
            return UnreachableError(
                f"The name of the proxy {proxy} could not be resolved.",
                "The name is misspelt, or one that this container's name server does not know.",
                "Correct or unset HTTPS_PROXY or HTTP_PROXY; check the runner's network and DNS.",
                again=True,
            )
    return UnreachableError(
        f"The proxy {proxy} could not be reached.",
        "HTTPS_PROXY or HTTP_PROXY names a proxy that is down, or that this container cannot see.",
        "Check the variable; in a container, localhost is the container itself.",
        again=True,
    )


def _tls_trouble(cause: ssl.SSLError, host: str, trust: str) -> UnreachableError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message
        if "not valid for" in reason or "mismatch" in reason.lower():
            why = "The certificate is for another name: the address is wrong, or something stands in between."
            now = "Check base-url or token-url; it must be the very name in the certificate."
        elif "expired" in reason or "not yet valid" in reason:
            why = "The certificate has expired, or the clock of this runner is wrong."
            now = "Renew the server's certificate, or set the runner's clock."
        else:
            why = "The server, or a proxy that reads TLS, uses a certificate of a private authority."
            now = f"{trust} Verification cannot be turned off."
        # OpenSSL's own words, from its table: nothing of the certificate is in them.
        what = f"The certificate of {host} is not trusted. OpenSSL says: {reason.rstrip('.')}."
        return UnreachableError(what, why, now)
    if cause.reason in ("UNEXPECTED_EOF_WHILE_READING", None):
        return UnreachableError(
            f"{host} broke off the TLS connection.",
            "The server or a firewall closed it.",
            "Run the step again; if it stays, check the address and port.",
            again=True,
        )
    return UnreachableError(
        f"No TLS connection to {host} could be agreed on ({(cause.reason or 'unknown').lower().replace('_', ' ')}).",
        "The server speaks no TLS 1.2 or newer, or no TLS at all on that port.",
        "Check the port in the address; have TLS 1.2 or newer turned on at the server.",
    )


def _is_malformed(cause: BaseException) -> bool:
    """Whether `cause` complains of what was read, and not of an end that came too early."""
    # urllib3's complaint of a chunk without a length, which calls itself an IncompleteRead.
    if isinstance(cause, requests.exceptions.ContentDecodingError) or type(cause).__name__ == "InvalidChunkLength":
        return True
    return isinstance(cause, HTTPException) and not isinstance(cause, RemoteDisconnected | IncompleteRead)


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and everything it was made from, outermost first."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        linked = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting.extend(item for item in linked if isinstance(item, BaseException))
