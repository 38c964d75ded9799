"""RSA signatures (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2), made by the OpenSSL that Python itself uses for TLS.

Python offers no RSA. OpenSSL is loaded already, kept up by whoever keeps up the Python, and adds nothing to the image,
so its documented functions are called here (openssl.org: EVP_DigestSignInit, PEM_read_bio_PrivateKey). None of the
arithmetic is this program's own.
"""

import _ssl
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import c_char_p, c_int, c_size_t, c_void_p
from functools import cache
from types import SimpleNamespace
from typing import Any, Literal

from pipe.errors import InputError
from pipe.redaction.secret import Secret

Digest = Literal["sha1", "sha256"]

_RSA = 6
"""EVP_PKEY_RSA."""

# What each function returns and takes. Without this, ctypes cuts pointers down to 32 bits.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "BIO_new_mem_buf": (c_void_p, (c_char_p, c_int)),
    "BIO_free": (c_int, (c_void_p,)),
    "PEM_read_bio_PrivateKey": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "EVP_PKEY_get_base_id": (c_int, (c_void_p,)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_sha1": (c_void_p, ()),
    "EVP_sha256": (c_void_p, ()),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, c_void_p, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
}
# What OpenSSL 1.1 calls them.
_OLD_NAMES = {"EVP_PKEY_get_base_id": "EVP_PKEY_base_id"}
# Where it is: what Python's own module was linked with, else, for a Python that has it built in, the system's.
_LIBRARIES = (getattr(_ssl, "__file__", None), "libcrypto.so.3", "libcrypto.so.1.1")


def sign(private_key: Secret, data: bytes, digest: Digest) -> bytes:
    """Return the signature of `data`. `private_key` is PEM without a passphrase, PKCS#8 or PKCS#1.

    Raises `InputError`, which shows nothing of the key, if it is no such key of RSA.
    """
    openssl = _openssl()
    try:
        with _loaded(openssl, private_key) as key:
            return _signed(openssl, key, data, digest)
    finally:
        # Errors stay in a queue of the thread, and its next TLS connection could take them for its own.
        openssl.ERR_clear_error()


@contextmanager
def _loaded(openssl: SimpleNamespace, private_key: Secret) -> Iterator[int]:
    pem = private_key.reveal().encode("utf-8", "surrogateescape")
    memory = openssl.BIO_new_mem_buf(pem, len(pem))
    try:
        # The last argument is the passphrase to try. Without one, OpenSSL would ask for it at the terminal.
        key = openssl.PEM_read_bio_PrivateKey(memory, None, None, b"")
    finally:
        openssl.BIO_free(memory)
    if not key:
        raise _unusable("cannot be read")
    try:
        if openssl.EVP_PKEY_get_base_id(key) != _RSA:
            raise _unusable("is not one of RSA")
        yield key
    finally:
        openssl.EVP_PKEY_free(key)


def _signed(openssl: SimpleNamespace, key: int, data: bytes, digest: Digest) -> bytes:
    algorithm = openssl.EVP_sha1() if digest == "sha1" else openssl.EVP_sha256()
    context = openssl.EVP_MD_CTX_new()
    size = c_size_t()
    try:
        if (
            openssl.EVP_DigestSignInit(context, None, algorithm, None, key) == 1
            and openssl.EVP_DigestSign(context, None, ctypes.byref(size), data, len(data)) == 1
        ):
            signature = ctypes.create_string_buffer(size.value)
            if openssl.EVP_DigestSign(context, signature, ctypes.byref(size), data, len(data)) == 1:
                return signature.raw[: size.value]
    finally:
        openssl.EVP_MD_CTX_free(context)
    raise InputError(
        f"This machine's OpenSSL does not sign with RSA and {digest.upper()}.",
        "A policy of the system forbids it, as Red Hat's does for SHA-1, or private-key is too short or damaged.",
        "Use the image instead, and a key of 2048 bits or more.",
    )


@cache
def _openssl() -> SimpleNamespace:
    for library in _LIBRARIES:
        with suppress(OSError, AttributeError):
            return _functions(ctypes.CDLL(library))
    raise InputError(
        "This Python has no OpenSSL that can sign.",
        "It was built with TLS of its own, closed to everything else.",
        "Use the image instead, or the Python of the operating system.",
    )


def _functions(library: ctypes.CDLL) -> SimpleNamespace:
    """The functions of `_SIGNATURES`; `AttributeError` if one is not there."""
    found = {}
    for name, (returns, takes) in _SIGNATURES.items():
        in_library = name if hasattr(library, name) else _OLD_NAMES.get(name, name)
        function = found[name] = getattr(library, in_library)
        function.restype, function.argtypes = returns, takes
    return SimpleNamespace(**found)


def _unusable(what: str) -> InputError:
    return InputError(
        f"private-key {what}.",
        "It is cut off or damaged, has a passphrase, or is of another kind, such as EC or Ed25519.",
        "Give the whole PEM file of an RSA key without a passphrase: openssl genrsa 2048",
    )
