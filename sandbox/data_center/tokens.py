"""The HTTP access tokens that there are, and the rules for new ones."""

import itertools
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sandbox.data_center import answers
from sandbox.data_center.people import HttpToken, User
from sandbox.messages import Response

_DAY = 86_400_000
_LEVELS = ("READ", "WRITE", "ADMIN")


class RefusedError(Exception):
    """The answer is a refusal, to that user if one is known."""

    def __init__(self, response: Response, user: User | None = None) -> None:
        super().__init__(response.status)
        self.response = response
        self.user = user


@dataclass(frozen=True, slots=True)
class Wish:
    """The token that somebody wants."""

    name: str
    permissions: tuple[str, ...]
    days: int | None

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Take it from the body of a request."""
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise RefusedError(answers.bad("The request has no body."))
        name, permissions, days = value.get("name"), value.get("permissions"), value.get("expiryDays")
        if not isinstance(name, str) or not 0 < len(name) <= 255:
            raise RefusedError(answers.bad("A token needs a name of at most 255 characters."))
        if not isinstance(permissions, list) or not permissions:
            raise RefusedError(answers.bad("A token needs permissions."))
        if not (days is None or (isinstance(days, int) and days > 0)):
            raise RefusedError(answers.bad("The days until the token expires must be a positive number."))
        return cls(name, tuple(map(str, permissions)), days)


class HttpTokens:
    """All of them; those that are deleted are gone.

    `limit` is how many an owner may have, `most_days` how long one may live, `expiring` whether this is a version that
    knows of an end at all.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(100_000_000_001)
        self._tokens: list[HttpToken] = []
        self.made: list[HttpToken] = []
        """Every token there ever was."""
        self.limit: int | None = None
        self.most_days: int | None = None
        self.expiring = True

    @staticmethod
    def random() -> str:
        """Return a text that nobody guesses."""
        return secrets.token_urlsafe(33)

    def of(self, owner: str) -> list[HttpToken]:
        """Return the tokens of one owner, the newest first."""
        return [token for token in reversed(self._tokens) if token.owner == owner]

    def find(self, value: str) -> HttpToken | None:
        """Return the token with that text, unless its time is over."""
        now = self._clock() * 1000
        found = next((token for token in self._tokens if token.value == value), None)
        return None if found is None or (found.expires is not None and found.expires <= now) else found

    def create(self, user: User, owner: str, wish: Wish) -> HttpToken:
        """Make one, or raise `RefusedError`."""
        _check(wish, owner, user)
        if self.limit is not None and len(self.of(owner)) >= self.limit:
            raise RefusedError(answers.bad(f"The maximum number of tokens ({self.limit}) has been reached."), user)
        if self.most_days is not None and (wish.days or self.most_days + 1) > self.most_days:
            raise RefusedError(answers.bad(f"Tokens must expire within {self.most_days} days."), user)
        now = int(self._clock() * 1000)
        days = wish.days if self.expiring else None
        expires = now + days * _DAY if days is not None else None
        value = f"BBDC-{self.random()}"
        token = HttpToken(str(next(self._ids)), owner, user, wish.name, wish.permissions, now, expires, days, value)
        self._tokens.append(token)
        self.made.append(token)
        return token

    def delete(self, owner: str, token_id: str) -> bool:
        """Delete one; return whether it was there."""
        found = [token for token in self.of(owner) if token.id == token_id]
        self._tokens = [token for token in self._tokens if token not in found]
        return bool(found)


def _check(wish: Wish, owner: str, user: User) -> None:
    known = {f"{kind}_{level}" for kind in ("PROJECT", "REPO") for level in _LEVELS}
    unknown = set(wish.permissions) - known
    if unknown:
        raise RefusedError(answers.bad(f"Unknown permission: {sorted(unknown)[0]}"), user)
    highest = {
        kind: max((_LEVELS.index(name.split("_")[1]) for name in wish.permissions if name.startswith(kind)), default=-1)
        for kind in ("PROJECT", "REPO")
    }
    if highest["PROJECT"] >= 0 and "/repos/" in owner:
        raise RefusedError(answers.bad("The token of a repository cannot have project permissions."), user)
    if 0 <= highest["REPO"] < highest["PROJECT"]:
        raise RefusedError(answers.bad("The repository permission is lower than the project permission."), user)
