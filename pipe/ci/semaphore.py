"""Semaphore: the next command of the job loads the env file.

It masks nothing that is made at run time, and `sem-context put` keeps a value readable for the whole workflow.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem


class Semaphore(CiSystem):
    """The image in a `docker run` of a job of Semaphore."""

    name = "semaphore"
    title = "Semaphore"
    build_variables = ("SEMAPHORE_PROJECT_NAME", "SEMAPHORE_JOB_ID")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what it sets in each job."""
        return env.get("SEMAPHORE", "").lower() == "true"


SYSTEM = Semaphore
