"""RSA signatures, verified by another implementation than the one that made them."""

import ctypes
from contextlib import suppress

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from pipe.errors import InputError
from pipe.oauth import rsa_signature
from pipe.oauth.rsa_signature import Digest, sign
from pipe.redaction.secret import Secret
from tests.oracle import Oracle

KEY = rsa.generate_private_key(65537, 2048)

DIGESTS: dict[Digest, HashAlgorithm] = {"sha1": SHA1(), "sha256": SHA256()}  # noqa: S303 - what OAuth 1.0a signs with


def pem(key: PrivateKeyTypes, form: PrivateFormat = PrivateFormat.PKCS8) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096])
def test_the_public_key_verifies_it(bits: int, form: PrivateFormat, digest: Digest) -> None:
    """Either digest, either form of the key, each usual size."""
    key = KEY if bits == 2048 else rsa.generate_private_key(65537, bits)

    signature = sign(pem(key, form), b"what is signed", digest)

    assert len(signature) == bits // 8
    key.public_key().verify(signature, b"what is signed", padding.PKCS1v15(), DIGESTS[digest])
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"what is not", padding.PKCS1v15(), DIGESTS[digest])


@settings(max_examples=40)
@given(st.binary(max_size=5000), st.sampled_from(sorted(DIGESTS)))
def test_any_bytes_can_be_signed(data: bytes, digest: Digest) -> None:
    """NUL bytes among them; and it is the very signature that the other implementation makes: there is only one."""
    assert sign(pem(KEY), data, digest) == KEY.sign(data, padding.PKCS1v15(), DIGESTS[digest])


LOCKED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")).decode()
WHOLE = pem(KEY).reveal()

UNUSABLE = {
    "EC": pem(ec.generate_private_key(ec.SECP256R1())).reveal(),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate()).reveal(),
    "DSA": pem(dsa.generate_private_key(2048)).reveal(),
    "locked": LOCKED,
    "damaged": WHOLE[:200] + ("A" if WHOLE[200] != "A" else "B") * 40 + WHOLE[240:],
    "cut off": WHOLE[: len(WHOLE) // 2],
    "base64 of something else": "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n",
    "not even ASCII": "-----BEGIN PRIVATE KEY-----\n\udcff\n-----END PRIVATE KEY-----\n",
    "with a NUL": "\0" + WHOLE,
    "empty": "",
}


@pytest.mark.parametrize("text", [text for name, text in UNUSABLE.items() if name not in ("damaged", "with a NUL")])
def test_a_key_that_is_none_of_rsa_is_refused_without_a_word_of_it(text: str) -> None:
    """And nobody is asked for a passphrase."""
    with pytest.raises(InputError) as caught:
        sign(Secret(text), b"", "sha256")

    error = caught.value
    assert error.what.startswith("private-key ")
    if len(text) > 100:
        Oracle([text]).check("the error", "\n".join((error.what, error.why, error.now)))


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
def test_no_key_brings_the_program_down(text: str) -> None:
    """OpenSSL gets bytes that nobody checked: it signs, or the error is one of this program's own."""
    with suppress(InputError):
        sign(Secret(text), b"data", "sha1")


def test_no_error_is_left_behind_for_the_next_connection() -> None:
    """OpenSSL keeps a queue of errors in each thread, and Python's TLS reads the same one."""
    with pytest.raises(InputError):
        sign(Secret("no key"), b"", "sha1")

    library = ctypes.CDLL(rsa_signature._LIBRARIES[0])
    assert library.ERR_peek_error() == 0


def test_a_python_without_openssl_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builds of Python have TLS built in where nothing else reaches it."""
    monkeypatch.setattr(rsa_signature, "_LIBRARIES", ("no-such-library.so", "libc.so.6"))
    rsa_signature._openssl.cache_clear()

    with pytest.raises(InputError, match="no OpenSSL that can sign"):
        sign(pem(KEY), b"", "sha1")
