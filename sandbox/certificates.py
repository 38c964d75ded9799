"""The sandbox's own certificate authority, and certificates that are right or wrong on purpose."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, cast

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FILES = "bbuseruploads.s3.amazonaws.com"
"""Where Bitbucket keeps downloads."""

NAMES = (
    "bitbucket.org",
    "api.bitbucket.org",
    FILES,
    "localhost",
    "127.0.0.1",
    "::1",
    "host.docker.internal",
)

Certificate = Literal["trusted", "untrusted", "wrong-host", "expired", "ends-soon", "careless"]


def write_ca(path: Path) -> None:
    """Write the authority that clients are to trust, as PEM."""
    _authority().cert_pem.write_to_path(str(path))


@cache
def server_context(certificate: Certificate, newest_tls: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return the server's side of TLS with that certificate, and nothing newer than `newest_tls`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _issue(certificate).configure_cert(context)
    if newest_tls is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = newest_tls
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _issue(certificate: Certificate) -> trustme.LeafCert:
    match certificate:
        case "trusted":
            return _authority().issue_cert(*NAMES)
        case "untrusted":
            return trustme.CA(organization_name="Nobody's authority").issue_cert(*NAMES)
        case "wrong-host":
            return _authority().issue_cert("somewhere-else.example")
        case "expired":
            yesterday = datetime.now(UTC) - timedelta(days=1)
            return _authority().issue_cert(*NAMES, not_before=yesterday - timedelta(days=30), not_after=yesterday)
        case "careless":
            return _careless()
        case "ends-soon":
            return _authority().issue_cert(*NAMES, not_after=datetime.now(UTC) + timedelta(days=5, hours=1))


def _careless() -> trustme.LeafCert:
    """Without an Authority Key Identifier, as private authorities made them for years (RFC 5280 section 4.2.1.1)."""
    right = _authority().issue_cert(*NAMES)
    key = serialization.load_pem_private_key(_authority().private_key_pem.bytes(), None)
    good = x509.load_pem_x509_certificate(right.cert_chain_pems[0].bytes())
    builder = x509.CertificateBuilder(good.issuer, good.subject, good.public_key(), good.serial_number)
    builder = builder.not_valid_before(good.not_valid_before_utc).not_valid_after(good.not_valid_after_utc)
    for extension in good.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    leaf = builder.sign(cast("ec.EllipticCurvePrivateKey", key), hashes.SHA256())
    return trustme.LeafCert(right.private_key_pem.bytes(), leaf.public_bytes(serialization.Encoding.PEM), [])


@cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="Bitbucket stand-in")
