"""Access tokens, refresh tokens and authorization codes, and who they were given to."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sandbox.consumers import Consumer

LIFETIME = 7200
GRACE = 600.0
_CODE_LIFETIME = 600.0


@dataclass(slots=True)
class Token:
    """An access token; its text stays out of `repr`."""

    value: str = field(repr=False)
    consumer: Consumer
    scopes: tuple[str, ...]
    expires_at: float
    grant: str
    email: str = ""
    """Whose it is, for a person's API token."""
    repository: str = ""
    """The only one that it is for, for a repository's access token."""

    def expire(self) -> None:
        """Make it an expired one, now."""
        self.expires_at = 0.0


@dataclass(slots=True)
class _RefreshToken:
    consumer: Consumer
    family: int
    """All that were handed out for one another have the same number."""
    ends_at: float = float("inf")
    uses: int = 0


@dataclass(frozen=True, slots=True)
class _Code:
    consumer: Consumer
    redirect_uri: str | None
    challenge: str | None
    ends_at: float


class Tokens:
    """All that was handed out so far."""

    def __init__(self, clock: Callable[[], float], *, grace: float = GRACE) -> None:
        self._clock = clock
        self._grace = grace
        self._lock = threading.Lock()
        self._minted: list[Token] = []
        self._refresh: dict[str, _RefreshToken] = {}
        self._codes: dict[str, _Code] = {}
        self._families = count()

    def all(self) -> list[Token]:
        """Return every access token, oldest first."""
        with self._lock:
            return list(self._minted)

    def mint(
        self,
        consumer: Consumer,
        grant: str,
        *,
        scopes: tuple[str, ...] | None = None,
        email: str = "",
        repository: str = "",
    ) -> Token:
        """Make an access token."""
        ends_at = self._clock() + LIFETIME
        value = _opaque() if consumer.opaque_tokens else _jwt()
        token = Token(value, consumer, scopes or consumer.scopes, ends_at, grant, email, repository)
        with self._lock:
            self._minted.append(token)
        return token

    def find(self, value: str) -> Token | None:
        """Return the token with that text, expired or not."""
        wanted = value.encode()
        with self._lock:
            return next((t for t in self._minted if secrets.compare_digest(t.value.encode(), wanted)), None)

    def is_expired(self, token: Token) -> bool:
        """Say whether its time is over."""
        return token.expires_at <= self._clock()

    def refresh_tokens(self) -> dict[str, int]:
        """Return every refresh token, oldest first, and how often each was used."""
        with self._lock:
            return {value: token.uses for value, token in self._refresh.items()}

    def mint_refresh_token(self, consumer: Consumer, replaced: str = "") -> str:
        """Make a refresh token, in place of one that was just used, or the first of its family."""
        value = _jwt()
        with self._lock:
            before = self._refresh.get(replaced)
            self._refresh[value] = _RefreshToken(consumer, before.family if before else next(self._families))
        return value

    def use_refresh_token(self, value: str, consumer: Consumer) -> bool:
        """Say whether it is good; after its first use it stays so for the time of grace only.

        One that comes later was stolen, or its successor was: all of its family end (RFC 9700 section 4.14.2).
        """
        now = self._clock()
        with self._lock:
            token = self._refresh.get(value)
            if token is None or token.consumer != consumer:
                return False
            token.uses += 1
            if token.ends_at <= now:
                for relative in self._refresh.values():
                    if relative.family == token.family:
                        relative.ends_at = 0.0
                return False
            token.ends_at = min(token.ends_at, now + self._grace)
            return True

    def mint_code(self, consumer: Consumer, redirect_uri: str | None, challenge: str | None) -> str:
        """Make an authorization code, as after a click on "Grant access"."""
        value = secrets.token_urlsafe(18)
        with self._lock:
            self._codes[value] = _Code(consumer, redirect_uri, challenge, self._clock() + _CODE_LIFETIME)
        return value

    def use_code(self, value: str, consumer: Consumer, redirect_uri: str | None, verifier: str | None) -> bool:
        """Say whether it is good; it is so once."""
        with self._lock:
            code = self._codes.pop(value, None)
        if code is None or code.consumer != consumer or code.ends_at <= self._clock():
            return False
        if code.challenge is not None and code.challenge != _s256(verifier or ""):
            return False
        return code.redirect_uri in (None, redirect_uri)


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _opaque() -> str:
    """Return 92 characters as tokens were before 2026, with `=` at their end (OpenReplyDE/bbbackup issue 3)."""
    return base64.urlsafe_b64encode(secrets.token_bytes(68)).decode()


def _jwt() -> str:
    """Return a text that looks like the long tokens of 2026; no part of it means anything."""
    header, payload, signature = (secrets.token_urlsafe(size) for size in (60, 1650, 256))
    return f"eyJ{header}.eyJ{payload}.{signature}"
