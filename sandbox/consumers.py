"""OAuth consumers, as a workspace's settings page makes them."""

import secrets
import string
from dataclasses import dataclass, field

_ALPHABET = string.ascii_letters + string.digits


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class Consumer:
    """A key, a secret and the boxes that were ticked.

    Since 2026 a key has 32 characters and a secret 76, both made anew for each sandbox.
    """

    key: str = field(default_factory=lambda: _random(32))
    secret: str = field(default_factory=lambda: _random(76), repr=False)
    scopes: tuple[str, ...] = ("account", "repository:write", "pullrequest", "pipeline:variable")
    callback_url: str = "http://localhost"
    private: bool = True
    workspace: str = "team"
    opaque_tokens: bool = False
    """Its access tokens are short ones, which "grandfathered" consumers still get."""


def old_consumer() -> Consumer:
    """Return a consumer from before 2026: 18 characters and 32, and tokens as they were then."""
    return Consumer(key=_random(18), secret=_random(32), opaque_tokens=True)
