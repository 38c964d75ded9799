"""Bitbucket's OAuth scopes, and those that contain others.

Source: https://developer.atlassian.com/cloud/bitbucket/bitbucket-cloud-rest-api-scopes
"""

from collections.abc import Iterable

# repository:admin contains nothing, not even repository.
_CONTAINS = {
    "project": {"repository"},
    "repository:write": {"repository"},
    "pullrequest": {"repository"},
    "pullrequest:write": {"pullrequest", "repository:write"},
    "issue:write": {"issue"},
    "snippet:write": {"snippet"},
}


def implied(scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` and all that they contain."""
    found: set[str] = set()
    waiting = set(scopes)
    while waiting:
        scope = waiting.pop()
        found.add(scope)
        waiting |= _CONTAINS.get(scope, set()) - found
    return frozenset(found)
