"""Which certificate authorities are trusted: the user's, the environment's, or the bundled ones, and how strictly."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from urllib3.util.ssl_ import create_urllib3_context

from pipe.errors import InputError

_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_EXTRA = "NODE_EXTRA_CA_CERTS"
NAME_IT = "Put that authority's PEM file into ca-file (or REQUESTS_CA_BUNDLE)."
"""What to do where an authority is not known and none was named."""

# Where other programs find certificates: whoever set one of these may have a private authority in mind.
_OF_OTHERS = (_EXTRA, "PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE")

# OpenSSL's verdicts that X509_V_FLAG_X509_STRICT alone brings, X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA to
# X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3 (openssl/x509_vfy.h, 3.0). Python sets the flag from 3.13 on.
_STRICT = range(80, 94)

_LARGEST_BUNDLE = 16 * 1024 * 1024


def roots(ca_file: str, env: Mapping[str, str], cwd: Path) -> str:
    """Return the path of the PEM bundle (or folder of certificates) to trust, empty for the bundled roots.

    A file that was named and is not there is an `InputError`: to trust other roots instead would be a loosening.
    """
    named = [("ca-file", ca_file), *((variable, env.get(variable, "")) for variable in _VARIABLES)]
    for source, text in named:
        if text:
            path = cwd / text
            _check(path, source)
            return str(path)
    return ""


def extra_roots(env: Mapping[str, str], cwd: Path) -> str:
    """Return the path of a PEM file to trust beside the bundled roots, empty if there is none.

    `NODE_EXTRA_CA_CERTS` adds to the roots, and Node.js goes on without a file that is not there: so does this. GitHub
    Enterprise Server has it set for its runners, whose file a container may not see.
    """
    path = cwd / env.get(_EXTRA, "")
    return str(path) if env.get(_EXTRA) and not path.is_dir() and _is_bundle(path) else ""


def advice(ca_file: str, env: Mapping[str, str]) -> str:
    """What to do where an authority is not known, if `ca_file`, or else the bundled roots, are what is trusted."""
    now = NAME_IT
    if ca_file:
        now = (
            f"Add that authority's PEM certificate to the file that ca-file, or else {' or '.join(_VARIABLES)}, names."
        )
    if others := [variable for variable in _OF_OTHERS if env.get(variable)]:
        now += f" The file may be the one that {' or '.join(others)} names."
    return now


def is_too_strict(error: BaseException) -> bool:
    """Whether `error` is about what RFC 5280 asks of a certificate, and not about who has signed it."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _STRICT


def tls_context(extra: str = "", *, strict: bool = True) -> ssl.SSLContext:
    """Return what urllib3 makes for itself, and requests adds the roots to, with those in the file `extra`.

    Not `strict` is as before Python 3.13, and as curl, git and OpenSSL are: chains, names and dates are verified all
    the same.
    """
    context = create_urllib3_context()
    if extra:
        context.load_verify_locations(extra)
    if not strict:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _check(path: Path, source: str) -> None:
    if _is_bundle(path):
        return
    raise InputError(
        f"The certificates that {source} names cannot be read.",
        "The file is not in this container, may not be read, or holds no certificate in PEM form.",
        f"Mount the file into the container and name its path there, or unset {source}.",
    )


def _is_bundle(path: Path) -> bool:
    try:
        if path.is_dir():
            return True
        if path.is_file() and path.stat().st_size <= _LARGEST_BUNDLE:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            return True
    except (OSError, ValueError):  # ssl.SSLError among them: no certificate, or a damaged one
        pass
    return False
