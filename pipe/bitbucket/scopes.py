"""Which of Bitbucket Cloud's scopes imply others.

Source: "Bitbucket Cloud REST API scopes". Only what that page says counts: `repository:admin`, for one, does not
imply `repository`.
"""

from collections.abc import Iterable

IMPLIED = {
    "project": ("repository",),
    "repository:write": ("repository",),
    "pullrequest": ("repository",),
    "pullrequest:write": ("pullrequest", "repository:write"),
    "issue:write": ("issue",),
    "snippet:write": ("snippet",),
}


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
