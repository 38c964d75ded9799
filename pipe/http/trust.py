"""Which certificate authorities are trusted: the user's, the environment's, or the bundled ones."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from pipe.errors import InputError

_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
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


def _check(path: Path, source: str) -> None:
    try:
        if path.is_dir():
            return
        if path.is_file() and path.stat().st_size <= _LARGEST_BUNDLE:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            return
    except (OSError, ValueError):  # ssl.SSLError among them: no certificate, or a damaged one
        pass
    raise InputError(
        f"The certificates that {source} names cannot be read.",
        "The file is not in this container, may not be read, or holds no certificate in PEM form.",
        f"Mount the file into the container and name its path there, or unset {source}.",
    )
