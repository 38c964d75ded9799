"""`bitbucket-token check`: find out what keeps a run from getting a token that works, and export nothing.

It examines everything between the inputs and a token that works, step by step. Each step is a function of the
`CheckState` that returns a `Finding`, or raises the `PipeError` that a run would end with.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import requests

from pipe import grants
from pipe.ci.system import CiSystem
from pipe.errors import ExportError, InputError, PipeError, UnreachableError
from pipe.export.printing import write_out
from pipe.http.client import Http
from pipe.http.retry import Deadline
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Invocation, Option
from pipe.redaction.log import DeferredLog
from pipe.run import connection, context_of, fit_together, mask_inputs
from pipe.verbs import Verb
from pipe.verbs.check.headers import examine_clock, examine_rate_limits
from pipe.verbs.check.network import examine_dns, examine_proxy, examine_tls
from pipe.verbs.check.report import Finding, Report, fine, trouble, untried
from pipe.verbs.check.state import CheckState
from pipe.verbs.check.token import examine_api, examine_endpoint, examine_grant, examine_scopes

_STEPS: dict[str, Callable[[CheckState], Finding]] = {
    "dns": examine_dns,
    "proxy": examine_proxy,
    "tls": examine_tls,
    "clock": examine_clock,
    "token endpoint": examine_endpoint,
    "grant": examine_grant,
    "scopes": examine_scopes,
    "api": examine_api,
    "rate limits": examine_rate_limits,
}
_SEND_NOTHING = (examine_scopes, examine_rate_limits)


def prints_data(arguments: Arguments) -> bool:
    """Whether standard output is for a program to read."""
    return arguments.has("json")


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Go through all steps and tell each. Raises what the first one of them that failed would end a run with."""
    mask_inputs(inputs, ci, invocation)
    report = Report(invocation.log)
    try:
        state = CheckState(inputs, ci, invocation)
        report.add("inputs", examine_inputs(state))
    except InputError as error:
        _end(report, ci, invocation, error)
        raise
    for name, examine in _STEPS.items():
        in_time = invocation.deadline.remaining() or examine in _SEND_NOTHING
        report.add(name, _examined(examine, state) if in_time else _too_late(report, invocation.deadline))
    _print(report, ci, invocation)
    if report.failure:
        raise report.failure


def wrong_inputs(error: InputError, ci: CiSystem, invocation: Invocation) -> None:
    """Tell of inputs that cannot even be read."""
    with suppress(ExportError):  # What is wrong with the inputs is what counts.
        _end(Report(invocation.log), ci, invocation, error)


def _too_late(report: Report, deadline: Deadline) -> Finding:
    """A run would end here, unless it has before: no step after this one may be taken for fine."""
    if report.failure:
        return untried("the deadline has passed")
    return trouble(
        UnreachableError(
            f"The check did not end within its deadline of {deadline.seconds:g} s.",
            "One of the steps before this one took most of it: a server, a proxy or the name server is silent or slow.",
            "Check the network of this runner, or raise deadline.",
        )
    )


def _examined(examine: Callable[[CheckState], Finding], state: CheckState) -> Finding:
    try:
        return examine(state)
    except PipeError as error:
        return trouble(error)
    except BaseException:
        # An interrupt: now it matters what was said by the way, such as that a refresh token may be lost.
        state.deferred_log.tell()
        raise


def _end(report: Report, ci: CiSystem, invocation: Invocation, error: InputError) -> None:
    report.add("inputs", trouble(ci.explained(error), facts_of_ci(ci)))
    for name in _STEPS:
        report.add(name, untried("the inputs are wrong"))
    _print(report, ci, invocation)


def _print(report: Report, ci: CiSystem, invocation: Invocation) -> None:
    if not prints_data(invocation.arguments):
        return
    write_out(invocation.stdout, report.as_json(ci), "what was found")


VERB = Verb(
    run,
    "Find out step by step what keeps a run from getting a token that works.",
    options=(Option("json", "Print what was found as one JSON object on standard output, and nothing else there."),),
    prints_data=prints_data,
    wrong_inputs=wrong_inputs,
)


class _SentError(Exception):
    """All that a run needs is there: it would now send its first request."""


class _Rehearsal(Http):
    def _exchange(self, request: requests.Request, host: str, proxy: str) -> NoReturn:  # noqa: ARG002
        raise _SentError


def examine_inputs(state: CheckState) -> Finding:
    """Rehearse a run up to its first request: wrong inputs are told before that. Raises `InputError`."""
    inputs, ci = state.inputs, state.ci
    fit_together(inputs, ci)
    invocation = state.invocation._replace(log=DeferredLog(state.invocation.log))
    context = context_of(inputs, ci, invocation, connection(_Rehearsal, inputs, invocation))
    try:
        grants.called(inputs.grant).acquire(inputs, context)
    except InputError:
        raise
    except (_SentError, PipeError):
        pass  # What else can go wrong is what the steps after this one are for.
    given = inputs.sources()
    named = ", ".join(f"{name} ({source})" for name, source in given.items()) or "none"
    facts = {**facts_of_ci(ci), "grant": inputs.grant, "given": given}
    return fine(f"grant {inputs.grant}, on {ci.title}; given: {named}.", facts)


def facts_of_ci(ci: CiSystem) -> dict[str, object]:
    """Return what is known even if the inputs cannot be read."""
    return {"ci": ci.name, "title": ci.title}
