"""Bitbucket Pipelines."""

from pathlib import Path

from tests.ci.contract import CiContract


class TestBitbucketPipelines(CiContract):
    """The env file in the clone directory."""

    name = "bitbucket"

    def environment(self, root: Path) -> dict[str, str]:
        """As a pipe gets it."""
        return {
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "7",
            "BITBUCKET_PIPELINE_UUID": "{0d2f4b1c-1111-4222-8333-444455556666}",
            "BITBUCKET_CLONE_DIR": str(root / "work"),
            "BITBUCKET_COMMIT": "0123456789012345678901234567890123456789",
        }
