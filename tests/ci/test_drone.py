"""Drone."""

from pathlib import Path

from pipe import ci
from tests.ci.contract import CiContract, Job


class TestDrone(CiContract):
    """The env file in the workspace."""

    name = "drone"

    def environment(self, root: Path) -> dict[str, str]:
        """As a plugin gets it."""
        return {
            "CI": "true",
            "DRONE": "true",
            "DRONE_BUILD_NUMBER": "7",
            "DRONE_WORKSPACE": str(root / "work"),
        }

    def test_harness_and_older_woodpeckers_set_its_variable_too(self, tmp_path: Path) -> None:
        """They are not Drone."""
        env = self.environment(tmp_path)
        assert ci.detect({**env, "HARNESS_BUILD_ID": "7"}).name == "harness"
        assert ci.detect({**env, "CI": "woodpecker"}).name == "woodpecker"

    def test_settings_are_inputs_and_a_pull_request_without_secrets_is_told_so(self, job: Job) -> None:
        """Settings arrive as PLUGIN_ variables, a secret that is held back as none."""
        ran = job.run(PLUGIN_CONSUMER_SECRET="", CONSUMER_SECRET="", DRONE_BUILD_EVENT="pull_request")
        assert ran.returncode == 2
        assert "Drone hands secrets to those only where each secret allows it" in ran.stderr
        ran = job.run(CONSUMER_SECRET="", PLUGIN_CONSUMER_SECRET=job.sandbox.consumer.secret)
        assert ran.returncode == 0, ran.stderr
