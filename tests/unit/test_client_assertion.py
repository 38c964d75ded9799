"""The signed JWT by which a client authenticates, taken apart without the program's own code."""

import json
import time
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from pipe.errors import InputError
from pipe.oauth.client_assertion import BACKDATED, LIFETIME, client_assertion
from pipe.redaction.secret import Secret

AUDIENCE = "https://id.example.com/token"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Secret:
    kind, way = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return Secret(key.private_bytes(kind, way, serialization.NoEncryption()).decode())


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def decoded(part: str) -> bytes:
    assert "=" not in part
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def taken_apart(assertion: Secret) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = assertion.reveal().split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


def test_the_signature_is_that_of_the_key(key: rsa.RSAPrivateKey) -> None:
    """RS256 (RFC 7518 section 3.3), over header and claims as they are sent; another library verifies it."""
    signed, _, signature = client_assertion("client", pem(key), "", AUDIENCE).reveal().rpartition(".")

    key.public_key().verify(decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_claims_are_those_of_rfc_7523(key: rsa.RSAPrivateKey) -> None:
    """Section 3: who says it of whom, to which endpoint, and for how long."""
    before = int(time.time())
    header, claims = taken_apart(client_assertion("a client/ü", pem(key), "", AUDIENCE))

    assert header == {"alg": "RS256", "typ": "JWT"}
    assert set(claims) == {"iss", "sub", "aud", "jti", "iat", "exp"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("a client/ü", "a client/ü", AUDIENCE)
    assert before <= claims["iat"] + BACKDATED <= time.time()
    assert before <= claims["exp"] - LIFETIME <= time.time()


def test_the_claims_bear_a_clock_that_is_wrong(key: rsa.RSAPrivateKey) -> None:
    """Ahead by seconds where a server allows nothing; and within the 60 s and 5 minutes that others allow at most."""
    now = int(time.time())
    _, claims = taken_apart(client_assertion("client", pem(key), "", AUDIENCE))

    assert claims["iat"] <= now - 5
    assert now - claims["iat"] <= 45
    assert claims["exp"] <= now + 302
    assert "nbf" not in claims


def test_the_key_is_named_if_the_server_wants_that(key: rsa.RSAPrivateKey) -> None:
    """`kid` (RFC 7515 section 4.1.4)."""
    assert taken_apart(client_assertion("client", pem(key), "2026-11", AUDIENCE))[0]["kid"] == "2026-11"


def test_no_two_assertions_are_the_same(key: rsa.RSAPrivateKey) -> None:
    """A server may refuse a `jti` that it has seen."""
    seen = {taken_apart(client_assertion("client", pem(key), "", AUDIENCE))[1]["jti"] for _ in range(20)}

    assert len(seen) == 20
    assert all(len(decoded(jti)) >= 16 for jti in seen)


def test_it_shows_itself_as_little_as_a_secret(key: rsa.RSAPrivateKey) -> None:
    """Whoever reads it is the client for some minutes."""
    assert f"{client_assertion('client', pem(key), '', AUDIENCE)!r}" == "***"


def test_a_key_of_another_kind_is_a_wrong_input() -> None:
    """RS256 takes RSA."""
    with pytest.raises(InputError, match="private-key is not one of RSA"):
        client_assertion("client", pem(ec.generate_private_key(ec.SECP256R1())), "", AUDIENCE)
