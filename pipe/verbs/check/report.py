"""What each step of a check has found, line by line for a person, and at its end as JSON for a program."""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipe import VERSION
from pipe.ci.system import CiSystem
from pipe.errors import PipeError
from pipe.redaction.log import Log

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
    """Return the finding of a step that went well; `why` and `now` warn of what may not stay so."""
    return Finding(True, what, why, now, facts)


def trouble(error: PipeError, facts: Mapping[str, object] = _NOTHING) -> Finding:
    """Return the finding of a step at which a run would end with `error`."""
    return Finding(False, error.what, error.why, error.now, facts, error)


def untried(because: str) -> Finding:
    """Return the finding of a step that was not tried, and why not."""
    return Finding(None, f"not tried, because {because}.")


def joined(findings: Iterable[tuple[str, Finding]]) -> Finding:
    """Join the findings for several servers: the first trouble is told, the facts are kept by the server's name."""
    found = dict(findings)
    facts = {host: dict(finding.facts) for host, finding in found.items() if finding.facts}
    for finding in found.values():
        if finding.error:
            return trouble(finding.error, facts)
    advised = next((finding for finding in found.values() if finding.why), Finding(True, ""))
    what = "; ".join(dict.fromkeys(finding.what for finding in found.values()))
    ok = True if any(finding.ok for finding in found.values()) else None
    return Finding(ok, f"{what}.", advised.why, advised.now, facts)


_MARKS = {True: "✔", False: "✖", None: "\N{EN DASH}"}


class Report:
    """The findings so far. All that leaves passes through `log`, which knows the secrets."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._found: dict[str, Finding] = {}

    def add(self, name: str, finding: Finding) -> None:
        """Tell one finding."""
        self._found[name] = finding
        self._log.line(f"{_MARKS[finding.ok]} {name}: {finding.what}")
        if finding.why:
            self._log.line(f"  Why: {finding.why}")
            self._log.line(f"  Now: {finding.now}")

    @property
    def failure(self) -> PipeError | None:
        """The first trouble: what a run would end with."""
        return next((finding.error for finding in self._found.values() if finding.error), None)

    def as_json(self, ci: CiSystem) -> str:
        """Return all of it as one line."""
        steps = [
            {"name": name, "ok": found.ok, "what": found.what, "why": found.why, "now": found.now, "facts": found.facts}
            for name, found in self._found.items()
        ]
        failure = self.failure
        told = {
            "version": VERSION,
            "ci": ci.name,
            "ok": failure is None,
            "exit_code": failure.exit_code if failure else 0,
            "steps": steps,
        }
        return json.dumps(self._clean(told)) + "\n"

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self._log.clean(value)
        if isinstance(value, Mapping):
            return {self._log.clean(str(name)): self._clean(inner) for name, inner in value.items()}
        return [self._clean(inner) for inner in value] if isinstance(value, list) else value
