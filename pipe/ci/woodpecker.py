"""Woodpecker CI: steps share the workspace and nothing else, so a later step loads the env file.

That is what its documentation does ("Persisting environment data between steps"). It masks the secrets that the step
names, and has no command to mask a value made at run time.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.errors import MissingInputError


class Woodpecker(CiSystem):
    """The image as a plugin, or in the `commands` of a step of Woodpecker CI."""

    name = "woodpecker"
    title = "Woodpecker CI"
    # Legs of a matrix have one CI_WORKFLOW_NAME, and each a number.
    build_variables = ("CI_REPO", "CI_PIPELINE_NUMBER", "CI_WORKFLOW_NAME", "CI_WORKFLOW_NUMBER", "CI_STEP_NAME")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the value that it gives to `CI`."""
        return env.get("CI") == "woodpecker"

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Pull requests get no secrets unless the secret says so."""
        if self.env.get("CI_PIPELINE_EVENT") != "pull_request":
            return error
        return error.because(
            "This pipeline is of a pull request, and Woodpecker hands secrets to those only where each secret allows "
            "that event.",
            "Skip this step for them (when: event: push), or allow the event for the secret.",
        )


SYSTEM = Woodpecker
