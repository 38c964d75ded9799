"""Where a new refresh token goes: one file for each kind of place."""

from pathlib import Path

from pipe.bitbucket.api import Api
from pipe.errors import InputError
from pipe.means import Means
from pipe.stores.file import FileStore
from pipe.stores.output import OutputStore
from pipe.stores.store import Store
from pipe.stores.variable import VariableStore, address


def store_named(text: str, means: Means) -> Store:
    """The store that the input `refresh-token-store` names. Raises `InputError` if there is none of that name."""
    kind, _, where = text.partition(":")
    if text == "output":
        return OutputStore(means.set_output)
    if kind == "file" and where:
        return FileStore(means.cwd / Path(where), means.http.deadline)
    if kind in ("repository", "deployment", "workspace"):
        return VariableStore(address(kind, where), lambda token: Api(means, f"Bearer {token.reveal()}"))
    raise InputError(
        "refresh-token-store names no place that is known.",
        "It is misspelt, or the part after the colon is missing.",
        "Allowed: output, file:PATH, repository:WORKSPACE/REPOSITORY/NAME, "
        "deployment:WORKSPACE/REPOSITORY/ENVIRONMENT/NAME, workspace:WORKSPACE/NAME.",
    )
