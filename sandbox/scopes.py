"""Bitbucket's OAuth scopes, and those that contain others.

Sources: https://developer.atlassian.com/cloud/bitbucket/bitbucket-cloud-rest-api-scopes, and token answers that were
published: these list only the highest scopes, such as `pipeline:variable` without `pipeline`.
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
    "account:write": {"account"},
    "account": {"email"},
    "team:write": {"team"},
    "pipeline:variable": {"pipeline:write"},
    "pipeline:write": {"pipeline"},
    "runner:write": {"runner"},
}


def highest(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return those of `scopes` that no other one of them contains, which is what answers list."""
    given = tuple(scopes)
    return tuple(s for s in given if not any(s != other and s in implied([other]) for other in given))


def implied(scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` and all that they contain."""
    found: set[str] = set()
    waiting = set(scopes)
    while waiting:
        scope = waiting.pop()
        found.add(scope)
        waiting |= _CONTAINS.get(scope, set()) - found
    return frozenset(found)
