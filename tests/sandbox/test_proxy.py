"""The proxy leads to the stand-in and to nothing else, and the certificates are what they are said to be."""

import ssl
import sys
import warnings
from pathlib import Path
from typing import get_args

import pytest
import requests

from sandbox import Sandbox
from sandbox.certificates import Certificate
from tests import parts
from tests.sandbox.conftest import Client, run


def test_curl_gets_a_token_at_the_real_address(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the sandbox's environment, and nothing else, bitbucket.org is the stand-in."""
    curl, consumer = parts.need("curl"), sandbox.consumer

    done = run(
        curl,
        *("-sS", "-u", f"{consumer.key}:{consumer.secret}", "-d", "grant_type=client_credentials"),
        "https://bitbucket.org/site/oauth2/access_token",
        environment=sandbox.environment(),
        cwd=tmp_path,
    )

    assert done.returncode == 0
    assert sandbox.tokens[0].value in done.stdout
    assert [request.host for request in sandbox.requests] == ["bitbucket.org"]


def test_a_large_body_is_sent_after_100_continue(sandbox: Sandbox, tmp_path: Path) -> None:
    """It comes in chunks, and is read whole."""
    (tmp_path / "body").write_bytes(b"x" * 2_000_000)

    done = run(
        parts.need("curl"),
        *("-sS", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@body"),
        *("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"),
        "https://bitbucket.org/anything",
        environment=sandbox.environment(),
        cwd=tmp_path,
    )

    assert [done.stdout, len(sandbox.requests[0].body)] == ["404", 2_000_000]


@pytest.mark.parametrize("host", ["example.com", "bitbucket.org:22", "api.bitbucket.org.example.com", "127.0.0.1:1"])
def test_every_other_address_is_refused(sandbox: Sandbox, client: Client, host: str) -> None:
    """Not even another port of Bitbucket's can be reached."""
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        client.session.get(f"https://{host}/", timeout=5)

    assert sandbox.requests == []
    assert [connect.status for connect in sandbox.proxy.connects] == [403]


def test_the_own_address_goes_through_the_proxy_too(client: Client) -> None:
    """A program under the sandbox's environment can use `sandbox.url` as well."""
    assert client.session.get(client.sandbox.url, timeout=5).status_code == 404


def test_plain_requests_through_the_proxy_are_refused(client: Client) -> None:
    """It tunnels, and does nothing else."""
    client.session.proxies = {"http": client.sandbox.proxy_url}

    assert client.session.get("http://bitbucket.org/", timeout=5).status_code == 403


def test_the_proxy_can_ask_for_a_password() -> None:
    """Without it, 407."""
    with Sandbox(proxy_credentials=("user", "p")) as sandbox:
        client = Client(sandbox)
        assert client.token().status_code == 200

        client.session.proxies = {"https": sandbox.proxy_url.replace("user:p@", "")}
        client.session.close()
        with pytest.raises(requests.exceptions.ProxyError, match="407"):
            client.token()


def test_the_proxy_can_refuse_everything(client: Client) -> None:
    """Even Bitbucket."""
    client.sandbox.proxy.refuse_all = True

    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        client.token()


@pytest.mark.parametrize("certificate", get_args(Certificate))
def test_a_certificate_is_right_or_wrong_as_told(certificate: Certificate) -> None:
    """Only the trusted one is taken."""
    words = {
        "untrusted": "unable to get local issuer certificate|self.signed",
        "wrong-host": "Hostname mismatch|doesn't match",
        "expired": "certificate has expired",
        "careless": "Missing Authority Key Identifier",
    }
    with Sandbox(certificate=certificate) as sandbox:
        # What is careless about its authority matters to Python 3.13 and newer alone.
        if certificate in ("trusted", "ends-soon") or (certificate == "careless" and sys.version_info < (3, 13)):
            assert Client(sandbox).token().status_code == 200
            return
        with pytest.raises(requests.exceptions.SSLError, match=words[certificate]):
            Client(sandbox).token()


def test_tls_can_be_too_old() -> None:
    """A client of today refuses TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        version = ssl.TLSVersion.TLSv1_1
    with Sandbox(newest_tls=version) as sandbox, pytest.raises(requests.exceptions.SSLError):
        Client(sandbox).token()


def test_plain_http_is_there_for_tests() -> None:
    """At its own address, without proxy or certificate."""
    with Sandbox(scheme="http") as sandbox:
        answer = requests.post(sandbox.token_url, data={}, timeout=5)

    assert sandbox.url.startswith("http://127.0.0.1:")
    assert answer.status_code == 400
