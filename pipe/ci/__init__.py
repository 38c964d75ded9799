"""Where the token goes: one file for each CI system, found by its being here."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from pipe.ci.system import CiSystem

# What stands in this folder beside the systems.
_OTHERS = frozenset({"__init__", "system", "command_file"})
_FALLBACK = "none"


@cache
def names() -> tuple[str, ...]:
    """The names of all systems: those of their files."""
    stems = (path.stem for path in Path(__file__).parent.iterdir() if path.suffix == ".py")
    return tuple(sorted(stem for stem in stems if stem not in _OTHERS))


def called(name: str) -> type[CiSystem]:
    """The system called `name`, one of `names()`."""
    system: type[CiSystem] = import_module(f"pipe.ci.{name}").SYSTEM
    return system


def detect(env: Mapping[str, str]) -> type[CiSystem]:
    """The one system whose variables are in `env`, or the one that stands for none."""
    for name in names():
        if name != _FALLBACK and (system := called(name)).detect(env):
            return system
    return called(_FALLBACK)
