"""Google Cloud Build."""

from pathlib import Path

from tests.ci.contract import CiContract


class TestCloudBuild(CiContract):
    """The env file in /workspace, where steps start."""

    name = "cloudbuild"

    def environment(self, root: Path) -> dict[str, str]:
        """As a step has it; the rest of its names are substitutions."""
        return {
            "BUILDER_OUTPUT": "/builder/outputs",
            "HOME": "/builder/home",
        }
