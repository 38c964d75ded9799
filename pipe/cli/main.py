"""The edge: the only module that reads the environment and the command line, prints, and ends the program."""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from pipe import VERSION
from pipe import ci as systems
from pipe.ci.system import CiSystem
from pipe.cli.command_line import Options, split
from pipe.cli.signals import Interrupted, Signals
from pipe.errors import InputError, OutOfTime, PipeError, RunEnded, UnreachableError
from pipe.http.retry import Deadline
from pipe.inputs.inputs import Inputs, checked_inputs
from pipe.inputs.invocation import Invocation
from pipe.inputs.sources import given_directly, read, secret_variables
from pipe.inputs.table import BY_NAME, TABLE
from pipe.inputs.values import parse_seconds, says_no
from pipe.redaction.log import Log, trace
from pipe.redaction.secret import Secret, forms
from pipe.run import run
from pipe.verbs import Verb

_DEFECT = 1
# git's settings, which for a Data Center have a header with the token, and what a runner keeps for the end of a job.
_MAY_HOLD_TOKENS = ("GIT_CONFIG_", "STATE_")
_GET_A_TOKEN = Verb(run, "Get a token, and hand it to later steps.")


def entry() -> NoReturn:
    """Run the program, and end it without waiting for a request that was left behind at the deadline."""
    # Python would show what a library wrote into an exception that nobody can catch.
    sys.unraisablehook = _say_nothing
    threading.excepthook = _say_nothing
    _fill_closed_streams()
    # In another encoding, such as UTF-16, a command that masks the token would be none.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        code = main(sys.argv[1:], dict(os.environ))
    except RunEnded as ended:
        code = ended.exit_code
    except Exception as error:  # One that came while another failure was being told.
        code = _defect(Log(sys.stderr, sys.stderr), error)
    os._exit(code)


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Do one run and return its exit code."""
    start = time.monotonic()
    log = Log(sys.stdout, sys.stderr)
    # Until the command line is read, nothing may reach a standard output that a shell could be evaluating.
    ci = systems.detect(env)(env, Log(sys.stderr, sys.stderr), Path("/"))
    signals = Signals()
    verb = _GET_A_TOKEN
    try:
        signals.catch()
        signals.ring_at(Deadline(float(BY_NAME["deadline"].default), start=start))
        options = split(arguments)
        verb = _called(options.verb)
        if options.shows:
            _show(options)
            return 0
        if _wants_print(options, verb, env):
            log = Log(sys.stderr, sys.stderr)
        log.debugging = env.get("RUNNER_DEBUG") == "1" or env.get("SYSTEM_DEBUG", "").lower() == "true"
        signals.ring_at(so_far := _deadline_so_far(options, verb, env, start))
        cwd = _working_directory()
        ci = systems.detect(env)(env, log, cwd)
        ci.has_summary = _wants_summary(options, env)
        invocation = Invocation(
            env,
            cwd,
            sys.stdout,
            log,
            so_far,
            uninterrupted=signals.held,
            arguments=options.arguments,
            stdin=sys.stdin,
            terminal=sys.stderr if sys.stderr.isatty() and not sys.stdout.isatty() else None,
        )
        inputs = _read_inputs(options, verb, ci, invocation)
        if inputs.ci != "auto":
            ci = systems.called(inputs.ci)(env, log, cwd)
        ci.has_summary = inputs.summary
        log.debugging = log.debugging or inputs.debug
        deadline = Deadline(inputs.deadline, start=start)
        signals.ring_at(deadline)
        _keep_from_children(log)
        try:
            verb.run(inputs, ci, invocation._replace(deadline=deadline))
        except InputError as error:
            raise ci.explained(error) from None
        return 0
    except PipeError as error:
        return _failed(error, ci, log, verb)
    except OutOfTime as alarm:
        # One that rings while a failure is on its way here has nothing to add to it.
        failure = alarm.__context__
        return _failed(failure if isinstance(failure, PipeError) else _out_of_time(), ci, log, verb)
    except Interrupted as interrupted:
        with suppress(OutOfTime):  # Nobody reads it.
            log.failure(f"✖ Interrupted by {interrupted.name}.")
        return interrupted.exit_code
    except Exception as error:
        return _defect(log, error)
    finally:
        signals.be_quiet()


def _called(verb: str) -> Verb:
    if not verb:
        return _GET_A_TOKEN
    from pipe import verbs  # noqa: PLC0415 - a pipeline's run has none

    return verbs.called(verb)


def _read_inputs(options: Options, verb: Verb, ci: CiSystem, invocation: Invocation) -> Inputs:
    try:
        given = read(
            options.values,
            invocation.env,
            invocation.cwd,
            env_file=options.env_file,
            unless_given=verb.unless_given,
        )
        # Before anything is checked: an error could repeat a value that is a secret in another input's place.
        for declared in TABLE:
            if declared.secret and declared.name in given:
                invocation.log.hide(forms(Secret(given[declared.name].text)))
        return checked_inputs(given, systems.names())
    except InputError as error:
        verb.wrong_inputs(error, ci, invocation)
        raise


def _keep_from_children(log: Log) -> None:
    """Let no secret and no token be inherited by what this program starts, as login does a browser.

    All of it is in `env` by now, which is a copy. A variable goes by its name, whether or not this run uses it, or by
    its text, where a job has the same secret under another name as well. What the kernel shows of this process itself
    (/proc/PID/environ) is its environment at the start, and stays.
    """
    gone, masks = secret_variables(), set(log.masks)
    for name, text in os.environ.copy().items():
        if name in gone or name.startswith(_MAY_HOLD_TOKENS) or f"{name}_EXPIRES_AT" in os.environ or text in masks:
            del os.environ[name]


def _deadline_so_far(options: Options, verb: Verb, env: Mapping[str, str], start: float) -> Deadline:
    """The deadline as it is known before any file is opened, for one may be a pipe that nobody writes to."""
    given = given_directly(BY_NAME["deadline"], options.values, env)
    seconds = float(verb.unless_given.get("deadline") or BY_NAME["deadline"].default)
    with suppress(InputError):  # Told when all inputs are checked.
        seconds = parse_seconds("deadline", given, at_least=0.1) if given else seconds
    return Deadline(seconds, start=start)


def _wants_summary(options: Options, env: Mapping[str, str]) -> bool:
    """Whether a failure to read the inputs goes to the page of the CI system, as far as it is known before."""
    given = given_directly(BY_NAME["summary"], options.values, env)
    return given is None or not says_no(given.text)


def _wants_print(options: Options, verb: Verb, env: Mapping[str, str]) -> bool:
    """Whether standard output belongs to data or the token, or could: an env file may say so, and is not read yet."""
    if verb.prints_data(options.arguments):
        return True
    if options.values.get("print") or options.env_file or env.get("ENV_FILE"):
        return True
    return any(env.get(name) for name in ("INPUT_PRINT", "PLUGIN_PRINT", "PRINT", "PRINT_FILE"))


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        raise InputError(
            "The working directory does not exist.",
            "It was deleted, or not mounted into this container.",
            "Start in a directory that exists (docker run --workdir).",
        ) from None


def _failed(error: PipeError, ci: CiSystem, log: Log, verb: Verb) -> int:
    # What went wrong is what counts, also where nobody reads it, and the alarm ends the telling.
    with suppress(OutOfTime):
        if log.debugging:
            _traceback(log, error)
        if verb.failed is None:
            ci.fail(error)
        else:
            verb.failed(error, ci)
    return error.exit_code if verb.failed is None else 0


def _defect(log: Log, error: BaseException) -> int:
    log.failure("✖ bitbucket-token has a defect and could not go on. Nothing was exported.")
    log.failure("  Please report it with the lines that debug: true adds.")
    if log.debugging:
        _traceback(log, error)
    return _DEFECT


def _traceback(log: Log, error: BaseException) -> None:
    for line in trace(error):
        log.failure(f"debug: {line}")


def _say_nothing(_told: object) -> None:
    """What becomes of an exception in a finalizer, or in a thread that was left behind."""


def _show(options: Options) -> None:
    from pipe.cli.help import text  # noqa: PLC0415 - a run needs no help

    with suppress(OSError):
        sys.stdout.write(text(options.verb) if options.shows == "help" else f"bitbucket-token {VERSION}\n")
        sys.stdout.flush()


def _fill_closed_streams() -> None:
    """Let a stream that was closed at the start fail when it is written, and let no file have its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDONLY), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _out_of_time() -> PipeError:
    return UnreachableError(
        "The run did not end within its deadline.",
        "A file that it reads or writes is a pipe without another end, or lies on a disk that hangs.",
        "Check the files that the inputs name, or raise deadline.",
    )
