"""An output of the step, for CI systems that have outputs and mask them."""

from pipe.errors import InputError
from pipe.export.stores.store import Store
from pipe.http.context import Context
from pipe.redaction.secret import Secret


def store(kind: str, where: str, context: Context) -> Store:
    """Return the store `output`. Raises `InputError` where there are no outputs: before a refresh token is used up."""
    if where:
        raise InputError(
            f"refresh-token-store {kind} takes no name.",
            "The output is always called refresh-token.",
            "Write refresh-token-store: output.",
        )
    if not context.has_outputs:
        raise InputError(
            "refresh-token-store cannot be output here.",
            "Outputs that stay hidden exist only in actions of GitHub, Gitea and Forgejo.",
            "Choose another place, such as file:PATH, or a secured variable of Bitbucket Pipelines.",
        )
    return OutputStore(context)


class OutputStore(Store):
    """The output `refresh-token`. It lasts as long as the job; a later step has to put it where it stays."""

    place = "the output refresh-token"

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:  # noqa: ARG002 - an output needs no token
        """Set the output. It stays set if the run fails later: a step with `if: always()` can still keep it."""
        self._context.set_output("refresh-token", refresh_token)
