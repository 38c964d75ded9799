"""What the command line of a verb takes beside the inputs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

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
        """All values of the option called `name`, in their order."""
        return self.options.get(name, ())
