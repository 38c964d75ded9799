"""The one way in which the word of an input chooses a file: a grant, a CI system, or what the program does.

A new one is a new file in its folder and is found by its being there. Only the file that is called is imported, since
a run needs one of many.
"""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar, cast

Contract = TypeVar("Contract")


class Plugins(Generic[Contract]):
    """The files and folders beside `init_file`, a package's `__init__.py`, but for those whose names are in `others`.

    Each assigns an object of the type `Contract` to the name `constant`, so that a type checker sees what is in it.
    """

    def __init__(self, package: str, init_file: str, constant: str, *, others: Collection[str]) -> None:
        self._package = package
        self._folder = Path(init_file).parent
        self._constant = constant
        self._others = frozenset(others)
        self._names: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the words that can be called, in alphabetical order."""
        if not self._names:
            found = {path.stem for path in self._folder.iterdir() if path.name[0] not in "_."}
            self._names = tuple(sorted(found - self._others))
        return self._names

    def called(self, name: str) -> Contract:
        """Return what the file called `name`, one of `names()`, assigns to the constant."""
        return cast("Contract", getattr(import_module(f"{self._package}.{name}"), self._constant))
