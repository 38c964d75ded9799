"""The sandbox's own certificate authority, and certificates that are right or wrong on purpose."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import trustme

NAMES = (
    "bitbucket.org",
    "api.bitbucket.org",
    "localhost",
    "127.0.0.1",
    "::1",
    "host.docker.internal",
)

Certificate = Literal["trusted", "untrusted", "wrong-host", "expired", "ends-soon"]


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
        case "ends-soon":
            return _authority().issue_cert(*NAMES, not_after=datetime.now(UTC) + timedelta(days=5, hours=1))


@cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="Bitbucket stand-in")
