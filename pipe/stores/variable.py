"""A secured variable of Bitbucket Pipelines, set through the REST API with the new access token.

Sources: the REST API's "Pipelines" group; scope `pipeline:variable` ("Pipelines: edit variables" at the consumer).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from pipe.bitbucket.api import Api
from pipe.errors import ExportError, InputError, PipeError
from pipe.secret import Secret
from pipe.stores.store import Store

# How many parts each kind's address has, and where its variables are, with the address's parts but the last.
_KINDS: Mapping[str, tuple[int, str]] = {
    "repository": (3, "/repositories/{}/{}/pipelines_config/variables"),
    "deployment": (4, "/repositories/{}/{}/deployments_config/environments/{}/variables"),
    "workspace": (2, "/workspaces/{}/pipelines-config/variables"),
}


class Address(NamedTuple):
    """Which variable: its kind, the path of the variables around it, and its name."""

    kind: str
    path: str
    name: str


def address(kind: str, text: str) -> Address:
    """Take `WORKSPACE/REPOSITORY/NAME` and its like apart. Raises `InputError`."""
    count, path = _KINDS[kind]
    parts = text.split("/")
    if len(parts) != count or not all(part and part not in (".", "..") for part in parts):
        form = {"repository": "WORKSPACE/REPOSITORY/NAME", "workspace": "WORKSPACE/NAME"}
        raise InputError(
            f"refresh-token-store names no {kind} variable.",
            "A part is missing, or there is one too many.",
            f"Write {kind}:{form.get(kind, 'WORKSPACE/REPOSITORY/ENVIRONMENT/NAME')}; the environment by its UUID.",
        )
    return Address(kind, path.format(*(quote(part, safe="{}-_.~") for part in parts[:-1])), parts[-1])


class VariableStore(Store):
    """The refresh token in a secured variable, which later runs get as their input."""

    def __init__(self, where: Address, api: Callable[[Secret], Api]) -> None:
        self.place = f"the {where.kind} variable {where.name}"
        self._where = where
        self._api = api

    def keep(self, refresh_token: Secret, access_token: Secret) -> None:
        """Change the variable, or make it. The value is secured: neither logs nor the API ever show it."""
        api = self._api(access_token)
        body = {"key": self._where.name, "value": refresh_token.reveal(), "secured": True}
        try:
            uuid = self._found(api, self._where.path + self._slash, "key", self._where.name)
            if uuid:
                api.send("PUT", f"{self._where.path}/{quote(uuid, safe='{}')}", body)
            else:
                api.send("POST", self._where.path + self._slash, body)
        except PipeError as error:
            raise ExportError(
                f"The new refresh token could not be stored in {self.place}: {error.what}",
                error.why,
                f"{error.now} {self.lost}",
            ) from error

    @property
    def _slash(self) -> str:
        """The list of a repository's variables ends in a slash, the other two do not."""
        return "/" if self._where.kind == "repository" else ""

    @staticmethod
    def _found(api: Api, path: str, member: str, value: str) -> str:
        """The UUID of the object in the list at `path` whose `member` is `value`, or an empty text."""
        for listed in api.pages(path):
            uuid = listed.get("uuid")
            if listed.get(member) == value and isinstance(uuid, str):
                return uuid
        return ""
