"""Where a new refresh token goes: one file for each kind of place, imported when an input names it."""

from pipe.errors import InputError
from pipe.export.stores.store import Store
from pipe.http.context import Context


def store_of(text: str, context: Context) -> Store | None:
    """Return the store that the input `refresh-token-store` names, None if it is empty. Raises `InputError`."""
    if not text:
        return None
    kind, _, where = text.partition(":")
    match kind:
        case "output":
            from pipe.export.stores.output import store  # noqa: PLC0415 - a run needs one of the three at most
        case "file":
            from pipe.export.stores.file import store  # noqa: PLC0415
        case "repository" | "deployment" | "workspace":
            from pipe.export.stores.variable import store  # noqa: PLC0415
        case _:
            raise InputError(
                "refresh-token-store names no place that is known.",
                "It is misspelt, or the word before the colon is missing.",
                "Allowed: output, file:PATH, repository:WORKSPACE/REPOSITORY/NAME, "
                "deployment:WORKSPACE/REPOSITORY/ENVIRONMENT/NAME, workspace:WORKSPACE/NAME.",
            )
    return store(kind, where, context)
