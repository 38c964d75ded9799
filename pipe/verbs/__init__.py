"""What the program does when the first word of its command line says so: one file or folder a word, ending in `VERB`.

Without such a word the program gets a token (`pipe.run`).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipe.ci.system import CiSystem
from pipe.errors import InputError, PipeError
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Invocation, Option
from pipe.inputs.plugins import Plugins


def _prints_no_data(_arguments: Arguments) -> bool:
    return False


def _says_nothing_more(_error: InputError, _ci: CiSystem, _invocation: Invocation) -> None:
    pass


class Verb(NamedTuple):
    """What the program does when the first word of its command line says so, or when there is no such word."""

    run: Callable[[Inputs, CiSystem, Invocation], None]
    """Do it. Raises a `PipeError` for each way that can fail."""
    summary: str
    """What it does, in one line."""
    words: str = ""
    """What the words after it are called; empty if it takes none."""
    options: tuple[Option, ...] = ()
    """What it takes beside the inputs."""
    unless_given: Mapping[str, str] = MappingProxyType({})
    """The values of inputs that nobody gave, where they are not those of the table."""
    prints_data: Callable[[Arguments], bool] = _prints_no_data
    """Whether standard output is for a program to read; what is said then goes to standard error."""
    wrong_inputs: Callable[[InputError, CiSystem, Invocation], None] = _says_nothing_more
    """Tell of inputs that cannot be read, beside the failure itself."""
    failed: Callable[[PipeError, CiSystem], None] | None = None
    """Tell of a failure that is none of the job's; the program then ends with 0."""


_VERBS: Plugins[Verb] = Plugins(__name__, __file__, "VERB", others=())

names = _VERBS.names
called = _VERBS.called
