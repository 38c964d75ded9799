"""`bitbucket-token revoke`: the last step gives the token back, where the server takes it, and removes the env file."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pipe import grants
from pipe.ci.system import CiSystem
from pipe.errors import InputError, PipeError
from pipe.export.git import ORIGIN
from pipe.export.leftovers import remove
from pipe.export.variables import NAME, SERVER
from pipe.grants.giving_back import HeldToken, give_back, no_way_to_revoke, not_given_back, taken_back_by
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Invocation
from pipe.oauth.endpoints import origin_of
from pipe.oauth.token import GIT_USER
from pipe.redaction.secret import Secret, broken_lines, forms
from pipe.run import context_of, mask_inputs
from pipe.verbs import Verb

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Revoke the token in the variable that `env-name` names, or in `access-token`, unless `revoke` is false.

    Raises `InputError` if the inputs are wrong. Everything else is a warning: by now the work of the pipeline is done,
    and a token that is not revoked ends by itself.
    """
    exported = exported_token(inputs, invocation.env)
    given = grants.called(inputs.grant).delete is None and bool(inputs.access_token)
    held = HeldToken(inputs.access_token) if given else exported
    if not begin(inputs, ci, invocation, held):
        return
    if not given:
        _refuse_another_server(inputs, invocation.env)
        inputs = inputs._replace(token_name=inputs.token_name or exported_name(inputs, invocation.env))
    if grants.called(inputs.grant).delete is None and not held.token:
        invocation.log.line(f"Nothing to revoke: {inputs.env_name} holds no token.")
        return
    try:
        if not give_back(inputs, context_of(inputs, ci, invocation), held):
            ci.warn(no_way_to_revoke(held))
    except InputError:
        raise
    except PipeError as error:
        ci.warn(not_given_back(inputs, held, error))


def _refuse_another_server(inputs: Inputs, env: Mapping[str, str]) -> None:
    """Raise `InputError` if the exported token is of another server than the one that would be asked to revoke it."""
    asked = taken_back_by(inputs)
    told = env.get(inputs.env_name + SERVER) or env.get(inputs.env_name + ORIGIN) or ""
    if asked and told and origin_of(asked) != origin_of(told):
        raise InputError(
            f"The token in {inputs.env_name} is of another server than the one that was to revoke it.",
            f"{inputs.env_name}{SERVER} or {inputs.env_name}{ORIGIN} beside it names the server that it is of.",
            "Give this step the inputs of the step that got the token, or its env-name.",
        )


def exported_token(inputs: Inputs, env: Mapping[str, str]) -> HeldToken:
    """What a run has exported under the name of the inputs."""
    return HeldToken(Secret(env.get(inputs.env_name, "")), moment(env.get(f"{inputs.env_name}_EXPIRES_AT", "")))


def exported_name(inputs: Inputs, env: Mapping[str, str]) -> str:
    """Return the name under which the server that would be asked lists the exported token; empty if none is told."""
    same = env.get(inputs.env_name + SERVER, "") == taken_back_by(inputs)
    return env.get(inputs.env_name + NAME, "") if same else ""


def moment(text: str) -> str:
    """Return `text` if it is a time as this program writes it, else nothing."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if _MOMENT.fullmatch(text) else ""


def begin(inputs: Inputs, ci: CiSystem, invocation: Invocation, held: HeldToken) -> bool:
    """Mask what is known, and remove what files hold the token; return False, and do nothing, if `revoke` is false."""
    mask_inputs(inputs, ci, invocation)
    if held.token:
        masks = forms(held.token, key=GIT_USER)
        invocation.log.hide(masks)
        ci.mask((*masks, *broken_lines(held.token)))
    if not inputs.revoke:
        invocation.log.line("revoke is false: nothing is given back, and no file is removed.")
        return False
    path = invocation.cwd / (Path(inputs.output_file) if inputs.output_file else ci.default_file())
    places: list[Callable[[], list[str]]] = [lambda: _remove(path), lambda: ci.withdraw(inputs.env_name)]
    for clear in places:
        try:
            with invocation.uninterrupted():
                lines = clear()
        except PipeError as error:
            lines = []
            ci.warn(f"A file is left that may hold the token: {error.what}")
        for line in lines:
            invocation.log.line(line)
    return True


def _remove(path: Path) -> list[str]:
    return [f"Removed the env file {str(path)!r}."] if remove(path) else []


VERB = Verb(run, "Give the token back, where the server takes it, and remove the env file.")
