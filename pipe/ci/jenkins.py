"""Jenkins: what a container does reaches the build only as a file, so the next line of `sh` loads the env file.

`withCredentials` masks what Jenkins stores, and has no command for a value made at run time.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.errors import MissingInputError


class Jenkins(CiSystem):
    """The image in an `sh` step of a pipeline, or in a shell step of a freestyle job."""

    name = "jenkins"
    title = "Jenkins"
    # Stages inside a matrix share their name (JENKINS-61280); two that run at once on agents of their own do not share
    # an executor. Nothing tells those apart that share an agent.
    build_variables = ("BUILD_TAG", "STAGE_NAME", "NODE_NAME", "EXECUTOR_NUMBER")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the two variables that every build has once Jenkins knows its own address."""
        return bool(env.get("JENKINS_URL") and env.get("BUILD_ID"))

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """A credential is there only inside its block."""
        return error.because(
            "Jenkins sets a credential's variables only inside withCredentials, and only under the names given there; "
            "docker run hands none of them on by itself.",
            "Put this step into withCredentials([usernamePassword(..., usernameVariable: 'CONSUMER_KEY', "
            "passwordVariable: 'CONSUMER_SECRET')]), and add -e CONSUMER_KEY -e CONSUMER_SECRET to docker run.",
        )


SYSTEM = Jenkins
