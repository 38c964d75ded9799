"""Which of Bitbucket's scopes imply others.

Cloud: "Bitbucket Cloud REST API scopes". Only what that page says counts: `repository:admin`, for one, does not imply
`repository`. Data Center: "HTTP access tokens", where each level has those below it, and a project's its repositories'.
"""

from collections.abc import Iterable

IMPLIED = {
    "project": ("repository",),
    "repository:write": ("repository",),
    "pullrequest": ("repository",),
    "pullrequest:write": ("pullrequest", "repository:write"),
    "issue:write": ("issue",),
    "snippet:write": ("snippet",),
    "PROJECT_ADMIN": ("PROJECT_WRITE", "REPO_ADMIN"),
    "PROJECT_WRITE": ("PROJECT_READ", "REPO_WRITE"),
    "PROJECT_READ": ("REPO_READ",),
    "REPO_ADMIN": ("REPO_WRITE",),
    "REPO_WRITE": ("REPO_READ",),
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
