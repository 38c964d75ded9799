"""Whether the token is the one that was asked for, before any later step relies on it.

Scopes that others imply count, for an answer lists only the highest ones. Cloud: "Bitbucket Cloud REST API scopes", by
which `repository:admin`, for one, does not imply `repository`; and, where that page says nothing, answers that list
`pipeline:variable`, `account:write`, `team:write` or `runner:write` alone for a consumer with the lower ones ticked as
well. Data Center: "HTTP access tokens", where each level has those below it, and a project's its repositories'.
"""

from collections.abc import Iterable

from pipe.errors import UnfitTokenError
from pipe.inputs.values import format_scopes
from pipe.oauth.token import AccessToken

IMPLIED = {
    "project": ("repository",),
    "repository:write": ("repository",),
    "pullrequest": ("repository",),
    "pullrequest:write": ("pullrequest", "repository:write"),
    "issue:write": ("issue",),
    "snippet:write": ("snippet",),
    "account:write": ("account",),
    "account": ("email",),
    "team:write": ("team",),
    "pipeline:variable": ("pipeline:write",),
    "pipeline:write": ("pipeline",),
    "runner:write": ("runner",),
    "PROJECT_ADMIN": ("PROJECT_WRITE", "REPO_ADMIN"),
    "PROJECT_WRITE": ("PROJECT_READ", "REPO_WRITE"),
    "PROJECT_READ": ("REPO_READ",),
    "REPO_ADMIN": ("REPO_WRITE",),
    "REPO_WRITE": ("REPO_READ",),
}

_IMPLY_NOTHING = frozenset(
    """
    repository repository:admin repository:delete project:admin issue wiki webhook snippet email team pipeline runner
    REPO_READ
    """.split()
)


def with_implied(scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` and all that they imply, directly or through others."""
    found: set[str] = set()
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope not in found:
            found.add(scope)
            waiting.extend(IMPLIED.get(scope, ()))
    return frozenset(found)


def check_token(token: AccessToken, *, required_scopes: tuple[str, ...], min_lifetime: float) -> None:
    """Raise `UnfitTokenError` unless `token` has `required_scopes` and lives for `min_lifetime` seconds."""
    if required_scopes:
        _check_scopes(token, required_scopes)
    if min_lifetime:
        _check_lifetime(token, min_lifetime)


def _check_scopes(token: AccessToken, required: tuple[str, ...]) -> None:
    if token.scopes is None:
        raise UnfitTokenError(
            f"The server did not say which scopes it granted; required are {' '.join(required)}.",
            "It answers without scope, so nothing can be compared.",
            "Leave required-scopes out for this server.",
        )
    granted = with_implied(token.scopes)
    missing = [scope for scope in required if scope not in granted]
    what = f"The token lacks the scopes {format_scopes(missing)}; granted are {format_scopes(token.scopes)}."
    related = [scope for scope in token.scopes if any(_may_imply(scope, wanted) for wanted in missing)]
    if related:
        raise UnfitTokenError(
            what,
            f"It is not known whether {format_scopes(related)} implies any of them, and an answer lists only the "
            "highest scopes.",
            "To find out, ask with the token for something that needs them (bitbucket-token api PATH, without "
            "required-scopes): a refusal names what is required and granted. If it is allowed, leave them out of "
            "required-scopes; else have the server grant them.",
        )
    if missing:
        raise UnfitTokenError(
            what,
            "A token has the scopes that are ticked at the consumer, and what these imply.",
            "Tick them at the consumer (Bitbucket: Workspace settings, OAuth consumers), or take them out of "
            "required-scopes.",
        )


def _may_imply(granted: str, wanted: str) -> bool:
    """Whether `granted` is a scope of which nothing is known, for the same thing as `wanted`.

    A scope of an API token, such as `write:repository:bitbucket`, is known to imply no other.
    """
    known = granted in IMPLIED or granted in _IMPLY_NOTHING or granted.endswith(":bitbucket")
    return not known and granted.partition(":")[0] == wanted.partition(":")[0]


def _check_lifetime(token: AccessToken, least: float) -> None:
    if token.expires_in is None:
        raise UnfitTokenError(
            f"The server did not say how long the token lives; required are {least:g} s.",
            "It answers without expires_in.",
            "Leave min-lifetime out for this server.",
        )
    if token.expires_in < least:
        raise UnfitTokenError(
            f"The token lives for {token.expires_in} s; required are {least:g} s.",
            "The server decides on the lifetime; Bitbucket Cloud grants two hours at most.",
            "Lower min-lifetime, and get a token anew in each step or job.",
        )
