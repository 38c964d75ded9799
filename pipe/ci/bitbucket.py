"""Bitbucket Pipelines: a pipe cannot change the step's environment, so the next script line loads the env file.

There is no way to mask a value made at run time: only secured variables are masked. Bitbucket prints the values of
`output-variables` in the "Build setup" of later steps ("Easily share data between steps in Bitbucket Pipelines"), so
that is a channel to ask for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pipe.ci.command_file import append_all, is_plain
from pipe.ci.system import ENV_FILE, CiSystem
from pipe.errors import ExportError
from pipe.export.variables import Export

_VARIABLE = "BITBUCKET_PIPELINES_VARIABLES_PATH"

# "Variable sharing" in Bitbucket's documentation: of all output variables of a pipeline's steps together.
_MOST_BYTES = 100_000
_MOST_VARIABLES = 50


class BitbucketPipelines(CiSystem):
    """A pipe in a step of Bitbucket Pipelines."""

    name = "bitbucket"
    title = "Bitbucket Pipelines"
    build_variables = ("BITBUCKET_REPO_FULL_NAME", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_UUID")
    channels: ClassVar[Mapping[str, str]] = {
        "output-variables": 'Bitbucket prints the token in clear, in the "Build setup" of every later step: everyone '
        "who can read the logs can use it until it expires. If the repository is public, that is everyone."
    }

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the variables that every step has; a pipe may get an unset one as an empty one."""
        return bool(env.get("BITBUCKET_PIPELINE_UUID") or env.get("BITBUCKET_BUILD_NUMBER"))

    def repository(self) -> str:
        """The one whose pipeline this is."""
        return self.env.get("BITBUCKET_REPO_FULL_NAME", "")

    def default_file(self) -> Path:
        """The clone directory is the only place that both the pipe and the script see."""
        return Path(self.env.get("BITBUCKET_CLONE_DIR") or self.cwd) / ENV_FILE

    def export_to_channel(self, export: Export) -> list[str]:
        """Add the token alone: a variable that the step does not declare makes it fail."""
        path = self.cwd / self.env.get(_VARIABLE, "")
        line = f"{export.env_name}={_quoted(export.token.value.reveal())}\n"
        self._check_limits(path, line)
        append_all(
            [(_VARIABLE, path, line)],
            why="The step has no output-variables, or this container does not get that file.",
            now="Run this as a pipe, in a step that declares output-variables.",
        )
        return [
            f"Added {export.env_name} to the output variables. Later steps find it if this step declares it:",
            f"    output-variables: [{export.env_name}]",
        ]

    def _check_limits(self, path: Path, line: str) -> None:
        try:
            lines = [*path.read_text(errors="replace").splitlines(), line]
        except OSError:
            return  # what is wrong is told when it is written
        if len(lines) > _MOST_VARIABLES or sum(len(each.encode()) + 1 for each in lines) > _MOST_BYTES:
            raise ExportError(
                "The token does not fit into the output variables.",
                f"Bitbucket takes {_MOST_VARIABLES} variables and 100 KB, and this step has set others already.",
                "Get the token anew in the step that needs it: name no channel.",
            )


def _quoted(token: str) -> str:
    """As it stands where that can be, else in single quotes, as dotenv files have them."""
    if is_plain(token):
        return token
    if "${" in token:
        raise ExportError(
            "The token does not fit into an output variable: it holds a dollar sign before a brace.",
            "Bitbucket would take it as a reference to a variable, even in quotes.",
            "Get the token anew in the step that needs it: name no channel.",
        )
    return "'" + token.replace("\\", "\\\\").replace("'", "\\'") + "'"


SYSTEM = BitbucketPipelines
