"""Private keys as inputs: what is taken for one, what becomes of it, and that no message shows any of it."""

from base64 import b64encode, encodebytes

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pipe.ci.github import compatible_mask_commands
from pipe.errors import InputError
from pipe.inputs.inputs import parse_private_key
from pipe.inputs.values import Given
from pipe.oauth.rsa_signature import sign
from pipe.redaction.secret import Secret, forms
from tests.oracle import Oracle

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
OPEN = NoEncryption()
LOCKED = BestAvailableEncryption(b"passphrase")


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    lock: KeySerializationEncryption = OPEN,
) -> str:
    return key.private_bytes(Encoding.PEM, form, lock).decode()


def parsed(text: str) -> Secret:
    return parse_private_key("private-key", Given(text, "THE_SOURCE"))


PKCS8 = pem(RSA)

GIVEN = {
    "as it is": PKCS8,
    "without its last line end": PKCS8.rstrip("\n"),
    "with line ends of Windows": PKCS8.replace("\n", "\r\n"),
    "with spaces for line ends": PKCS8.replace("\n", " "),
    "with backslashes for line ends": PKCS8.replace("\n", "\\n"),
    "with backslashes for line ends of Windows": PKCS8.replace("\n", "\\r\\n"),
    "with white space around it": f"\n  {PKCS8}\n\n",
    "on one line": "".join(PKCS8.splitlines()),
    "after Bag Attributes": f"Bag Attributes\n    friendlyName: pipeline\nKey Attributes: <No Attributes>\n{PKCS8}",
    "after Bag Attributes on one line": f"Bag Attributes     friendlyName: pipeline {PKCS8}".replace("\n", " "),
    "before a certificate": f"{PKCS8}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "after a byte order mark": f"\ufeff{PKCS8}",
    "in base64": b64encode(PKCS8.encode()).decode(),
    "in base64 of 76 columns": encodebytes(PKCS8.encode()).decode(),
    "in base64 with spaces for line ends": encodebytes(PKCS8.encode()).decode().replace("\n", " "),
    "in base64 with line ends of Windows": b64encode(PKCS8.replace("\n", "\r\n").encode()).decode(),
    "in base64 of what was written on one line": b64encode(PKCS8.replace("\n", "\\n").encode()).decode(),
    "without armour": "\n".join(PKCS8.splitlines()[1:-1]),
    "without armour on one line": "".join(PKCS8.splitlines()[1:-1]),
    "without armour with backslashes for line ends": "\\n".join(PKCS8.splitlines()[1:-1]),
}


@pytest.mark.parametrize("text", GIVEN.values(), ids=GIVEN)
def test_line_ends_are_put_right(text: str) -> None:
    """Whatever a store of secrets makes of them, the key comes out as OpenSSL wrote it."""
    assert parsed(text) == Secret(PKCS8)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_both_forms_of_an_rsa_key_are_taken(form: PrivateFormat) -> None:
    """PKCS#8, as `openssl genrsa` writes it since version 3, and PKCS#1, as it did before; also without armour."""
    text = pem(RSA, form)

    assert parsed(text) == Secret(text)
    assert parsed(b64encode(text.encode()).decode()) == Secret(text)
    assert parsed("".join(text.splitlines()[1:-1])) == Secret(text)


@pytest.mark.parametrize("bits", [1024, 3072])
def test_the_armour_is_found_for_each_size(bits: int) -> None:
    """What OpenSSL makes of it signs."""
    key = rsa.generate_private_key(65537, bits)
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        text = pem(key, form)
        assert sign(parsed("".join(text.splitlines()[1:-1])), b"data", "sha256")


def test_no_key_is_no_key() -> None:
    """Empty means not given."""
    assert not parsed("")


PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

REFUSED = {
    "locked": (pem(RSA, lock=LOCKED), "has a passphrase"),
    "locked, PKCS#1": (pem(RSA, PrivateFormat.TraditionalOpenSSL, LOCKED), "has a passphrase"),
    "of OpenSSH": (pem(RSA, PrivateFormat.OpenSSH), "(OPENSSH PRIVATE KEY)"),
    "EC": (pem(EC, PrivateFormat.TraditionalOpenSSL), "(EC PRIVATE KEY)"),
    "the public key": (PUBLIC, "holds no private key"),
    "cut off": (PKCS8[: len(PKCS8) // 2], "holds no private key"),
    "of two halves that do not belong together": (PKCS8.replace("END ", "END RSA "), "holds no private key"),
    "cut off, without armour": ("".join(PKCS8.splitlines()[3:-1]), "holds no private key"),
    "EC, in base64": (
        b64encode(pem(EC, PrivateFormat.TraditionalOpenSSL).encode()).decode(),
        "(EC PRIVATE KEY)",
    ),
    "locked, in base64": (b64encode(pem(RSA, lock=LOCKED).encode()).decode(), "has a passphrase"),
    "locked, without armour": ("".join(pem(RSA, lock=LOCKED).splitlines()[1:-1]), "holds no private key"),
    "the public key, without armour": ("".join(PUBLIC.splitlines()[1:-1]), "holds no private key"),
    "base64 of base64": (b64encode(b64encode(PKCS8.encode())).decode(), "holds no private key"),
    "with an odd letter": (PKCS8[:100] + "ü" + PKCS8[101:], "holds no private key"),
    "empty": ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "holds no private key"),
    "another kind": (PKCS8.replace("PRIVATE KEY", "SECRET PRIVATE KEY"), "holds no private key"),
    "a path": ("/run/secrets/key.pem", "holds no private key"),
}


@pytest.mark.parametrize(("text", "what"), REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_without_a_word_of_it(text: str, what: str) -> None:
    """The error says which input, from where, and what is wrong with it."""
    with pytest.raises(InputError) as caught:
        parsed(text)
    error = caught.value

    assert error.exit_code == 2
    assert error.what.startswith("private-key (from THE_SOURCE) ")
    assert what in error.what
    oracle = Oracle([PKCS8, text])
    oracle.check("the error", "\n".join((error.what, error.why, error.now)))


def test_each_line_of_a_key_is_masked() -> None:
    """A log shows a file line by line; the armour stays, for it tells nothing."""
    found = forms(parsed(PKCS8))

    body = PKCS8.splitlines()[1:-1]
    assert {line for line in body if len(line) >= 12} <= set(found)
    assert not any(form.startswith("-----") and "\n" not in form and len(form) < 100 for form in found)


def test_a_mask_of_several_lines_shows_none_of_them() -> None:
    """Gitea's runner takes a command up to the end of the line; the rest of a text would stand in the log."""
    for form in forms(parsed(PKCS8)):
        for command in compatible_mask_commands(form):
            assert command.startswith("::add-mask::")
            assert "\n" not in command
