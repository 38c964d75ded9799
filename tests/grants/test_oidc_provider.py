"""Client credentials at a certified OAuth 2.0 server that knows nothing of this program: oidc-provider."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from tests import parts
from tests.oracle import Oracle
from tests.program import MASK_COMMAND, Outcome, World, run_program

START = Path(__file__).parent.parent / "node" / "oidc_provider.mjs"


class Client(NamedTuple):
    """What the server knows of one client."""

    key: str
    secret: str
    method: str = "client_secret_basic"

    def metadata(self) -> dict[str, object]:
        """As RFC 7591 names it."""
        return {
            "client_id": self.key,
            "client_secret": self.secret,
            "token_endpoint_auth_method": self.method,
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "response_types": [],
            "scope": "repository repository:write account",
        }


PLAIN = Client("plain-key", "plain-secret-of-a-client")
SPECIAL = Client("a key+with %2F/&=", "a secret+with 100% of /&=:'\"~ in it")
POSTING = Client("posting-key", "posting secret+with %20/&= in it", "client_secret_post")
CLIENTS = (PLAIN, SPECIAL, POSTING)


@contextmanager
def running(*options: str, clients: Sequence[object] = (), discovery: str = "", behind: int = 0) -> Iterator[str]:
    """Start the server, yield its address, and end it.

    `clients` are the metadata of more clients; `behind` says by how many seconds its clock is.
    """
    node = parts.need("node")
    parts.need("oidc-provider")
    known = json.dumps([*(client.metadata() for client in CLIENTS), *clients])
    process = subprocess.Popen(
        [node, str(START), known, *options],
        env={**os.environ, "DISCOVERY": discovery, "BEHIND": str(behind)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The server on http, which loopback may."""
    with running() as address:
        yield address


def ask(world: World, address: str, client: Client, **more: str) -> Outcome:
    """Run on GitHub, and hold the token to the same rules as the sandbox's."""
    env = {"CONSUMER_KEY": client.key, "CONSUMER_SECRET": client.secret, "TOKEN_URL": f"{address}/token", **more}
    outcome = run_program(world, env={**world.github(), **env}, secrets=[client.secret])
    for token in tokens(outcome):
        lines = [line for line in outcome.out.splitlines() if not line.startswith(MASK_COMMAND)]
        Oracle([token]).check("the streams", "\n".join([*lines, outcome.err, outcome.files["runner/summary"]]))
        assert token in outcome.masks
    return outcome


def tokens(outcome: Outcome) -> Sequence[str]:
    """The token that was exported, if any."""
    found = re.findall(r"^access-token<<(\S+)\n(.*)\n\1\n", outcome.files.get("runner/output", ""))
    return [token for _, token in found]


@pytest.mark.parametrize("client", [PLAIN, SPECIAL], ids=["plain", "special"])
def test_basic_is_form_encoded_as_the_rfc_says(world: World, server: str, client: Client) -> None:
    """It decodes both, as RFC 6749 section 2.3.1 asks for."""
    outcome = ask(world, server, client, SCOPE="repository account")

    assert outcome.code == 0
    assert len(tokens(outcome)) == 1
    assert "scopes repository account, lifetime 3600 s" in outcome.out


def test_raw_basic_is_refused_where_it_differs(world: World, server: str) -> None:
    """The default is right for it, and forcing Bitbucket's form is not."""
    outcome = ask(world, server, SPECIAL, CLIENT_AUTH="basic-raw")

    assert outcome.code == 3
    assert "not properly encoded" in outcome.failure


def test_raw_basic_is_the_same_for_plain_letters(world: World, server: str) -> None:
    """Which is why nobody noticed for years."""
    assert ask(world, server, PLAIN, CLIENT_AUTH="basic-raw").code == 0


def test_the_body_carries_key_and_secret_too(world: World, server: str) -> None:
    """`client-auth: body`."""
    assert ask(world, server, POSTING, CLIENT_AUTH="body").code == 0


@pytest.mark.parametrize(
    ("client", "auth"),
    [
        (PLAIN._replace(secret="not-the-secret-of-a-client"), "basic"),
        (POSTING._replace(secret="not-the-secret-of-a-client"), "body"),
        (PLAIN._replace(key="nobody"), "basic"),
    ],
    ids=["wrong secret", "wrong secret in the body", "wrong key"],
)
def test_wrong_credentials_are_refused_once(world: World, server: str, client: Client, auth: str) -> None:
    """401 `invalid_client`: exit 3, and what to check."""
    outcome = ask(world, server, client, CLIENT_AUTH=auth)

    assert outcome.code == 3
    assert "refused (HTTP 401)" in outcome.failure
    assert "Copy key and secret anew" in outcome.failure
    assert "Attempt" not in outcome.out


def test_an_unknown_scope_is_dropped_in_silence(world: World, server: str) -> None:
    """So `required-scopes` is what finds it: exit 6, nothing exported."""
    assert "scopes repository, lifetime" in ask(world, server, PLAIN, SCOPE="repository nonsense").out

    outcome = ask(world, server, PLAIN, SCOPE="repository nonsense", REQUIRED_SCOPES="repository nonsense")
    assert outcome.code == 6
    assert "lacks the scopes nonsense; granted are repository" in outcome.failure


def test_no_scope_asked_for_is_none_granted(world: World, server: str) -> None:
    """The server says nothing of scopes then."""
    outcome = ask(world, server, PLAIN)

    assert outcome.code == 0
    assert "scopes not told" in outcome.out


def test_a_lifetime_is_what_it_says(world: World, server: str) -> None:
    """An hour is too short for `min-lifetime: 3601`."""
    assert ask(world, server, PLAIN, MIN_LIFETIME="3600").code == 0
    assert ask(world, server, PLAIN, MIN_LIFETIME="3601").code == 6


def test_another_path_is_no_token_endpoint(world: World, server: str) -> None:
    """Its page for people is no token, and its 404 no refusal."""
    outcome = ask(world, f"{server}/nowhere", PLAIN)

    assert outcome.code in (3, 5)
    assert tokens(outcome) == []


def test_it_works_over_tls_with_a_private_authority(world: World, tmp_path: Path) -> None:
    """`ca-file`; without it, exit 4."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    direct = {"HTTPS_PROXY": "", "https_proxy": ""}
    with running(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")) as address:
        assert address.startswith("https://")
        assert ask(world, address, SPECIAL, **direct).code == 4
        assert ask(world, address, SPECIAL, **direct, CA_FILE=str(tmp_path / "ca.pem")).code == 0
