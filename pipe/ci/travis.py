"""Travis CI: the next line of the script loads the env file.

It masks the secure variables of its settings, and nothing that is made at run time.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.errors import MissingInputError


class TravisCi(CiSystem):
    """The image in a `docker run` of a job of Travis CI."""

    name = "travis"
    title = "Travis CI"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what it sets in each job."""
        return env.get("TRAVIS", "").lower() == "true"

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Pull requests from forks get no secure variables."""
        if self.env.get("TRAVIS_SECURE_ENV_VARS") != "false":
            return error
        return error.because(
            "Travis CI has handed no secure variables to this job: it builds a pull request from a fork, or the "
            "project has none.",
            "Skip this where TRAVIS_SECURE_ENV_VARS is false.",
        )


SYSTEM = TravisCi
