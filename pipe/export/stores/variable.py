"""A secured variable of Bitbucket Pipelines, set through the REST API with the new access token.

Sources: the REST API's groups "Pipelines" and "Deployments". By Bitbucket's OpenAPI, `pipeline` reads variables and
environments, and `pipeline:variable` ("Pipelines: edit variables" at the consumer), which implies it, sets variables.
Environments cannot be asked for by their name (BCLOUD-22285), so their list is searched.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from pipe.bitbucket.cloud import Api
from pipe.errors import AnswerError, InputError, UnfitTokenError
from pipe.export.stores.store import Store
from pipe.http.context import Context
from pipe.redaction.secret import Secret

_FORMS = {
    "repository": "WORKSPACE/REPOSITORY/NAME",
    "deployment": "WORKSPACE/REPOSITORY/ENVIRONMENT/NAME",
    "workspace": "WORKSPACE/NAME",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_UUID = re.compile(r"\{[0-9A-Fa-f-]{36}\}", re.ASCII)


class Address(NamedTuple):
    """One variable: its kind, the workspace, repository and environment around it, and its name."""

    kind: str
    around: tuple[str, ...]
    name: str


def store(kind: str, where: str, context: Context) -> Store:
    """Return the store `repository:...`, `deployment:...` or `workspace:...`."""
    return VariableStore(address(kind, where), lambda token: Api(context, f"Bearer {token.reveal()}"))


def address(kind: str, text: str) -> Address:
    """Take `WORKSPACE/REPOSITORY/NAME` and its like apart. Raises `InputError`."""
    *around, name = parts = text.split("/")
    if len(parts) != _FORMS[kind].count("/") + 1 or not all(part.strip(" .") for part in parts):
        raise InputError(
            f"refresh-token-store names no {kind} variable.",
            "A part is missing, or there is one too many.",
            f"Write {kind}:{_FORMS[kind]}.",
        )
    if not _NAME.fullmatch(name):
        raise InputError(
            f"refresh-token-store names a {kind} variable with a name that none can have.",
            "The last part is the variable's name: letters, digits and _, no digit first.",
            f"Write {kind}:{_FORMS[kind]}.",
        )
    return Address(kind, tuple(around), name)


class VariableStore(Store):
    """The refresh token in a secured variable, which later runs get as their input."""

    def __init__(self, where: Address, api: Callable[[Secret], Api]) -> None:
        self.place = f"the {where.kind} variable {where.name}"
        self._where = where
        self._api = api

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:
        """Change the variable, or make it. It is secured: neither logs nor the API ever show its value.

        By now the old refresh token is used up, so this holds out against lists that are faulty: what was not found is
        made, which Bitbucket refuses (HTTP 409) if it is there.
        """
        api = self._api(access_token)
        variables, slash = self._variables(api)
        body = {"key": self._where.name, "value": refresh_token.reveal(), "secured": True}
        uuid = self._listed(api, variables + slash)
        if not uuid:
            try:
                api.send("POST", variables + slash, body)
                return
            except AnswerError:
                # It may be there all the same: on a page that was not seen, made by another run, or by a request whose
                # answer was lost.
                uuid = self._listed(api, variables + slash, by_number=True)
                if not uuid:
                    raise
        api.send("PUT", f"{variables}/{quote(uuid)}", body)

    def _listed(self, api: Api, path: str, *, by_number: bool = False) -> str:
        """The UUID of the variable in the list at `path`; an empty text if it is not in what can be had of that."""
        with suppress(AnswerError):
            return _found(api.pages(path, by_number=by_number), "key", self._where.name)
        return ""

    def _variables(self, api: Api) -> tuple[str, str]:
        """Return the path of the variables around this one, and what the path of their list ends in."""
        around = [quote(part, safe="") for part in self._where.around]
        if self._where.kind == "workspace":
            return f"/workspaces/{around[0]}/pipelines-config/variables", ""
        repository = f"/repositories/{around[0]}/{around[1]}"
        if self._where.kind == "repository":
            return f"{repository}/pipelines_config/variables", "/"
        environment = self._where.around[2]
        if not _UUID.fullmatch(environment):
            environment = _found(api.pages(f"{repository}/environments/"), "name", environment)
        if not environment:
            raise UnfitTokenError(
                f"The repository {'/'.join(self._where.around[:2])} has no deployment environment of that name.",
                "It is misspelt (upper and lower case count), or was never made.",
                "Look it up under Repository settings, Deployments; or name it by its UUID, braces included.",
            )
        return f"{repository}/deployments_config/environments/{quote(environment)}/variables", ""


def _found(objects: Iterable[dict[str, object]], member: str, value: str) -> str:
    """The UUID of that of `objects` whose `member` is `value`, or an empty text."""
    for one in objects:
        uuid = one.get("uuid")
        if one.get(member) == value and isinstance(uuid, str):
            return uuid
    return ""
