"""The command line, split into inputs and their values. No error repeats a value: it may be a misplaced secret."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipe.errors import InputError
from pipe.inputs.invocation import Arguments, Option
from pipe.inputs.table import BY_NAME
from pipe.inputs.values import says_no, says_yes


class Options(NamedTuple):
    """What the command line says."""

    values: dict[str, str]
    """The inputs given, by name."""
    env_file: str = ""
    shows: str = ""
    """`help` or `version` if only that is asked for."""
    verb: str = ""
    """The first word, if it is one of `pipe.verbs`."""
    arguments: Arguments = Arguments()
    """What is there for the verb alone."""


def split(arguments: Sequence[str]) -> Options:
    """Split a verb, its words, `--name value`, `--name=value` and bare flags. Raises `InputError` for anything else."""
    values: dict[str, str] = {}
    own: dict[str, tuple[str, ...]] = {}
    words: list[str] = []
    rest = list(arguments)
    verb = rest.pop(0) if _is_verb(rest[:1]) else ""
    takes_words, known = _own_options(verb)
    while rest:
        argument = rest.pop(0)
        if argument in ("--help", "-h", "--version"):
            return Options({}, shows="version" if argument == "--version" else "help", verb=verb)
        if takes_words and not argument.startswith("-"):
            words.append(argument)
            continue
        name, equals, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not (name == "env-file" or name in BY_NAME or name in known):
            raise _unknown(argument)
        if not equals:
            text = _value_of(name, rest, known)
        if name in values or (name in own and not known[name].many):
            raise InputError(f"--{name} is given twice.", "Only one value can count.", "Give it once.")
        if name in known:
            own[name] = (*own.get(name, ()), text)
        else:
            values[name] = text
    return Options(values, env_file=values.pop("env-file", ""), verb=verb, arguments=Arguments(tuple(words), own))


def _is_verb(words: list[str]) -> bool:
    if not words or words[0].startswith("-"):
        return False
    from pipe.verbs import names  # noqa: PLC0415 - a pipeline's run has none

    return words[0] in names()


def _own_options(verb: str) -> tuple[bool, Mapping[str, Option]]:
    """Whether the verb takes words, and its options by name."""
    if not verb:
        return False, {}
    from pipe.verbs import called  # noqa: PLC0415

    found = called(verb)
    return bool(found.words), {option.name: option for option in found.options}


def _value_of(name: str, rest: list[str], known: Mapping[str, Option]) -> str:
    """Take the value of `name` from the words that follow; a flag is true unless the next of them is true or false."""
    if name in known and not known[name].value:
        return "true"
    if name in BY_NAME and BY_NAME[name].flag and not (rest and (says_yes(rest[0]) or says_no(rest[0]))):
        return "true"
    if not rest:
        raise InputError(f"--{name} has no value.", "The command line ends after it.", "See --help.")
    return rest.pop(0)


def _unknown(argument: str) -> InputError:
    name = re.match(r"--[a-z][a-z-]{0,30}(?==|$)", argument)
    return InputError(
        f"There is no option {name[0]}." if name else "The command line holds a word that is no option.",
        "It is misspelt, or from another version. Options are written --name value or --name=value.",
        "See --help. A secret belongs in the environment, never on the command line.",
    )
