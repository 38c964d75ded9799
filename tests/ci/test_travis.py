"""Travis CI."""

from pathlib import Path

from tests.ci.contract import CiContract, Job


class TestTravisCi(CiContract):
    """The env file in the checkout."""

    name = "travis"

    def environment(self, root: Path) -> dict[str, str]:
        """As a job has it."""
        return {
            "CI": "true",
            "CONTINUOUS_INTEGRATION": "true",
            "TRAVIS": "true",
            "TRAVIS_BUILD_DIR": str(root / "work"),
            "TRAVIS_SECURE_ENV_VARS": "true",
        }

    def test_a_pull_request_from_a_fork_is_told_so(self, job: Job) -> None:
        """Travis says itself that it has handed on no secrets."""
        ran = job.run(CONSUMER_SECRET="", TRAVIS_SECURE_ENV_VARS="false")
        assert ran.returncode == 2
        assert "Travis CI has handed no secure variables to this job" in ran.stderr
