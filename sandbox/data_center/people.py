"""Who may ask a Data Center, and the tokens they have."""

import secrets
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def _password() -> str:
    return secrets.token_urlsafe(18)


@cache
def _key() -> rsa.RSAPrivateKey:
    """A key for all links that bring none along: making one takes as long as a test."""
    return rsa.generate_private_key(65537, 2048)


@dataclass(slots=True)
class User:
    """A user, whose name and whose slug in addresses need not be the same."""

    name: str
    slug: str
    password: str = field(default_factory=_password, repr=False)
    administers: frozenset[str] = frozenset()
    """Projects by key, and repositories as KEY/SLUG."""
    system_admin: bool = False
    active: bool = True
    wrong_passwords: int = 0


@dataclass(slots=True)
class ApplicationLink:
    """An incoming link of OAuth 1.0a, and the private key that only the other side has."""

    consumer_key: str
    two_legged: bool = True
    execute_as: str = ""
    """A user's name, or nobody's."""
    impersonates: bool = False
    own_key: rsa.RSAPrivateKey | None = field(repr=False, default=None)

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """The key pair of the other side; the server uses its public half only."""
        return self.own_key or _key()

    @property
    def pem(self) -> str:
        """The private key, as `openssl genrsa` writes it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True, slots=True)
class HttpToken:
    """An HTTP access token; its text stays out of `repr`."""

    id: str
    owner: str
    """The path of its owner: users/SLUG, projects/KEY or projects/KEY/repos/SLUG."""
    user: User
    name: str
    permissions: tuple[str, ...]
    created: int
    """Milliseconds, as everything in this API."""
    expires: int | None
    days: int | None
    value: str = field(repr=False)
