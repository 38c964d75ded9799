"""What a grant is given."""

from typing import NamedTuple

from pipe.inputs import Inputs
from pipe.means import Means
from pipe.stores.store import Store


class TokenRequest(NamedTuple):
    """The checked inputs, the means to act on them, and where a new refresh token goes."""

    inputs: Inputs
    means: Means
    store: Store | None = None

    def __repr__(self) -> str:
        return f"TokenRequest({self.inputs.grant})"
