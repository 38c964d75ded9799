"""The client's proof that it holds a private key: a signed JWT in place of a secret (RFC 7523 section 2.2)."""

import json
import os
import time
from base64 import urlsafe_b64encode

from pipe.oauth.rsa_signature import sign
from pipe.redaction.secret import Secret

LIFETIME = 300
"""Seconds that an assertion is good for, by this machine's clock, which may be behind the server's. Its `jti` keeps it
from being used twice; some servers, such as Auth0, take no assertion that lives longer."""
BACKDATED = 30
"""Seconds by which it claims to be older than it is: a clock may be that far ahead of a server's that allows nothing,
as Authlib can be told to. Not more: Keycloak takes an assertion for 60 s after `iat` (its "Max expiration"), and one
without `iat` only if `exp` is within these 60 s."""


def client_assertion(key: str, private_key: Secret, key_id: str, audience: str) -> Secret:
    """Return a new assertion that its holder is the client `key`, made for `audience`: the token endpoint's URL.

    RS256 (RFC 7518 section 3.3), with the claims of RFC 7523 section 3. Its `jti` is used once, so that a server may
    refuse a second use: each try of a request needs an assertion of its own. `key_id` says which of the client's keys
    signed it (RFC 7515 section 4.1.4), and may be empty. Raises `InputError` for a key that cannot sign.
    """
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", **({"kid": key_id} if key_id else {})}
    claims = {
        "iss": key,
        "sub": key,
        "aud": audience,
        "jti": _encoded(os.urandom(16)),
        "iat": now - BACKDATED,
        "exp": now + LIFETIME,
    }
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return Secret(f"{signed}.{_encoded(sign(private_key, signed.encode(), 'sha256'))}")


def _encoded(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).decode().rstrip("=")
