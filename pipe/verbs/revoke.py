"""`bitbucket-token revoke`: the last step gives the token back, where the server takes it.

That is RFC 7009 for OAuth 2.0, and the deletion of an HTTP access token at a Data Center.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from pipe.ci.system import CiSystem
from pipe.errors import InputError, MissingInputError, PipeError
from pipe.grants import taking_back
from pipe.inputs import Inputs
from pipe.means import Means
from pipe.oauth_client import asks_cloud, client_of, require_client, server_of
from pipe.option import Option
from pipe.revocation import revoke
from pipe.run import World, mask_inputs, means_of
from pipe.secret import Secret

SUMMARY = "Give the token back, where the server takes it."
WORDS = ""
OPTIONS: tuple[Option, ...] = ()
UNLESS_GIVEN: dict[str, str] = {}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def run(inputs: Inputs, ci: CiSystem, world: World) -> None:
    """Revoke the token in the variable that `env-name` names, or in `access-token`.

    Raises `InputError` if the inputs are wrong. Everything else is a warning: by now the work of the pipeline is done,
    and a token that is not revoked ends by itself.
    """
    if (delete := taking_back(inputs.grant)) is not None:
        _delete(delete, inputs, ci, world)
        return
    token = inputs.access_token or Secret(world.env.get(inputs.env_name, ""))
    inputs = inputs._replace(access_token=token)
    mask_inputs(inputs, ci, world)
    means = means_of(inputs, ci, world)
    if not token:
        means.say(f"Nothing to revoke: {inputs.env_name} holds no token.")
        return
    end = _end(inputs, world)
    if asks_cloud(inputs) and not inputs.revocation_url:
        means.say(f"Bitbucket Cloud has no way to revoke a token: this one works until {end}.")
        return
    try:
        require_client(inputs)
    except MissingInputError as error:
        raise ci.explain_missing(error) from None
    try:
        host = _revoke(inputs, means, token)
    except InputError:
        raise
    except PipeError as error:
        means.say(f"Warning: the token is not revoked, and works until {end}: {error.what}")
        return
    if host:
        means.say(f"{host} has revoked the token.")
    else:
        means.say(f"Warning: the token is not revoked, and works until {end}: no revocation-url is known.")


def _delete(delete: Callable[[Inputs, Means], int], inputs: Inputs, ci: CiSystem, world: World) -> None:
    """Delete the tokens of a name, of which this job has created one."""
    mask_inputs(inputs, ci, world)
    means = means_of(inputs, ci, world)
    try:
        count = delete(inputs, means)
    except MissingInputError as error:
        raise ci.explain_missing(error) from None
    except InputError:
        raise
    except PipeError as error:
        means.say(
            f"Warning: the token called {inputs.token_name} is not deleted, and works until {_end(inputs, world)}: "
            f"{error.what}"
        )
        return
    means.say(f"Deleted the token called {inputs.token_name}." if count else "There is no token of that name any more.")


def _revoke(inputs: Inputs, means: Means, token: Secret) -> str:
    """Return the host that has revoked the token; empty if the server does not say where it does that."""
    server = server_of(inputs, means)
    url = inputs.revocation_url or server.revocation_endpoint
    if not url:
        return ""
    host = urlsplit(url).netloc
    means.say(f"Asking {host} to revoke the token.")
    means.retried(lambda: revoke(means.http, url, client_of(inputs, means, server), token, means.masked()))
    return host


def _end(inputs: Inputs, world: World) -> str:
    told = world.env.get(f"{inputs.env_name}_EXPIRES_AT", "")
    return told if _MOMENT.fullmatch(told) else "its lifetime ends"
