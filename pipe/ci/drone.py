"""Drone: steps share the workspace and nothing else, so a later step loads the env file.

Its runner masks the secrets that the step names, and has no command to mask a value made at run time.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.errors import MissingInputError


class Drone(CiSystem):
    """The image as a plugin in a Docker pipeline of Drone."""

    name = "drone"
    title = "Drone"
    # Pipelines made by a loop of Jsonnet or Starlark may share a name; each has a number (runner-go, environ.Stage).
    build_variables = ("DRONE_REPO", "DRONE_BUILD_NUMBER", "DRONE_STAGE_NAME", "DRONE_STAGE_NUMBER", "DRONE_STEP_NAME")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by Drone's variable, which Harness and older Woodpeckers set too."""
        return env.get("DRONE") == "true" and not env.get("HARNESS_BUILD_ID") and env.get("CI") != "woodpecker"

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Pull requests get no secrets unless the secret says so."""
        if self.env.get("DRONE_BUILD_EVENT") != "pull_request":
            return error
        return error.because(
            "This build is of a pull request, and Drone hands secrets to those only where each secret allows it.",
            "Skip this step for them (when: event: exclude: [pull_request]), or allow pull requests for the secret.",
        )


SYSTEM = Drone
