"""Signatures of OAuth 1.0a, verified as Atlassian's OAuth plugin does: two-legged, RSA-SHA1.

Written from RFC 5849 alone and with another implementation of RSA than the program's, so that both are right or one of
them is seen to be wrong.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1

from sandbox.data_center.people import ApplicationLink
from sandbox.messages import Request

_REQUIRED = frozenset(
    f"oauth_{name}" for name in ("consumer_key", "token", "signature_method", "signature", "timestamp", "nonce")
)
_WINDOW = 300.0
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class SignatureError(Exception):
    """The request is signed, but not well; the text is the `oauth_problem`."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A good signature: by which link, and for whom it asks."""

    link: ApplicationLink
    requestor: str


class Signatures:
    """All signatures that came so far."""

    def __init__(self, links: Mapping[str, ApplicationLink]) -> None:
        self._links = links
        self._seen: set[tuple[str, str, str]] = set()

    def verify(self, request: Request, now: float) -> Signed | None:
        """Return what a request says of itself, `None` if it is no two-legged one; raise `SignatureError`."""
        parameters = _query(request) + _header(request)
        given = dict(parameters)
        if not given.keys() >= _REQUIRED or given["oauth_token"]:
            return None
        link = self._links.get(given["oauth_consumer_key"])
        if link is None:
            raise SignatureError("consumer_key_unknown")
        if given["oauth_signature_method"] != "RSA-SHA1":
            raise SignatureError("signature_method_rejected")
        if len({name for name, _ in parameters}) < len(parameters) or given.get("oauth_version", "1.0") != "1.0":
            raise SignatureError("parameter_rejected")
        if not given["oauth_timestamp"].isdigit() or abs(int(given["oauth_timestamp"]) - now) > _WINDOW:
            raise SignatureError("timestamp_refused")
        use = (link.consumer_key, given["oauth_timestamp"], given["oauth_nonce"])
        if use in self._seen:
            raise SignatureError("nonce_used")
        try:
            signature = base64.b64decode(given["oauth_signature"], validate=True)
            text = base_string(request, parameters).encode("ascii")
            link.key.public_key().verify(signature, text, padding.PKCS1v15(), SHA1())  # noqa: S303 - the protocol's
        except (binascii.Error, InvalidSignature):
            raise SignatureError("signature_invalid") from None
        self._seen.add(use)
        return Signed(link, given.get("xoauth_requestor_id") or given.get("user_id", ""))


def base_string(request: Request, parameters: list[tuple[str, str]]) -> str:
    """Put the signature base string together (section 3.4.1.1)."""
    host, _, port = (
        request.host.lower().rpartition(":") if re.search(r":\d+$", request.host) else (request.host, "", "")
    )
    usual = {"http": "80", "https": "443"}[request.scheme]
    address = request.scheme.lower() + "://" + host.lower() + ("" if port in ("", usual) else ":" + port) + request.path
    signed = [(encode(name), encode(value)) for name, value in parameters if name not in ("oauth_signature", "realm")]
    signed.sort()
    joined = ""
    for name, value in signed:
        joined += ("&" if joined else "") + name + "=" + value
    return request.method.upper() + "&" + encode(address) + "&" + encode(joined)


def encode(text: str) -> str:
    """Percent-encode (section 3.6)."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8"))


def decode(text: str) -> str:
    """Undo percent-encoding."""
    data = text.encode("utf-8")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), data).decode("utf-8", "replace")


def _query(request: Request) -> list[tuple[str, str]]:
    found = []
    for part in filter(None, request.query.split("&")):
        name, _, value = part.partition("=")
        found.append((decode(name.replace("+", " ")), decode(value.replace("+", " "))))
    return found


def _header(request: Request) -> list[tuple[str, str]]:
    scheme, credentials = request.authorization
    if scheme != "oauth":
        return []
    pairs = re.findall(r'([^\s=",]+)="([^"]*)"', credentials)
    return [(decode(name), decode(value)) for name, value in pairs if name != "realm"]
