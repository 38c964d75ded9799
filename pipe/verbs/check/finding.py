"""What one step of a check has found."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipe.errors import PipeError

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Finding(NamedTuple):
    """One line for a person, advice if there is any, and the same as facts for a program.

    `ok` is None for a step that was not tried, or that nothing came out of. `error` is what a run would end with.
    """

    ok: bool | None
    what: str
    why: str = ""
    now: str = ""
    facts: Mapping[str, object] = _NOTHING
    error: PipeError | None = None


def fine(what: str, facts: Mapping[str, object] = _NOTHING, *, why: str = "", now: str = "") -> Finding:
    """All is well; `why` and `now` say what may not stay so."""
    return Finding(True, what, why, now, facts)


def trouble(error: PipeError, facts: Mapping[str, object] = _NOTHING) -> Finding:
    """A run would end here."""
    return Finding(False, error.what, error.why, error.now, facts, error)


def untried(because: str) -> Finding:
    """Nothing was done."""
    return Finding(None, f"not tried, because {because}.")


def joined(findings: Iterable[tuple[str, Finding]]) -> Finding:
    """One finding for several servers: the first trouble is told, and the facts are kept by the server's name."""
    found = dict(findings)
    facts = {host: dict(finding.facts) for host, finding in found.items() if finding.facts}
    for finding in found.values():
        if finding.error:
            return trouble(finding.error, facts)
    advised = next((finding for finding in found.values() if finding.why), Finding(True, ""))
    what = "; ".join(dict.fromkeys(finding.what for finding in found.values()))
    return Finding(True, f"{what}.", advised.why, advised.now, facts)
