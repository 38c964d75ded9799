"""TeamCity: service messages set parameters, but no message masks a value ("Service Messages" in its documentation).

The server keeps each parameter of a build and shows it to those who may see the build, so a parameter is set only
when the user names that channel.
"""

from collections.abc import Mapping
from typing import ClassVar

from pipe.ci.system import CiSystem
from pipe.errors import ExportError
from pipe.export.variables import Export

_ESCAPES = str.maketrans({"|": "||", "'": "|'", "\n": "|n", "\r": "|r", "[": "|[", "]": "|]"})


class TeamCity(CiSystem):
    """The image in a command line step of a build."""

    name = "teamcity"
    title = "TeamCity"
    # A build number is what its configuration makes of it, and the builds of a matrix may share that of their parent;
    # the address of the build's page holds an id that no other build has.
    build_variables = ("TEAMCITY_PROJECT_NAME", "TEAMCITY_BUILDCONF_NAME", "BUILD_NUMBER", "BUILD_URL")
    channels: ClassVar[Mapping[str, str]] = {
        "parameter": "TeamCity shows the parameters of a finished build, and so the token, to everyone who may see the "
        "build; nothing masks it in the logs of later steps."
    }

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the version that the agent tells each step."""
        return bool(env.get("TEAMCITY_VERSION"))

    def export_to_channel(self, export: Export) -> list[str]:
        """Set the parameters that later steps get as environment variables."""
        messages = [
            f"##teamcity[setParameter name='env.{_escape(name)}' value='{_escape(value)}']"
            for name, value in export.texts().items()
        ]
        try:
            self.log.command("\n".join(messages))
        except (OSError, ValueError):
            raise ExportError(
                "TeamCity could not be told which parameters to set.",
                "Standard output of this step is closed, or goes to a file on a full disk.",
                "Leave standard output of the container to the agent: no > or | after docker run.",
            ) from None
        return [f"Set the parameter env.{export.env_name}: later steps of this build find {export.env_name}."]


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


SYSTEM = TeamCity
