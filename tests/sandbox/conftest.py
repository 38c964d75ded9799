"""A running stand-in, and the two clients that people use with Bitbucket."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def plain() -> Iterator[Sandbox]:
    """A stand-in without TLS: what is on the wire can be read."""
    with Sandbox(scheme="http") as running:
        yield running


class Client:
    """`requests`, led to the stand-in by the proxy and by nothing of this machine's own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": sandbox.proxy_url}
        self.session.verify = str(sandbox.ca_file)

    def token(self, auth: tuple[str, str] | None = None, **fields: str) -> requests.Response:
        """Ask the token endpoint, with the default consumer and grant unless told otherwise."""
        consumer = self.sandbox.consumer
        return self.session.post(
            "https://bitbucket.org/site/oauth2/access_token",
            auth=auth or (consumer.key, consumer.secret),
            data={"grant_type": "client_credentials", **fields},
            allow_redirects=False,
            timeout=5,
        )

    def api(self, path: str, *scopes: str, method: str = "GET", json: object = None) -> requests.Response:
        """Ask the REST API with a new token that has `scopes`, or the consumer's."""
        token = self.sandbox.mint_token(*scopes)
        return self.session.request(
            method,
            f"https://api.bitbucket.org/2.0/{path}",
            headers={"Authorization": f"Bearer {token.value}"},
            json=json,
            timeout=5,
        )


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    found = Client(sandbox)
    with found.session:
        yield found


def run(*command: str | Path, environment: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that sees `environment`, PATH and nothing else."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
