"""An issuer that misleads, and inputs that do not fit: what a user is told, and that no secret was sent."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.program import Outcome, World, run_program


class Issuer(ThreadingHTTPServer):
    """Answers every GET alike, and refuses the first POSTs as a server in trouble does. Keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.metadata: dict[str, object] = {"issuer": self.issuer, "token_endpoint": f"{self.issuer}/token"}
        self.status = 200
        self.location = ""
        self.body = b""
        self.trouble = 0
        self.got: list[tuple[str, str, str]] = []

    @property
    def posts(self) -> list[str]:
        """The bodies that were posted."""
        return [body for method, _, body in self.got if method == "POST"]


class Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.got.append(("GET", self.path, str(self.headers)))
        self._answer(self.server.status, self.server.body or json.dumps(self.server.metadata).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append(("POST", self.path, body))
        self.server.trouble -= 1
        self._answer(503 if self.server.trouble >= 0 else 200, b'{"access_token": "token-of-another-server"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def server() -> Iterator[Issuer]:
    with Issuer() as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    kind, way = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(kind, way, serialization.NoEncryption()).decode()


RSA = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
EC = pem(ec.generate_private_key(ec.SECP256R1()))
SIGNING = {"CONSUMER_KEY": "signing-key", "PRIVATE_KEY": RSA, "CLIENT_AUTH": "private_key_jwt"}


def ask(world: World, server: Issuer, *arguments: str, **variables: str) -> Outcome:
    env = {**world.consumer, "ISSUER": server.issuer, "TOKEN_URL": "", "BASE_URL": "", **variables}
    return run_program(world, *arguments, env=env, secrets=[RSA, EC], tokens=["token-of-another-server"])


def test_nothing_secret_is_sent_before_the_server_is_known(world: World, server: Issuer) -> None:
    """The question where its endpoints are tells no key, no secret, and no cookie."""
    outcome = ask(world, server)

    assert outcome.code == 0
    (method, path, headers), *_ = server.got
    assert (method, path) == ("GET", "/.well-known/oauth-authorization-server")
    assert "Authorization" not in headers
    assert world.sandbox.consumer.key not in headers


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"issuer": "https://another.example"}, "describes another server"),
        ({"token_endpoint": "http://login.example.com/token"}, "token_endpoint (from the metadata of "),
        ({"token_endpoint": None}, "token_endpoint (from the metadata of "),
    ],
)
def test_metadata_that_misleads_is_exit_5(world: World, server: Issuer, metadata: dict[str, object], told: str) -> None:
    """No secret goes anywhere then."""
    server.metadata |= metadata
    outcome = ask(world, server)

    assert outcome.code == 5
    assert told in outcome.failure
    assert server.posts == []


def test_a_redirect_is_not_followed(world: World, server: Issuer) -> None:
    """Not even to itself, and not to the stand-in."""
    server.status, server.location = 302, world.sandbox.token_url
    outcome = ask(world, server)

    assert outcome.code == 5
    assert "redirects to " in outcome.failure
    assert [path for _, path, _ in server.got] == [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ]
    assert outcome.requests == []


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"[]", b"{" + b" " * 1_100_000 + b"}"])
def test_a_page_or_a_file_is_no_metadata(world: World, server: Issuer, body: bytes) -> None:
    """However large."""
    server.body = body
    outcome = ask(world, server)

    assert outcome.code == 5
    assert server.posts == []


def test_trouble_is_tried_again(world: World, server: Issuer) -> None:
    """As often as any request."""
    server.status = 503
    outcome = ask(world, server, MAX_ATTEMPTS="2")

    assert outcome.code == 5
    assert [path for _, path, _ in server.got] == ["/.well-known/oauth-authorization-server"] * 2


def test_each_try_signs_anew(world: World, server: Issuer) -> None:
    """A server may refuse an assertion that it has seen; each is masked before it is sent."""
    server.trouble = 1
    outcome = ask(world, server, **world.github(), **SIGNING, CONSUMER_SECRET="")

    assert outcome.code == 0
    assertions = [body.partition("client_assertion=")[2].partition("&")[0] for body in server.posts]
    assert len(set(assertions)) == 2
    assert set(assertions) <= set(outcome.masks)


def test_audience_and_resource_are_asked_for(world: World, server: Issuer) -> None:
    """Where they are given."""
    assert ask(world, server, AUDIENCE="an API", RESOURCE="https://api.example.com/").code == 0
    assert server.posts == ["grant_type=client_credentials&audience=an+API&resource=https%3A%2F%2Fapi.example.com%2F"]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ISSUER": "http://id.example.com"}, "issuer (from ISSUER) is not https"),
        ({"ISSUER": "https://id.example.com/?a=b"}, "issuer (from ISSUER) holds a query"),
        ({"TOKEN_URL": "https://id.example.com/token"}, "exclude each other"),
        ({"BASE_URL": "https://git.example.com"}, "exclude each other"),
        ({"RESOURCE": "no-uri"}, "resource (from RESOURCE) is no absolute URI"),
        ({"REVOCATION_URL": "http://id.example.com/"}, "revocation-url (from REVOCATION_URL) is not https"),
        ({"CLIENT_AUTH": "private_key_jwt"}, "private-key is missing"),
        ({**SIGNING, "PRIVATE_KEY": EC}, "private-key is not one of RSA"),
    ],
)
def test_wrong_inputs_send_nothing(world: World, server: Issuer, variables: dict[str, str], told: str) -> None:
    """Exit 2, and not even the issuer is asked."""
    outcome = ask(world, server, **variables)

    assert outcome.code == 2
    assert told in outcome.failure
    assert (server.got, outcome.requests, outcome.connects) == ([], [], [])


@pytest.mark.parametrize(
    ("status", "told"),
    [("503", "in trouble (HTTP 503)"), ("", "no revocation-url is known")],
)
def test_what_is_not_revoked_is_a_warning(world: World, server: Issuer, status: str, told: str) -> None:
    """After as many tries as any request gets; the step does not fail."""
    server.trouble = 2
    token = {"BITBUCKET_ACCESS_TOKEN": "token-of-another-server", "MAX_ATTEMPTS": "2"}
    named = {"REVOCATION_URL": f"{server.issuer}/revoke"} if status else {}
    outcome = ask(world, server, "revoke", **token, **named)

    assert outcome.code == 0
    assert "Warning: The token is not revoked, and works until its lifetime ends: " in outcome.out
    assert told in outcome.out
    assert len(server.posts) == (2 if status else 0)
