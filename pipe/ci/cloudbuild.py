"""Google Cloud Build: steps share /workspace and nothing else, so a later step loads the env file.

It masks nothing that is made at run time, and a step's own output is kept in the build's record.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem


class CloudBuild(CiSystem):
    """The image as that of a step of Cloud Build."""

    name = "cloudbuild"
    title = "Google Cloud Build"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by where it takes a step's output from."""
        return bool(env.get("BUILDER_OUTPUT"))


SYSTEM = CloudBuild
