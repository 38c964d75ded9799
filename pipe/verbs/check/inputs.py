"""Step 1: whether all inputs are there that a run needs, and from where. Nothing is sent."""

from collections.abc import Mapping
from typing import NoReturn

from pipe.ci.system import CiSystem
from pipe.errors import InputError, PipeError
from pipe.http.client import Http
from pipe.redaction.log import Aside
from pipe.run import Invocation, acquire, connection, context_of, fit_together
from pipe.verbs.check.case import Case
from pipe.verbs.check.finding import Finding, fine


class _SentError(Exception):
    """All that a run needs is there: it would now send its first request."""


class _Rehearsal(Http):
    def send(
        self,
        method: str,  # noqa: ARG002 - the form of what it stands for
        url: str,  # noqa: ARG002
        *,
        headers: Mapping[str, str],  # noqa: ARG002
        form: Mapping[str, str] | None = None,  # noqa: ARG002
        json: object = None,  # noqa: ARG002
    ) -> NoReturn:
        raise _SentError


def examine(case: Case) -> Finding:
    """Rehearse a run up to its first request: wrong inputs are told before that. Raises `InputError`."""
    inputs, ci = case.inputs, case.ci
    fit_together(inputs, ci)
    invocation = case.invocation._replace(log=Aside(case.invocation.log))
    context = context_of(inputs, ci, invocation, connection(_Rehearsal, inputs, invocation))
    try:
        acquire(inputs, context)
    except InputError:
        raise
    except (_SentError, PipeError):
        pass  # What else can go wrong is what the steps after this one are for.
    given = sources(case.invocation)
    named = ", ".join(f"{name} ({source})" for name, source in given.items()) or "none"
    facts = {**told(ci), "grant": inputs.grant, "given": given}
    return fine(f"grant {inputs.grant}, on {ci.title}; given: {named}.", facts)


def told(ci: CiSystem) -> dict[str, object]:
    """What is known even if the inputs cannot be read."""
    return {"ci": ci.name, "title": ci.title}


def sources(invocation: Invocation) -> dict[str, str]:
    """From where each input comes that somebody gave: never its value."""
    return {name: source for name, source in invocation.sources.items() if source != "its default"}
