"""Servers and proxies that cannot be reached, or should not be: exit 4, in time, and nothing sent to a stranger."""

import socket
import ssl
import sys
from base64 import b64encode
from collections.abc import Iterator

import pytest

from sandbox import Fault
from sandbox.faults import ConnectKind
from tests.program import Outcome, World, run_program

DIRECT = {"HTTPS_PROXY": "", "https_proxy": ""}
QUICK = {"MAX_ATTEMPTS": "2", "DEADLINE": "10"}
PASSWORD = "pass/word@of:the#proxy"


def ask(world: World, url: str, **more: str) -> Outcome:
    """Ask `url` without a proxy, with short limits."""
    env = {**world.github(), **world.consumer, **DIRECT, **QUICK, "TOKEN_URL": url, **more}
    return run_program(world, env=env, secrets=[PASSWORD])


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("connect-close", "broke off"),
        ("connect-reset", "broke off"),
        ("connect-garbage", "No TLS connection to"),
        ("connect-silence", "did not answer within 0.5 s"),
    ],
)
@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_a_server_that_does_not_begin_to_speak_tls(world: World, kind: ConnectKind, said: str, way: str) -> None:
    """Exit 4, and no request was sent."""
    world.sandbox.faults.add(Fault(kind=kind, times=None))
    # Short for silence alone: on a busy machine, the others may take a while to do what they do.
    more = {"TIMEOUT": "0.5"} if kind == "connect-silence" else {}
    more |= world.sandbox.environment() if way == "proxy" else {}
    outcome = ask(world, world.sandbox.token_url, **more)

    assert outcome.code == 4
    assert said in outcome.failure
    assert outcome.requests == []


def test_silence_in_the_handshake_does_not_outlive_the_deadline(world: World, silent_port: int) -> None:
    """Whatever the timeout is."""
    outcome = ask(world, f"https://127.0.0.1:{silent_port}/", TIMEOUT="60", DEADLINE="1")

    assert outcome.code == 4
    assert "within the deadline of 1 s" in outcome.failure


@pytest.mark.parametrize(
    ("why", "certificate"),
    [
        pytest.param("expired", "expired", marks=pytest.mark.sandbox(certificate="expired")),
        pytest.param("for another name", "wrong-host", marks=pytest.mark.sandbox(certificate="wrong-host")),
        pytest.param("private authority", "untrusted", marks=pytest.mark.sandbox(certificate="untrusted")),
    ],
)
@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_a_certificate_that_is_wrong(world: World, why: str, certificate: str, way: str) -> None:
    """Exit 4 after one attempt, the reason said, and nothing sent."""
    more = world.sandbox.environment() if way == "proxy" else {}
    outcome = ask(world, world.sandbox.token_url, **more)

    assert outcome.code == 4, certificate
    assert "is not trusted" in outcome.failure
    assert why in outcome.failure
    assert outcome.requests == []
    assert world.sandbox.connections == 1


def test_without_the_private_authority_nothing_is_trusted(world: World) -> None:
    """The bundled roots do not know the sandbox's."""
    nothing = {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""}
    outcome = ask(world, world.sandbox.token_url, **nothing)

    assert outcome.code == 4
    assert "Put that authority's PEM file into ca-file" in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize("variable", ["INPUT_CA-FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_a_private_authority_can_be_named(world: World, variable: str) -> None:
    """In any of these ways."""
    nothing = {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""}
    outcome = ask(world, world.sandbox.token_url, **{**nothing, variable: str(world.sandbox.ca_file)})

    assert outcome.code == 0


NOTHING = {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""}
EXTRA = "NODE_EXTRA_CA_CERTS"


@pytest.mark.parametrize("arguments", [(), ("check",), ("api", "user")], ids=["run", "check", "api"])
def test_a_private_authority_can_be_added(world: World, arguments: tuple[str, ...]) -> None:
    """As GitHub Enterprise Server's runners have it: to the bundled roots, and for all that is asked."""
    token = {"BITBUCKET_ACCESS_TOKEN": world.sandbox.mint_token().value}
    env = {**world.consumer, **NOTHING, **token, EXTRA: str(world.sandbox.ca_file)}

    assert run_program(world, *arguments, env=env).code == 0
    assert ask(world, world.sandbox.token_url, **NOTHING, **{EXTRA: str(world.sandbox.ca_file)}).code == 0


def test_it_is_added_for_a_proxy_over_tls_as_well(world: World) -> None:
    """The stand-in's server is none, and says so over a connection that is trusted."""
    outcome = through(world, world.sandbox.url, **NOTHING, **{EXTRA: str(world.sandbox.ca_file)})

    assert outcome.code == 4
    assert {request.method for request in outcome.requests} == {"CONNECT"}


@pytest.mark.parametrize("variable", [EXTRA, "PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"])
def test_where_an_authority_may_be_found_is_told(world: World, variable: str) -> None:
    """By its name and not by what is in it; what cannot be read does not end a run that needs none."""
    outcome = ask(world, world.sandbox.token_url, **NOTHING, **{"GIT_SSL_CAINFO": "", variable: "/nowhere/company.pem"})

    assert outcome.code == 4
    assert "Put that authority's PEM file into ca-file" in outcome.failure
    assert f"may be the one that {variable} names" in outcome.failure
    assert "company.pem" not in outcome.failure
    assert "OpenSSL says: unable to get local issuer certificate." in outcome.failure


@pytest.mark.sandbox(certificate="untrusted")
def test_a_file_that_is_set_and_lacks_the_authority_is_told_so(world: World) -> None:
    """And not to set it, which has been done; it is stronger than what is added."""
    outcome = ask(world, world.sandbox.token_url, **{EXTRA: str(world.sandbox.ca_file)})

    assert outcome.code == 4
    assert (
        "Add that authority's PEM certificate to the file that ca-file, or else REQUESTS_CA_BUNDLE" in outcome.failure
    )


STRICT = sys.version_info >= (3, 13)


@pytest.mark.sandbox(certificate="careless")
@pytest.mark.parametrize("arguments", [(), ("check",), ("api", "user")], ids=["run", "check", "api"])
@pytest.mark.parametrize("variable", ["CA_FILE", EXTRA])
def test_a_careless_private_authority_is_good_enough(world: World, arguments: tuple[str, ...], variable: str) -> None:
    """Without an Authority Key Identifier, which Python asks for from 3.13 on; that is told once, not hidden."""
    token = world.sandbox.mint_token().value
    env = {**world.consumer, **NOTHING, variable: str(world.sandbox.ca_file), "BITBUCKET_ACCESS_TOKEN": token}
    outcome = run_program(world, *arguments, env=env)

    assert outcome.code == 0
    told = (outcome.shown + outcome.told).count("lack what RFC 5280 asks for (OpenSSL says: Missing Authority Key")
    assert told == int(STRICT)


@pytest.mark.sandbox(certificate="careless")
def test_nobody_else_is_careless(world: World) -> None:
    """What is not signed by an authority that was named stays refused, and is not asked twice."""
    outcome = ask(world, world.sandbox.token_url, **NOTHING)

    assert outcome.code == 4
    assert "is not trusted" in outcome.failure
    assert world.sandbox.connections == 1


def test_nothing_in_the_environment_turns_verification_off(world: World) -> None:
    """Neither the usual switches nor an empty bundle."""
    off = {
        "PYTHONHTTPSVERIFY": "0",
        "CURL_INSECURE": "1",
        "GIT_SSL_NO_VERIFY": "1",
        "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    }
    nothing = {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""}
    outcome = ask(world, world.sandbox.token_url, **off, **nothing)

    assert outcome.code == 4
    assert outcome.requests == []


@pytest.mark.sandbox(newest_tls=ssl.TLSVersion.TLSv1_1)
def test_a_server_of_tls_1_1_is_refused(world: World) -> None:
    """TLS 1.2 or newer; nothing is sent."""
    outcome = ask(world, world.sandbox.token_url)

    assert outcome.code == 4
    assert "TLS 1.2 or newer" in outcome.failure
    assert outcome.requests == []


@pytest.mark.sandbox(newest_tls=ssl.TLSVersion.TLSv1_2)
def test_a_server_of_tls_1_2_is_good_enough(world: World) -> None:
    """As many Data Centers are."""
    assert ask(world, world.sandbox.token_url).code == 0


def test_no_keys_are_logged_for_a_listener(world: World) -> None:
    """SSLKEYLOGFILE would let a reader of the network read the secret."""
    outcome = ask(world, world.sandbox.token_url, SSLKEYLOGFILE=str(world.runner / "keys"))

    assert outcome.code == 0
    assert not (world.runner / "keys").exists()


def test_a_name_that_does_not_resolve(world: World) -> None:
    """RFC 6761 keeps `.invalid` for that; tried again, for name servers fail at times."""
    outcome = ask(world, "https://bitbucket.invalid/token", DEADLINE="4")

    assert outcome.code == 4
    assert "bitbucket.invalid" in outcome.failure


def test_a_connection_that_is_refused(world: World, closed_port: int) -> None:
    """Tried again, then exit 4."""
    outcome = ask(world, f"https://127.0.0.1:{closed_port}/token")

    assert outcome.code == 4
    assert f"127.0.0.1:{closed_port} refused the connection" in outcome.failure
    assert outcome.shown.count("Attempt 1 of 2") == 1


def test_netrc_is_not_used(world: World) -> None:
    """Neither for the server nor for the proxy: requests alone would replace the Authorization header."""
    netrc = "machine 127.0.0.1 login evil password evil\ndefault login evil password evil\n"
    (world.home / ".netrc").write_text(netrc)
    (world.home / ".netrc").chmod(0o600)
    (world.home / "_netrc").write_text(netrc)
    key, secret = world.consumer.values()
    for client_auth in ("basic-raw", "body"):
        more = {"NETRC": str(world.home / ".netrc"), "CLIENT_AUTH": client_auth}
        outcome = ask(world, world.sandbox.token_url, **more)
        assert outcome.code == 0
        expected = b64encode(f"{key}:{secret}".encode()).decode() if client_auth == "basic-raw" else ""
        assert outcome.requests[0].authorization[1] == expected


# Proxies.


def through(world: World, proxy: str, **more: str) -> Outcome:
    """Ask Bitbucket through a proxy."""
    env = {**world.github(), **world.consumer, **QUICK, "HTTPS_PROXY": proxy, "https_proxy": "", **more}
    return run_program(world, env=env, secrets=[PASSWORD])


def test_a_proxy_that_refuses(world: World) -> None:
    """Exit 4 after one attempt, the proxy named."""
    world.sandbox.proxy.refuse_all = True
    outcome = through(world, world.sandbox.proxy_url)

    assert outcome.code == 4
    assert outcome.connects == ["bitbucket.org:443 403"]
    assert "The proxy 127.0.0.1:<proxy port> does not let this runner connect to bitbucket.org" in outcome.failure


@pytest.mark.parametrize("port", [40_700, 14_071, 4_070])
def test_a_number_in_an_address_is_no_status(world: World, port: int) -> None:
    """A refusal is none for want of a password because the port holds the digits 407."""
    world.sandbox.proxy.refuse_all = True  # One of them may be the stand-in's own port.
    outcome = through(world, world.sandbox.proxy_url, TOKEN_URL=f"https://127.0.0.1:{port}/token")

    assert outcome.code == 4
    assert "does not let this runner connect" in outcome.failure


@pytest.mark.sandbox(proxy_credentials=("user", PASSWORD))
@pytest.mark.parametrize("login", ["", "user:wrong-password-of-mine@", "user@"])
def test_a_proxy_that_wants_a_password(world: World, login: str) -> None:
    """407: exit 4 after one attempt, and how to give it."""
    proxy = f"http://{login}127.0.0.1:{world.sandbox.proxy.listener.port}"
    outcome = through(world, proxy)

    assert outcome.code == 4
    assert outcome.connects == ["bitbucket.org:443 407"]
    assert "wants a user name and a password (407)" in outcome.failure
    assert "wrong-password-of-mine" not in outcome.failure


@pytest.mark.sandbox(proxy_credentials=("user", PASSWORD))
@pytest.mark.parametrize("debug", ["false", "true"])
def test_a_proxys_password_is_sent_and_never_shown(world: World, debug: str) -> None:
    """It is a secret like any other, masked in all its forms; the server does not get it."""
    encoded = "pass%2Fword%40of%3Athe%23proxy"
    proxy = f"http://user:{encoded}@127.0.0.1:{world.sandbox.proxy.listener.port}"
    outcome = through(world, proxy, DEBUG=debug)

    assert outcome.code == 0
    assert {PASSWORD, encoded} <= set(outcome.masks)
    assert outcome.requests[0].header("Proxy-Authorization") is None


def test_a_proxy_that_is_down(world: World, closed_port: int) -> None:
    """Tried again, then exit 4; the password is not shown, nor is the user."""
    outcome = through(
        world, f"http://user:{PASSWORD.replace('/', '%2F').replace('#', '%23')}@127.0.0.1:{closed_port}", DEBUG="true"
    )

    assert outcome.code == 4
    assert f"The proxy 127.0.0.1:{closed_port} could not be reached" in outcome.failure


def test_a_proxy_that_is_silent(world: World, silent_port: int) -> None:
    """The deadline holds there too."""
    outcome = through(world, f"http://127.0.0.1:{silent_port}", DEADLINE="1.5", TIMEOUT="60")

    assert outcome.code == 4


def test_a_proxy_that_speaks_tls(world: World) -> None:
    """`https://` in HTTPS_PROXY: here it is no proxy at all, which is a clear failure."""
    outcome = through(world, world.sandbox.url)

    assert outcome.code == 4
    assert {request.method for request in outcome.requests} == {"CONNECT"}
    assert all(request.header("Authorization") is None for request in outcome.requests)


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.1:1",
        "ftp://127.0.0.1:1",
        "http://",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "://",
        "http:///path",
        f"http://user:{PASSWORD}@127.0.0.1:1",
        f"user:{PASSWORD}@127.0.0.1:1",
        "http://\u00e9\u202e:1",
        "http://a b:1",
        "http://proxy.invalid:3128",
        "http://" + "a" * 300 + ":1",
    ],
)
def test_a_proxy_that_makes_no_sense(world: World, proxy: str) -> None:
    """Exit 4, nothing sent past it, and not a defect."""
    outcome = through(world, proxy, DEADLINE="4")

    assert outcome.code == 4
    assert outcome.requests == []
    assert world.sandbox.connections == 0


@pytest.mark.parametrize("raw", "/?#\\")
@pytest.mark.parametrize("arguments", [(), ("check", "--json")], ids=["run", "check"])
def test_a_password_that_an_address_falls_apart_by_is_shown_in_no_part(
    world: World, raw: str, arguments: tuple[str, ...]
) -> None:
    """Not with debug either; each part is masked for whoever else would show it, and what to do is said."""
    parts = ("first-of-the-parts", "second-of-the-parts")
    proxy = f"http://user:{raw.join(parts)}@127.0.0.1:1"
    env = {**world.github(), **world.consumer, **QUICK, "HTTPS_PROXY": proxy, "https_proxy": "", "DEBUG": "true"}
    outcome = run_program(world, *arguments, env=env, secrets=parts)

    assert outcome.code == 4
    assert {*parts, raw.join(parts)} <= set(outcome.masks)
    assert "HTTPS_PROXY has a raw /, \\, ? or #" in outcome.failure
    assert "Percent-encode it" in outcome.failure
    assert world.sandbox.connections == 0
    assert "Next try" not in outcome.shown


def test_a_raw_at_is_told_where_a_proxy_fails(world: World, closed_port: int) -> None:
    """Most take it for a part of the password, and not all."""
    outcome = through(world, f"http://user:a-pass@word-of-mine@127.0.0.1:{closed_port}")

    assert f"The proxy 127.0.0.1:{closed_port} could not be reached" in outcome.failure
    assert "percent-encoded: %40" in outcome.failure


def test_a_short_password_of_a_proxy_does_not_star_the_log(world: World, closed_port: int) -> None:
    """Nor does that of a proxy through which nothing is asked: a mask counts for the whole job."""
    outcome = through(
        world,
        f"http://user:e@127.0.0.1:{closed_port}",
        HTTP_PROXY="http://user:password-of-another@127.0.0.1:1",
    )

    assert outcome.code == 4
    assert f"The proxy 127.0.0.1:{closed_port} could not be reached" in outcome.failure
    assert "***" not in outcome.failure
    assert "e" not in outcome.masks
    assert "password-of-another" not in outcome.masks


def test_a_password_that_cannot_be_sent_is_told_at_once(world: World) -> None:
    """Exit 2, and nothing sent."""
    outcome = through(world, f"http://user:%E2%82%AC-and-more@127.0.0.1:{world.sandbox.proxy.listener.port}")

    assert outcome.code == 2
    assert outcome.connects == []
    assert "HTTPS_PROXY has a character that cannot be sent" in outcome.failure


def test_no_proxy_leads_past_it(world: World, closed_port: int) -> None:
    """In both cases; the lower-case name wins."""
    more = {"TOKEN_URL": world.sandbox.token_url, "NO_PROXY": "", "no_proxy": "localhost,127.0.0.1"}
    outcome = through(world, f"http://127.0.0.1:{closed_port}", **more)

    assert outcome.code == 0


def test_an_http_proxy_is_for_http(world: World, closed_port: int) -> None:
    """HTTP_PROXY does not count for https."""
    more = {"HTTP_PROXY": f"http://127.0.0.1:{closed_port}", "TOKEN_URL": world.sandbox.token_url}
    outcome = through(world, "", **more)

    assert outcome.code == 0


def test_a_plain_address_is_refused_before_anything_is_sent(world: World) -> None:
    """Not even to a proxy, that could read the secret on its way."""
    for url in (
        "http://bitbucket.org/token",
        "http://192.0.2.1/token",
        "http://0.0.0.0/token",
        "http://2130706433/token",
    ):
        outcome = through(world, world.sandbox.proxy_url, HTTP_PROXY=world.sandbox.proxy_url, TOKEN_URL=url)
        assert outcome.code == 2
        assert outcome.connects == []
