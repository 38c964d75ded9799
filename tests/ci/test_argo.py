"""Argo Workflows."""

from pathlib import Path

import pytest

from tests.ci.contract import EVERY_CHARACTER, CiContract, Job


class TestArgoWorkflows(CiContract):
    """The env file on a volume that templates share; an output parameter for those who name it."""

    name = "argo"

    def environment(self, root: Path) -> dict[str, str]:
        """As the controller sets it in the main container (workflowpod.go)."""
        return {
            "ARGO_CONTAINER_NAME": "main",
            "ARGO_NODE_ID": "workflow-x7k2p",
            "ARGO_INCLUDE_SCRIPT_OUTPUT": "false",
            "ARGO_DEADLINE": "0001-01-01T00:00:00Z",
        }

    def test_the_parameter_is_the_token_and_nothing_else(self, job: Job, tmp_path: Path) -> None:
        """Who can read it is told."""
        file = tmp_path / "token"
        ran = job.run("--channel", "parameter", "--channel-file", str(file), token=EVERY_CHARACTER)
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path, allowed={file})
        assert file.read_text() == EVERY_CHARACTER
        assert "Warning: Argo keeps parameters in plain" in ran.stdout

    @pytest.mark.parametrize("kind", ["a directory", "a link"])
    def test_what_is_no_file_is_not_replaced(self, job: Job, tmp_path: Path, kind: str) -> None:
        """It is exit 7, and nothing is left, the env file that was asked for included."""
        file = tmp_path / "token"
        file.mkdir() if kind == "a directory" else file.symlink_to("/dev/null")
        options = ("--output-file", "token.env", "--channel", "parameter", "--channel-file", str(file))
        ran = job.run(*options)
        assert ran.returncode == 7
        assert "File exists" in ran.stderr
        assert file.is_dir() or file.is_symlink()
        job.oracle.check_tree(tmp_path)
