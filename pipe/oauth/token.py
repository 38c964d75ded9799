"""The access token, and the token endpoint's success answer (RFC 6749 section 5.1), which is untrusted input."""

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipe.errors import AnswerError, InputError
from pipe.inputs.values import split_scopes
from pipe.redaction.secret import Secret, broken_lines, forms

LONGEST_TOKEN = 64 * 1024
"""Characters."""
LONGEST_LIFETIME = 2**31 - 1
"""Seconds."""

TOKEN = re.compile(r"[\x21-\x7e]+")
"""What a bearer token may be made of: printable ASCII without space, which a header carries (RFC 6750 section 2.1)."""

GIT_USER = "x-token-auth"
"""The user name of an access token at Bitbucket Cloud's git ("Use OAuth on Bitbucket Cloud")."""


def check_bearer(name: str, token: Secret) -> None:
    """Raise `InputError` if the input called `name` cannot be sent as a bearer token: a header would not carry it."""
    if not TOKEN.fullmatch(token.reveal()):
        raise InputError(
            f"{name} holds spaces, or letters that no token has.",
            "Something else was stored in its place, or it was pasted with what stood around it.",
            "Copy the token again from Bitbucket.",
        )


class AccessToken(NamedTuple):
    """A bearer token (RFC 6750), opaque: never parsed, never judged by its look.

    `scopes` is None when the server did not say which it granted; `expires_in` (seconds) when it named no lifetime.
    """

    value: Secret
    scopes: tuple[str, ...] | None
    expires_in: int | None
    obtained_at: datetime
    refresh_token: Secret | None = None
    """What the server handed out to get the next token with (RFC 6749 section 6), if it did."""
    api_user: str = ""
    """Who sends it to the REST API by Basic authentication; empty for a bearer token."""
    git_user: str = GIT_USER
    """Who sends it to Bitbucket Cloud's git."""
    name: str = ""
    """Under which the server lists it, where it does."""

    @property
    def expires_at(self) -> str:
        """The token's end in RFC 3339, UTC, to the second; empty if the server named no lifetime."""
        if self.expires_in is None:
            return ""
        end = self.obtained_at.astimezone(UTC) + timedelta(seconds=self.expires_in)
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def authorization(self) -> Secret:
        """The `Authorization` header with which the REST API takes the token (RFC 6750 section 2.1, RFC 7617)."""
        token = self.value.reveal()
        if not self.api_user:
            return Secret(f"Bearer {token}")
        return Secret("Basic " + b64encode(f"{self.api_user}:{token}".encode()).decode())

    def forms(self) -> tuple[str, ...]:
        """Return all that has to be masked, longest first: the token, and what Basic authentication makes of it."""
        found = {form for user in self._other_users() for form in forms(self.value, key=user)}
        return tuple(sorted(found, key=lambda form: (-len(form), form)))

    def broken_lines(self) -> tuple[str, ...]:
        """Return what has to be masked beside the forms where only whole texts are, longest first."""
        found = {line for user in self._other_users() for line in broken_lines(self.value, key=user)}
        return tuple(sorted(found, key=lambda line: (-len(line), line)))

    def _other_users(self) -> set[str]:
        return {"", self.api_user, self.git_user} - {GIT_USER}


LONGEST_SCOPES = 8 * 1024


def parse_token_response(answer: Mapping[str, object], host: str, asked: tuple[str, ...], now: datetime) -> AccessToken:
    """Return the token in `answer`, the JSON object of a 2xx answer from `host`.

    `asked` are the scopes that were asked for: a server that grants exactly these may leave them out (RFC 6749
    section 5.1). Bitbucket Cloud wrote `scopes` until May 2026 and writes `scope` since; both count, as text or list.
    Raises `AnswerError` for anything that is no token response.
    """
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise _no_token_response(host, "has no access_token")
    if len(token) > LONGEST_TOKEN:
        raise _no_token_response(host, f"has an access_token of more than {LONGEST_TOKEN} characters")
    if not TOKEN.fullmatch(token):
        raise _no_token_response(host, "has an access_token with characters that no bearer token has")
    kind = answer.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _no_token_response(host, "has a token_type other than bearer")
    scopes = _scopes(answer, host)
    return AccessToken(
        value=Secret(token),
        scopes=scopes if scopes is not None else asked or None,
        expires_in=_lifetime(answer.get("expires_in"), host),
        obtained_at=now,
        refresh_token=_refresh_token(answer.get("refresh_token"), host),
    )


def _refresh_token(value: object, host: str) -> Secret | None:
    """Return the refresh token; since 2026 Bitbucket Cloud's are as long as its access tokens, and made of the same."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN or not TOKEN.fullmatch(value):
        raise _no_token_response(host, "has a refresh_token that cannot be one")
    return Secret(value)


def _lifetime(value: object, host: str) -> int | None:
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        seconds = float(value)
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError
    except (ValueError, OverflowError):
        raise _no_token_response(host, "has an expires_in that is no number of seconds") from None
    return int(min(seconds, LONGEST_LIFETIME))


def _scopes(answer: Mapping[str, object], host: str) -> tuple[str, ...] | None:
    named = [answer[name] for name in ("scope", "scopes") if answer.get(name) is not None]
    parts = [part for value in named for part in (value if isinstance(value, list) else [value])]
    texts = [part for part in parts if isinstance(part, str)]
    try:
        found = split_scopes(" ".join(texts))
    except ValueError:
        found = None
    if found is None or len(texts) < len(parts) or sum(map(len, found)) > LONGEST_SCOPES:
        raise _no_token_response(host, "has a scope that is no list of scopes")
    return found if named else None


def _no_token_response(host: str, what: str) -> AnswerError:
    return AnswerError(
        f"The answer of {host} {what}.",
        "The address is not that of an OAuth 2.0 token endpoint, or the server is faulty.",
        "Check base-url or token-url; for Bitbucket Cloud leave both out.",
    )
