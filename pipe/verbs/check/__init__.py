"""`bitbucket-token check`: find out what keeps a run from getting a token that works, and export nothing.

It examines everything between the inputs and a token that works, step by step. Each step is a function of a `Case`
that returns a `Finding`, or raises the `PipeError` that a run would end with.
"""

from collections.abc import Callable
from contextlib import suppress

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, InputError, PipeError, UnreachableError
from pipe.http.deadline import Deadline
from pipe.inputs.inputs import Inputs
from pipe.inputs.option import Arguments, Option
from pipe.run import Invocation, mask_inputs
from pipe.verbs.check import api
from pipe.verbs.check import inputs as given
from pipe.verbs.check.answers import examine_clock, examine_rate_limits
from pipe.verbs.check.case import Case
from pipe.verbs.check.finding import Finding, trouble, untried
from pipe.verbs.check.network import examine_dns, examine_proxy, examine_tls
from pipe.verbs.check.report import Report
from pipe.verbs.check.token import examine_endpoint, examine_grant, examine_scopes
from pipe.verbs.verb import Verb

_STEPS: dict[str, Callable[[Case], Finding]] = {
    "dns": examine_dns,
    "proxy": examine_proxy,
    "tls": examine_tls,
    "clock": examine_clock,
    "token endpoint": examine_endpoint,
    "grant": examine_grant,
    "scopes": examine_scopes,
    "api": api.examine,
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
        case = Case(inputs, ci, invocation)
        report.add("inputs", given.examine(case))
    except InputError as error:
        _end(report, ci, invocation, error)
        raise
    for name, examine in _STEPS.items():
        in_time = invocation.deadline.remaining() or examine in _SEND_NOTHING
        report.add(name, _examined(examine, case) if in_time else _too_late(report, invocation.deadline))
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


def _examined(examine: Callable[[Case], Finding], case: Case) -> Finding:
    try:
        return examine(case)
    except PipeError as error:
        return trouble(error)
    except BaseException:
        # An interrupt: now it matters what was said by the way, such as that a refresh token may be lost.
        case.aside.tell()
        raise


def _end(report: Report, ci: CiSystem, invocation: Invocation, error: InputError) -> None:
    report.add("inputs", trouble(ci.explained(error), given.told(ci)))
    for name in _STEPS:
        report.add(name, untried("the inputs are wrong"))
    _print(report, ci, invocation)


def _print(report: Report, ci: CiSystem, invocation: Invocation) -> None:
    if not prints_data(invocation.arguments):
        return
    try:
        invocation.stdout.write(report.as_json(ci))
        invocation.stdout.flush()
    except (OSError, ValueError):
        raise ExportError(
            "Standard output is closed: what was found could not be printed.",
            "The program that was to read it has ended.",
            "Look at the command that the output was piped into.",
        ) from None


VERB = Verb(
    run,
    "Find out step by step what keeps a run from getting a token that works.",
    options=(Option("json", "Print what was found as one JSON object on standard output, and nothing else there."),),
    prints_data=prints_data,
    wrong_inputs=wrong_inputs,
)
