"""What a grant gets to work with."""

from collections.abc import Callable
from typing import NamedTuple

from pipe.http import Http
from pipe.inputs import Inputs
from pipe.token import AccessToken


class TokenRequest(NamedTuple):
    """The checked inputs and the means to act on them."""

    inputs: Inputs
    http: Http
    retried: Callable[[Callable[[], AccessToken]], AccessToken]
    """Calls one attempt again as often as the inputs allow."""
    say: Callable[[str], None]
    """Tells the user in one line what is going on."""
    masks: tuple[str, ...]
    """The texts that no error may repeat."""

    def __repr__(self) -> str:
        return f"TokenRequest({self.inputs.grant})"
