"""What is handed to later steps, whatever the CI system."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pipe.export.git import ORIGIN, Setting, variables
from pipe.inputs.values import Reader
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import Secret

SERVER = "_SERVER"
"""What the name of the variable ends in that tells which server takes the token back."""

NAME = "_NAME"
"""What the name of the variable ends in that tells under which name that server lists the token."""


class Export(NamedTuple):
    """A token under the name that the user chose, with the choices that concern its way to later steps."""

    token: AccessToken
    env_name: str
    export_env: bool = True
    mask_log: bool = True
    keep_file: bool = False
    output_file: Path | None = None
    """Where the user wants the env file; None leaves it to the CI system whether and where there is one."""
    reader: Reader = None
    """Who reads the env file, if not the owner of the directory around it."""
    channel: str = ""
    """The channel that shows the token to others, if the user named one."""
    channel_file: Path | None = None
    masks: tuple[str, ...] = ()
    """All forms of all secrets, longest first."""
    git: tuple[Setting, ...] = ()
    """What has plain git use the token, if that was asked for."""
    state: Mapping[str, str | Secret] = MappingProxyType({})
    """What the CI system is to keep for the end of the job, where it can."""
    taken_back_by: str | None = None
    """The server that takes the token back, for the end of a job for which nothing was kept; None tells nothing."""
    origin: str | None = None
    """The server that the token is for, by scheme, host and port; None tells nothing."""

    def __repr__(self) -> str:
        return f"Export({self.env_name})"

    def variables(self) -> dict[str, str | Secret]:
        """The variables to export: the token and its companions, empty where the server did not say."""
        servers = {SERVER: self.taken_back_by, ORIGIN: self.origin}
        return {
            self.env_name: self.token.value,
            f"{self.env_name}_EXPIRES_AT": self.token.expires_at,
            f"{self.env_name}_SCOPES": " ".join(self.token.scopes or ()),
            **{self.env_name + end: server for end, server in servers.items() if server is not None},
        }

    def with_git(self, env: Mapping[str, str]) -> dict[str, str | Secret]:
        """The variables and, after them, git's settings, which come after those that are in `env` already."""
        return {**self.variables(), **variables(self.git, env)}

    def texts(self) -> dict[str, str]:
        """The variables without git's, as texts, for those who write them down: the token is revealed."""
        return plain(self.variables())


def plain(variables: Mapping[str, str | Secret]) -> dict[str, str]:
    """Return `variables` as texts, secrets revealed."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in variables.items()}
