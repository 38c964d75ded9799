"""How a token is got: one file for each grant, named as in the input `grant`, which ends in `GRANT`."""

from collections.abc import Callable
from typing import NamedTuple

from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.inputs.plugins import Plugins
from pipe.oauth.token import AccessToken


def _uses_up_nothing(_inputs: Inputs) -> str:
    return ""


class Grant(NamedTuple):
    """One way to get a token, and what else can be done with it at the server that gives it."""

    acquire: Callable[[Inputs, Context], AccessToken]
    """Get a token. Raises a `PipeError` for each way that can fail."""
    delete: Callable[[Inputs, Context], tuple[str, int]] | None = None
    """Delete the tokens that this grant has created for the build, if it creates any; return their name and number."""
    look: Callable[[Inputs, Context], str] | None = None
    """Ask the server without changing anything, and say what was found; None if `acquire` changes nothing in use."""
    uses_up: Callable[[Inputs], str] = _uses_up_nothing
    """Say what a request uses up for good, so that `check` must not send one; empty if nothing."""
    makes_tokens: bool = True
    """Whether it gets tokens of its own, and not one that was there before the job and stays after it."""


_GRANTS: Plugins[Grant] = Plugins(__name__, __file__, "GRANT", others=("oauth", "giving_back"))

names = _GRANTS.names
called = _GRANTS.called
