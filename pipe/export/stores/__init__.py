"""Where a new refresh token goes: one file for each kind of place, imported when an input names it."""

from importlib import import_module

from pipe.errors import InputError
from pipe.export.stores.store import Store
from pipe.http.context import Means

_FILES = {
    "output": "output",
    "file": "file",
    "repository": "variable",
    "deployment": "variable",
    "workspace": "variable",
}


def store_named(text: str, means: Means) -> Store:
    """The store that the input `refresh-token-store` names. Raises `InputError` if there is none of that name."""
    kind, _, where = text.partition(":")
    if kind not in _FILES:
        raise InputError(
            "refresh-token-store names no place that is known.",
            "It is misspelt, or the word before the colon is missing.",
            "Allowed: output, file:PATH, repository:WORKSPACE/REPOSITORY/NAME, "
            "deployment:WORKSPACE/REPOSITORY/ENVIRONMENT/NAME, workspace:WORKSPACE/NAME.",
        )
    store: Store = import_module(f"pipe.export.stores.{_FILES[kind]}").store(kind, where, means)
    return store
