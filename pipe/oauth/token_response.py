"""The token endpoint's success answer (RFC 6749 section 5.1), taken apart as untrusted input."""

import math
from collections.abc import Mapping
from datetime import datetime

from pipe.errors import AnswerError
from pipe.inputs import scope
from pipe.oauth.token import LONGEST_LIFETIME, LONGEST_TOKEN, TOKEN, AccessToken
from pipe.redaction.secret import Secret

LONGEST_SCOPES = 8 * 1024


def parse(answer: Mapping[str, object], host: str, asked: tuple[str, ...], now: datetime) -> AccessToken:
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
    """Bitbucket Cloud's are as long as its access tokens since 2026, and of the same characters."""
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
        found = scope.split(" ".join(texts))
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
