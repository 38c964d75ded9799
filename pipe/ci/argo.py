"""Argo Workflows: each step is a pod of its own; on a volume that they share, a later one loads the env file.

An output parameter is kept in plain in the status of the Workflow, so it is a channel to ask for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pipe.ci.command_file import write_value
from pipe.ci.system import CiSystem
from pipe.export.variables import Export

_CHANNEL = "parameter"


class ArgoWorkflows(CiSystem):
    """The image as that of a template of Argo Workflows."""

    name = "argo"
    title = "Argo Workflows"
    channels: ClassVar[Mapping[str, str]] = {
        _CHANNEL: "Argo keeps parameters in plain: everyone who may read the Workflow or its pods sees the token, and "
        "so does the archive of workflows."
    }
    file_channels: ClassVar[frozenset[str]] = frozenset({_CHANNEL})

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the controller sets in each container (workflowpod.go)."""
        return bool(env.get("ARGO_CONTAINER_NAME") and env.get("ARGO_NODE_ID"))

    def export_to_channel(self, export: Export) -> list[str]:
        """Write the parameter's file, which holds the token alone."""
        write_value(
            self.cwd / (export.channel_file or Path()),
            export.token.value.reveal(),
            why="The directory does not exist in this container, or is read-only.",
            now="Give channel-file the path that stands under outputs, parameters, valueFrom in this template.",
        )
        return ["Wrote the token as an output parameter: {{steps.THIS_STEP.outputs.parameters.NAME}} in later steps."]


SYSTEM = ArgoWorkflows
