"""Semaphore."""

from pathlib import Path

from tests.ci.contract import CiContract


class TestSemaphore(CiContract):
    """The env file in the checkout."""

    name = "semaphore"

    def environment(self, root: Path) -> dict[str, str]:
        """As a job has it."""
        return {
            "CI": "true",
            "SEMAPHORE": "true",
            "SEMAPHORE_JOB_ID": "34f2d3d5-4b5d-4b5d-8c5d-111122223333",
        }
