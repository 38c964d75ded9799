"""What a grant is given."""

from typing import NamedTuple

from pipe.export.stores.store import Store
from pipe.http.context import Means
from pipe.inputs.inputs import Inputs


class TokenRequest(NamedTuple):
    """The checked inputs, the means to act on them, and where a new refresh token goes.

    `build` is what the CI system calls the job and no other one, empty if it does not say.
    """

    inputs: Inputs
    means: Means
    store: Store | None = None
    build: str = ""

    def __repr__(self) -> str:
        return f"TokenRequest({self.inputs.grant})"
