"""Codefresh: steps share a volume, so a later step loads the env file.

A file on that volume sets variables for all later steps ("Directly writing to the file" in its documentation of
variables), but only the command `cf_export --mask` can have them masked, so the file is a channel to ask for.
"""

from collections.abc import Mapping
from typing import ClassVar

from pipe.ci.command_file import append_all, is_plain
from pipe.ci.system import CiSystem
from pipe.errors import ExportError
from pipe.export.variables import Export

_CHANNEL = "env-vars-file"


class Codefresh(CiSystem):
    """The image in a freestyle step of Codefresh."""

    name = "codefresh"
    title = "Codefresh"
    channels: ClassVar[Mapping[str, str]] = {
        _CHANNEL: "Codefresh masks nothing that comes from this file: who may see the build finds the token among its "
        "variables, and in the log of any step that prints it."
    }

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the build's id."""
        return bool(env.get("CF_BUILD_ID"))

    def export_to_channel(self, export: Export) -> list[str]:
        """Add to the file that sets variables for later steps, one `KEY=VALUE` a line, without any quoting."""
        volume = self.env.get("CF_VOLUME_PATH")
        if not volume:
            raise ExportError(
                "CF_VOLUME_PATH is not set.",
                "The image runs in a container of its own, which does not get the variables of the step.",
                "Run this as the image of a freestyle step.",
            )
        variables = export.texts()
        if not is_plain(variables[export.env_name]):
            raise ExportError(
                "The token does not fit into env_vars_to_export: it holds characters that may have a meaning there.",
                "Codefresh tells no way to quote them.",
                "Load the env file in the step that needs the token: name no channel.",
            )
        text = "".join(f"{name}={value}\n" for name, value in variables.items() if is_plain(value.replace(" ", "")))
        append_all(
            [("CF_VOLUME_PATH", self.cwd / volume / "env_vars_to_export", text)],
            create=True,
            why="The volume of the pipeline is not mounted into this container, or is full.",
            now="Run this as the image of a freestyle step.",
        )
        return [f"Added {export.env_name} to env_vars_to_export: all later steps find it."]


SYSTEM = Codefresh
