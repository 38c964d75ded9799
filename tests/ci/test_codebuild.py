"""AWS CodeBuild."""

from pathlib import Path

import pytest

from pipe import ci
from tests.ci.contract import CiContract


class TestCodeBuild(CiContract):
    """The env file in the directory of the sources."""

    name = "codebuild"

    def environment(self, root: Path) -> dict[str, str]:
        """As a build has it."""
        return {
            "CI": "true",
            "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:123456789012:build/project:1",
            "CODEBUILD_SRC_DIR": str(root / "work"),
        }

    @pytest.mark.parametrize("guest", ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"])
    def test_it_may_lend_its_machine_to_another_system(self, guest: str, tmp_path: Path) -> None:
        """A runner of another system on a CodeBuild machine is that system."""
        assert not ci.called("codebuild").detect({**self.environment(tmp_path), guest: "true"})
