"""HTTP access tokens of a Data Center (`/rest/access-tokens`): whose they are, what they may, list, create, delete."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from pipe.bitbucket.data_center import DataCenter
from pipe.bitbucket.data_center_errors import no_json
from pipe.errors import AnswerError, InputError
from pipe.http.responses import Response, json_object
from pipe.oauth.token import LONGEST_LIFETIME, LONGEST_TOKEN, TOKEN, AccessToken
from pipe.redaction.secret import Secret

KINDS = ("PROJECT", "REPO")
LEVELS = ("READ", "WRITE", "ADMIN")
PERMISSIONS = tuple(f"{kind}_{level}" for kind in KINDS for level in LEVELS)
LONGEST_NAME = 255

DAY = 86_400

_OWNER = re.compile(r"(user)(?::([^/]+))?|(project):([^/]+)|(repository):([^/]+)/([^/]+)")


class NewToken(NamedTuple):
    """The token to create."""

    name: str
    permissions: tuple[str, ...]
    days: int


class Owner(NamedTuple):
    """The owner of tokens: a `user`, a `project` or a `repository`; without names, it is the user who asks."""

    kind: str
    names: tuple[str, ...] = ()

    def path(self) -> str:
        """Return the address of the owner's tokens."""
        names = [quote(name, safe="") for name in self.names]
        if self.kind == "user":
            return f"/rest/access-tokens/latest/users/{names[0]}"
        repository = f"/repos/{names[1]}" if self.kind == "repository" else ""
        return f"/rest/access-tokens/latest/projects/{names[0]}{repository}"


def parse_owner(text: str) -> Owner:
    """Return the owner that `token-owner` names; raise `InputError` if it names none."""
    found = _OWNER.fullmatch(text)
    if not found or {".", ".."} & set(found.groups()):
        raise InputError(
            "token-owner is none of the forms that are known.",
            "It is misspelt, or has a slash too many.",
            "Allowed: user, user:SLUG, project:KEY, repository:KEY/SLUG.",
        )
    kind, *names = (group for group in found.groups() if group)
    return Owner(kind, tuple(names))


def check_permissions(permissions: tuple[str, ...], owner: Owner) -> None:
    """Raise `InputError` unless the server takes this combination for tokens of that owner.

    "HTTP access tokens": what a token may do with repositories is at least what it may do with their projects, and the
    token of a repository has no permission for projects.
    """
    allowed = "Allowed: one of PROJECT_READ, PROJECT_WRITE and PROJECT_ADMIN, and one of REPO_READ, REPO_WRITE and "
    allowed += "REPO_ADMIN; the latter at least as high, and alone for a repository."
    if not permissions or not set(permissions) <= set(PERMISSIONS):
        raise InputError(
            "token-permissions holds none, or one that does not exist.", "A name is misspelt or missing.", allowed
        )
    levels = {
        kind: [LEVELS.index(name.partition("_")[2]) for name in permissions if name.startswith(kind)] for kind in KINDS
    }
    if max(map(len, levels.values())) > 1:
        raise InputError("token-permissions holds two of one kind.", "The higher one implies the lower.", allowed)
    if levels["PROJECT"] and owner.kind == "repository":
        raise InputError(
            "token-permissions holds one for projects, but token-owner is a repository.",
            "The token of a repository is good for that repository alone.",
            allowed,
        )
    if levels["PROJECT"] and levels["REPO"] and levels["REPO"] < levels["PROJECT"]:
        raise InputError(
            "token-permissions allows less with repositories than with their projects.",
            "Who may do something with a project may do it with its repositories.",
            allowed,
        )


class AccessTokens:
    """The tokens of one owner."""

    def __init__(self, server: DataCenter, owner: Owner) -> None:
        self._server = server
        self._path = owner.path()

    def named(self, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Return the names of the tokens whose name is `wanted`, by their ids."""
        found = [(token.get("id"), token.get("name")) for token in self._server.pages(self._path)]
        return {
            token_id: name
            for token_id, name in found
            if isinstance(token_id, str) and token_id and isinstance(name, str) and wanted(name)
        }

    def create(self, wish: NewToken) -> AccessToken:
        """Create a token, in one try: a second one could create a second token.

        Raises `LimitError` if there are too many already; after an `AnswerError` or `UnreachableError` there may be
        one whose text nobody knows.
        """
        body = {"name": wish.name, "permissions": list(wish.permissions), "expiryDays": wish.days}
        answer = self._server.send("PUT", self._path, body)
        content = json_object(answer.body)
        if content is None:
            raise no_json(answer)
        return _created(content, answer, wish)

    def delete(self, token_id: str) -> None:
        """Delete one token, trying again where that can help; one that is gone already is no trouble."""
        self._server.delete(f"{self._path}/{quote(token_id, safe='')}")


def _created(content: Mapping[str, object], answer: Response, wish: NewToken) -> AccessToken:
    token = content.get("token")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not TOKEN.fullmatch(token):
        raise AnswerError(
            f"The answer of {answer.host} has no token, or one with characters that no bearer token has.",
            "A proxy answered in the server's place, or the server is faulty.",
            "Run the step again; check base-url and proxies in between.",
        )
    return AccessToken(
        value=Secret(token),
        scopes=_permissions(content.get("permissions")) or wish.permissions,
        expires_in=_lifetime(content),
        obtained_at=datetime.now(UTC),
    )


def _permissions(value: object) -> tuple[str, ...]:
    return tuple(name for name in PERMISSIONS if name in value) if isinstance(value, list) else ()


def _lifetime(content: Mapping[str, object]) -> int | None:
    """Return the seconds that the token lives by the server's own clock; None if the server names no end."""
    created, ends, days = (_count(content.get(name)) for name in ("createdDate", "expiryDate", "expiryDays"))
    if created is not None and ends is not None:
        return max(0, min((ends - created) // 1000, LONGEST_LIFETIME))
    return None if days is None else min(days * DAY, LONGEST_LIFETIME)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None
