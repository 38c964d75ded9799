"""Woodpecker CI."""

from pathlib import Path

from tests.ci.contract import CiContract, Job


class TestWoodpecker(CiContract):
    """The env file in the workspace."""

    name = "woodpecker"

    def environment(self, root: Path) -> dict[str, str]:
        """As a plugin gets it; `CI` is no input here."""
        return {
            "CI": "woodpecker",
            "CI_PIPELINE_NUMBER": "7",
            "CI_WORKSPACE": str(root / "work"),
        }

    def test_a_pull_request_without_secrets_is_told_so(self, job: Job) -> None:
        """It is not a secret's name that is wrong."""
        ran = job.run(CONSUMER_SECRET="", CI_PIPELINE_EVENT="pull_request")
        assert ran.returncode == 2
        assert "only where each secret allows that event" in ran.stderr
