"""Tekton."""

from pathlib import Path

import pytest

from pipe import ci
from tests.ci.contract import EVERY_CHARACTER, CiContract, Job


class TestTekton(CiContract):
    """The env file on a volume that steps share; a result for those who name it."""

    name = "tekton"

    def environment(self, root: Path) -> dict[str, str]:
        """As a step has it: nothing but what its author sets."""
        return {"INPUT_CI": "tekton"}

    def test_is_detected_alone(self, tmp_path: Path) -> None:
        """Tekton sets no variable in a step: unless `ci` names it, it is no known system."""
        assert ci.detect(self.environment(tmp_path)).name == "none"

    @pytest.mark.parametrize("token", [EVERY_CHARACTER, "a" * 3800], ids=["every character", "3,800 characters"])
    def test_the_result_is_the_token_and_nothing_else(self, job: Job, tmp_path: Path, token: str) -> None:
        """No newline either: Tekton takes the file as it is. Who can read it is told."""
        results = tmp_path / "results"
        results.mkdir()
        (results / "token").write_text("of an earlier try")
        ran = job.run("--channel", "result", "--channel-file", str(results / "token"), token=token)
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path, allowed={results / "token"})
        assert {path.name: path.read_text() for path in results.iterdir()} == {"token": token}
        assert "Warning: Tekton keeps results in plain" in ran.stdout

    @pytest.mark.parametrize("token", ["a" * 3850, "<" * 700], ids=["too long", "too long in Tekton's JSON"])
    def test_a_token_that_no_result_can_hold_is_exit_7(self, job: Job, tmp_path: Path, token: str) -> None:
        """Tekton would fail the whole TaskRun later."""
        ran = job.run("--channel", "result", "--channel-file", str(tmp_path / "token"), token=token)
        assert ran.returncode == 7
        assert "4096 bytes" in ran.stderr
        assert not (tmp_path / "token").exists()

    def test_a_result_that_is_not_declared_is_exit_7(self, job: Job, tmp_path: Path) -> None:
        """Its directory is not there; the env file that was asked for is gone again."""
        options = ("--output-file", "token.env", "--channel", "result", "--channel-file", str(tmp_path / "no/token"))
        ran = job.run(*options, token="a" * 100)
        assert ran.returncode == 7
        assert "No such file or directory" in ran.stderr
        job.oracle.check_tree(tmp_path)

    def test_the_channel_has_to_be_told_its_file(self, job: Job) -> None:
        """Nothing is asked of the server."""
        assert job.run("--channel", "result").returncode == 2
        assert not job.sandbox.requests
