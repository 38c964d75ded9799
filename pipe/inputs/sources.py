"""Where the value of an input comes from: command line, environment, files, strongest first."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipe.errors import InputError
from pipe.inputs.table import BY_NAME, TABLE, Input
from pipe.inputs.values import DEFAULT, Given

LARGEST_FILE = 64 * 1024
"""Bytes that a secret's file or an env file may have."""

_CONSUMER = (BY_NAME["consumer-key"], BY_NAME["consumer-secret"])
# The other names that give key and secret, strongest pair first. Azure, Auth0 and many others use those of the last.
_ALIASES = tuple(zip(*(declared.aliases for declared in _CONSUMER), strict=True))

# `CHANNEL_FILE` is the input channel-file, and not a file that holds the input channel.
_INPUTS_OWN = frozenset(declared.variable for declared in TABLE)


def read(
    options: Mapping[str, str],
    env: Mapping[str, str],
    cwd: Path,
    *,
    env_file: str = "",
    unless_given: Mapping[str, str] | None = None,
) -> dict[str, Given]:
    """Collect what was given for each input; empty means not given.

    `options` is the command line, already split into names and values. A `.env` is read only when named by
    `env-file` or `ENV_FILE`: in CI the working directory is untrusted, and a committed file could send the secret
    elsewhere. `unless_given` has the values of inputs that nobody gave. Raises `InputError` when a secret stands on the
    command line or a named file cannot be read.
    """
    for name in options:
        if BY_NAME[name].secret:
            raise InputError(
                f"--{name} is not taken from the command line.",
                "Every process of the machine can read the command lines of the others.",
                f"Set the environment variable {BY_NAME[name].variable}, or put the secret into a file "
                f"and name that in {BY_NAME[name].variable}_FILE.",
            )
    named = env_file or env.get("ENV_FILE", "")
    places = _Places(options, env, _env_file(cwd / named) if named else {}, cwd)
    given = {name: Given(text, DEFAULT) for name, text in (unless_given or {}).items()}
    chosen = {}
    for name in ("grant", "client-auth"):
        found = places.first(BY_NAME[name]) or given.get(name)
        chosen[name] = found.text if found else BY_NAME[name].default
    consumer = places.consumer()
    for declared in TABLE:
        if declared in _CONSUMER:
            found = consumer[declared.name]
        else:
            foreign = not _is_used(declared, chosen) or (declared.names_server and _is_declared(declared, env))
            found = places.first(declared._replace(own_variable=False) if foreign else declared)
        if found is not None and (found.text or found.passed_over):
            given[declared.name] = found
    return given


def _is_used(declared: Input, chosen: Mapping[str, str]) -> bool:
    """Whether the run has a use for it.

    PASSWORD or CODE in a job's environment is nobody's secret here otherwise: masking its value could star a whole log.
    """
    if not declared.grants and not declared.client_auths:
        return True
    return chosen["grant"] in declared.grants or chosen["client-auth"] in declared.client_auths


def _is_declared(declared: Input, env: Mapping[str, str]) -> bool:
    """Whether a runner knows this input: it then sets the variable to nothing where the workflow does not give it."""
    return f"INPUT_{declared.name.upper()}" in env or f"INPUT_{declared.variable}" in env


def given_directly(declared: Input, options: Mapping[str, str], env: Mapping[str, str]) -> Given | None:
    """What the command line and the environment themselves say of one input, without opening any file."""
    if text := options.get(declared.name, ""):
        return Given(text, f"--{declared.name}")
    return _in_env((*_prefixed(declared), *_own_variables(declared)), env)


def secret_variables() -> frozenset[str]:
    """Return the names of all variables that can hold a secret, or name a file that does."""
    names = {
        name for declared in TABLE if declared.secret for name in (*_prefixed(declared), *_own_variables(declared))
    }
    return frozenset({"ENV_FILE", *names, *(f"{name}_FILE" for name in names)})


def _in_env(variables: Iterable[str], env: Mapping[str, str]) -> Given | None:
    return next((Given(env[variable], variable) for variable in variables if env.get(variable)), None)


def _prefixed(declared: Input) -> tuple[str, ...]:
    return f"INPUT_{declared.name.upper()}", f"INPUT_{declared.variable}", f"PLUGIN_{declared.variable}"


def _own_variables(declared: Input) -> tuple[str, ...]:
    return (declared.variable, *declared.aliases) if declared.own_variable else ()


class _Places(NamedTuple):
    """All the places that an input can be given in."""

    options: Mapping[str, str]
    env: Mapping[str, str]
    from_file: Mapping[str, str]
    cwd: Path

    def first(self, declared: Input) -> Given | None:
        """Return what the strongest place gives."""
        return given_directly(declared, self.options, self.env) or self._in_files(_own_variables(declared))

    def _in_files(self, own: Sequence[str]) -> Given | None:
        for variable in (f"{name}_FILE" for name in own):
            path = self.env.get(variable, "") if variable not in _INPUTS_OWN else ""
            if path and (text := _file_content(self.cwd / path, variable)):
                return Given(text, variable)
        for variable in own:
            if text := self.from_file.get(variable, ""):
                return Given(text, f"{variable} in the env file")
        return None

    def consumer(self) -> dict[str, Given]:
        """Return the consumer's key and secret, both by the names of one pair: the strongest that gives either.

        A half of another pair may be another service's, and must not be sent to this one. So it is not taken, and the
        missing half says that it was there. Where a runner declares the inputs, the names that everybody uses are not
        read at all: whoever writes a workflow says which input has which secret.
        """
        declares = any(_is_declared(declared, self.env) for declared in _CONSUMER)
        found = [self.first(declared._replace(aliases=())) for declared in _CONSUMER]
        for pair in _ALIASES[:-1] if declares else _ALIASES:
            if not any(found):
                found = [_in_env([name], self.env) or self._in_files([name]) for name in pair]
        key, secret = found
        return {
            "consumer-key": key or self._missing(0, secret, declares=declares),
            "consumer-secret": secret or self._missing(1, key, declares=declares),
        }

    def _missing(self, half: int, other: Given | None, *, declares: bool) -> Given:
        """Say what is there for one half, the first or the second, and does not count; `other` is the one that does."""
        names = (_CONSUMER[half].variable, *(pair[half] for pair in _ALIASES))
        name = next((name for name in names if self._has(name)), "")
        if not name or not (other or declares):
            return Given("", "")
        if other:
            why = f"not taken: key and secret are taken by one pair of names, and the other one is from {other.source}"
        else:
            why = "not read in an action: it may be another service's"
        return Given("", "", f"{name} is set, but {why}.")

    def _has(self, variable: str) -> bool:
        return any((self.env.get(variable), self.env.get(f"{variable}_FILE"), self.from_file.get(variable)))


def _file_content(path: Path, source: str) -> str:
    """The file's text without its last newline, as Docker secrets and editors write it."""
    text = _read(path, source)
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _env_file(path: Path) -> dict[str, str]:
    """The variables of a dotenv file, taken literally: `$X` in a secret is no reference."""
    text = _read(path, "env-file")
    from io import StringIO  # noqa: PLC0415 - a run without an env file needs neither of these

    from dotenv import dotenv_values  # noqa: PLC0415

    values = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value}


def _read(path: Path, source: str) -> str:
    try:
        with open(path, "rb", buffering=0, opener=_open_ready) as file:
            data = _read_up_to(file.fileno(), LARGEST_FILE + 1)
        if len(data) <= LARGEST_FILE:
            # Editors on Windows begin a file with a byte order mark, which is no part of its text.
            return data.decode("utf-8-sig")
        problem, now = f"is larger than {LARGEST_FILE} bytes", "Name a file that holds only what is meant."
    except UnicodeDecodeError:
        problem, now = "is not UTF-8 text", "Store it as plain UTF-8 text."
    except ValueError:  # a NUL in the path
        problem, now = "has an impossible name", "Name a file that exists."
    except OSError as error:
        problem = f"cannot be read ({os.strerror(error.errno) if error.errno else 'unknown reason'})"
        now = "Check that the file exists, is readable in this container, and is mounted into it."
    raise InputError(
        f"The file that {source} names {problem}.",
        "The path is wrong here, or the file is not the one that is meant.",
        now,
    )


def _open_ready(path: str, flags: int) -> int:
    """Open a file, or a pipe as in `<(...)`; anything else that could wait for ever is refused."""
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(21, "Is a directory")
    return descriptor


def _read_up_to(descriptor: int, most: int) -> bytes:
    data = b""
    while len(data) < most and (chunk := os.read(descriptor, most - len(data))):
        data += chunk
    return data
