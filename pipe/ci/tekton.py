"""Tekton: steps of a Task share its volumes, so a later step loads the env file.

A Task's result is kept in plain in the status of its TaskRun, so it is a channel to ask for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pipe.ci.command_file import write_value
from pipe.ci.system import CiSystem
from pipe.errors import ExportError
from pipe.export.variables import Export

_CHANNEL = "result"

# Bytes. A step's results travel in its container's termination message (pipeline, pkg/termination/write.go), as JSON
# beside a few entries of Tekton's own.
_MESSAGE = 4096
_ITS_OWN = 256


class Tekton(CiSystem):
    """The image as that of a step of a Task."""

    name = "tekton"
    title = "Tekton"
    channels: ClassVar[Mapping[str, str]] = {
        _CHANNEL: "Tekton keeps results in plain: everyone who may read the TaskRun or its pod sees the token."
    }
    file_channels: ClassVar[frozenset[str]] = frozenset({_CHANNEL})

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:  # noqa: ARG004 - Tekton sets no variable in a step
        """Recognise nothing: only the input `ci` can say so."""
        return False

    def export_to_channel(self, export: Export) -> list[str]:
        """Write the result, which is the token alone."""
        token = export.token.value.reveal()
        if _size_in_json(token) > _MESSAGE - _ITS_OWN:
            raise ExportError(
                "The token is too long for a result of Tekton.",
                f"All results of a step have {_MESSAGE} bytes together, Tekton's own among them; more and the TaskRun "
                "fails.",
                "Share a workspace with the Task that needs the token and load the env file there: name no channel.",
            )
        write_value(
            self.cwd / (export.channel_file or Path()),
            token,
            why="The directory does not exist: the Task declares no result of that name, or the path is misspelt.",
            now="Give it as $(results.NAME.path), with NAME among the results of the Task.",
        )
        return ["Wrote the token as a result of this Task: $(tasks.THIS_TASK.results.NAME) in a Pipeline."]


def _size_in_json(text: str) -> int:
    """The bytes that Go's encoding/json needs for it, which writes `<`, `>` and `&` as six each."""
    import json  # noqa: PLC0415 - every module here is loaded to detect the system

    return len(json.dumps(text)) + 5 * sum(map(text.count, "<>&"))


SYSTEM = Tekton
