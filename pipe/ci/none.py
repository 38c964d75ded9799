"""No CI system, or one that this program has no file for: the env file, or `print`."""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.export.variables import Export


class NoCi(CiSystem):
    """A shell, on a machine or in a container."""

    name = "none"
    title = "no known CI system"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:  # noqa: ARG004 - it is what is left when all others said no
        """Recognise nothing: this stands for the system that none of the others is."""
        return False

    def export(self, export: Export) -> list[str]:
        """Write the env file."""
        return [
            *super().export(export),
            "In a container, mount that directory (-v), or use --print sh instead.",
        ]


SYSTEM = NoCi
