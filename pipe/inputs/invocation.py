"""One start of the program: its command line beyond the inputs, and all that it touches outside itself."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TextIO

from pipe.http.retry import Deadline
from pipe.redaction.log import Log

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Option(NamedTuple):
    """One option of a verb: its name in kebab case, and what it means to a user."""

    name: str
    meaning: str
    value: str = ""
    """What its value is called in the help; without one it is a flag."""
    many: bool = False
    """Whether it may be given more than once."""


class Arguments(NamedTuple):
    """What the command line says beyond the inputs: the words, and the values of each option by its name."""

    words: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = _NOTHING

    def __repr__(self) -> str:
        return f"Arguments({len(self.words)} words, {', '.join(self.options)})"

    def has(self, name: str) -> bool:
        """Whether the flag called `name` is there."""
        return name in self.options

    def value(self, name: str, otherwise: str = "") -> str:
        """The value of the option called `name`."""
        return self.options.get(name, (otherwise,))[-1]

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of the option called `name`, in their order."""
        return self.options.get(name, ())


class Invocation(NamedTuple):
    """One start of the program: all that it touches outside itself.

    The command line (`pipe.cli.main`) makes it, and hands it to what is to be done. Nobody changes it.
    """

    env: Mapping[str, str]
    cwd: Path
    stdout: TextIO
    log: Log
    deadline: Deadline
    sleep: Callable[[float], None] = time.sleep
    uninterrupted: Callable[[], AbstractContextManager[None]] = nullcontext
    """Lets a block be done to its end before an interrupt counts."""
    arguments: Arguments = Arguments()
    """What the command line says beyond the inputs."""
    stdin: TextIO | None = None
    terminal: TextIO | None = None
    """Where progress is shown: standard error if it is a terminal, and standard output is not."""

    def __repr__(self) -> str:
        return f"Invocation({str(self.cwd)!r})"
