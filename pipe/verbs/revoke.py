"""`bitbucket-token revoke`: the last step gives the token back, where the server takes it, and removes the env file.

The server takes it by RFC 7009 for OAuth 2.0, and by the deletion of an HTTP access token at a Data Center.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from pipe.ci.system import CiSystem
from pipe.errors import InputError, MissingInputError, PipeError
from pipe.grants import taking_back
from pipe.inputs import Inputs
from pipe.leftovers import remove
from pipe.means import Means
from pipe.oauth_client import asks_cloud, client_of, require_client, server_of
from pipe.option import Option
from pipe.revocation import revoke
from pipe.run import World, mask_inputs, means_of
from pipe.secret import Secret, forms
from pipe.token import GIT_USER

SUMMARY = "Give the token back, where the server takes it, and remove the env file."
WORDS = ""
OPTIONS: tuple[Option, ...] = ()
UNLESS_GIVEN: dict[str, str] = {}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class Held(NamedTuple):
    """The token that is to be given back, as far as it is known here, and its end as it was told."""

    token: Secret
    end: str = ""

    def works_until(self) -> str:
        """Its end in words."""
        return self.end or "its lifetime ends"

    def has_ended(self) -> bool:
        """Whether its end is known, and is past."""
        return bool(self.end) and datetime.fromisoformat(self.end) <= datetime.now(UTC)


def run(inputs: Inputs, ci: CiSystem, world: World) -> None:
    """Revoke the token in the variable that `env-name` names, or in `access-token`, unless `revoke` is false.

    Raises `InputError` if the inputs are wrong. Everything else is a warning: by now the work of the pipeline is done,
    and a token that is not revoked ends by itself.
    """
    exported = exported_token(inputs, world.env)
    given = taking_back(inputs.grant) is None and bool(inputs.access_token)
    held = Held(inputs.access_token) if given else exported
    if not begin(inputs, ci, world, held):
        return
    if taking_back(inputs.grant) is None and not held.token:
        world.log.line(f"Nothing to revoke: {inputs.env_name} holds no token.")
        return
    try:
        if not give_back(inputs, ci, means_of(inputs, ci, world), held):
            ci.warn(no_way(held))
    except InputError:
        raise
    except PipeError as error:
        ci.warn(not_given_back(inputs, held, error))


def exported_token(inputs: Inputs, env: Mapping[str, str]) -> Held:
    """What a run has exported under the name of the inputs."""
    return Held(Secret(env.get(inputs.env_name, "")), moment(env.get(f"{inputs.env_name}_EXPIRES_AT", "")))


def moment(text: str) -> str:
    """Return `text` if it is a time as this program writes it, else nothing."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if _MOMENT.fullmatch(text) else ""


def begin(inputs: Inputs, ci: CiSystem, world: World, held: Held) -> bool:
    """Mask what is known, and remove the env file; return False, and do nothing, if `revoke` is false."""
    mask_inputs(inputs, ci, world)
    if held.token:
        masks = forms(held.token, key=GIT_USER)
        world.log.hide(masks)
        ci.mask(masks)
    if not inputs.revoke:
        world.log.line("revoke is false: nothing is given back, and no file is removed.")
        return False
    path = world.cwd / (Path(inputs.output_file) if inputs.output_file else ci.default_file())
    try:
        if remove(path):
            world.log.line(f"Removed the env file {str(path)!r}.")
    except PipeError as error:
        ci.warn(f"A file is left that may hold the token: {error.what}")
    return True


def give_back(inputs: Inputs, ci: CiSystem, means: Means, held: Held) -> bool:
    """Give the token back, and say so; return whether there is a way to, as far as is known.

    Raises a `PipeError` if the inputs lack something, or the server does not do it.
    """
    if held.has_ended():
        means.say(f"Nothing to revoke: the token has ended by itself, at {held.end}.")
        return True
    try:
        if (delete := taking_back(inputs.grant)) is not None:
            means.say(_deleted(inputs, *delete(inputs, means, ci.build_name())))
            return True
        if asks_cloud(inputs) and not inputs.revocation_url:
            means.say(f"Bitbucket Cloud has no way to revoke a token: this one works until {held.works_until()}.")
            return True
        require_client(inputs)
        return _revoke(inputs, means, held.token)
    except MissingInputError as error:
        raise ci.explain_missing(error) from None


def no_way(held: Held) -> str:
    """What to say if `give_back` knows none."""
    return f"The token is not revoked, and works until {held.works_until()}: no revocation-url is known."


def not_given_back(inputs: Inputs, held: Held, error: PipeError) -> str:
    """What to say if `give_back` has failed."""
    named = f" called {inputs.token_name}" if inputs.token_name else ""
    done = "revoked" if taking_back(inputs.grant) is None else "deleted"
    return f"The token{named} is not {done}, and works until {held.works_until()}: {error.what}"


def _deleted(inputs: Inputs, name: str, count: int) -> str:
    """What to say of the tokens of a name, of which this job has created one."""
    if count:
        return f"Deleted the token called {name}."
    if inputs.token_name:
        return f"There is no token called {name} any more."
    return f"There is no token called {name}. If another step made it, give both steps the same token-name."


def _revoke(inputs: Inputs, means: Means, token: Secret) -> bool:
    """Return whether the server says where it revokes tokens, and then has done so."""
    server = server_of(inputs, means)
    url = inputs.revocation_url or server.revocation_endpoint
    if not url:
        return False
    host = urlsplit(url).netloc
    means.say(f"Asking {host} to revoke the token.")
    worked = means.retried(lambda: revoke(means.http, url, client_of(inputs, means, server), token, means.masked()))
    means.say(f"{host} has revoked the token." if worked else f"{host} says that the token has ended already.")
    return True
