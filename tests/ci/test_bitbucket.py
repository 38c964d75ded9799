"""Bitbucket Pipelines."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.ci.contract import EVERY_CHARACTER, LONG, VARIABLE, CiContract, Job


class TestBitbucketPipelines(CiContract):
    """The env file in the clone directory; output variables for those who name them."""

    name = "bitbucket"

    def environment(self, root: Path) -> dict[str, str]:
        """As a pipe gets it."""
        return {
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "7",
            "BITBUCKET_PIPELINE_UUID": "{0d2f4b1c-1111-4222-8333-444455556666}",
            "BITBUCKET_CLONE_DIR": str(root / "work"),
            "BITBUCKET_COMMIT": "0123456789012345678901234567890123456789",
            "BITBUCKET_PIPELINES_VARIABLES_PATH": str(root / "variables.env"),
        }

    @pytest.mark.parametrize("token", [EVERY_CHARACTER, LONG], ids=["every character", "4,000 characters"])
    def test_an_output_variable_arrives_and_its_readers_are_told(self, job: Job, tmp_path: Path, token: str) -> None:
        """Read as bitbucket-pipeline-runner reads the file; alone, since an undeclared variable makes a step fail."""
        file = tmp_path / "variables.env"
        file.write_text("OTHER=1")
        ran = job.run("--channel", "output-variables", token=token)
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path, allowed={file})
        assert dotenv_values(file, interpolate=True) == {"OTHER": "1", VARIABLE: token}
        assert 'Warning: Bitbucket prints the token in clear, in the "Build setup"' in ran.stdout

    def test_a_usual_token_is_written_as_the_documentation_does(self, job: Job, tmp_path: Path) -> None:
        """Without quotes, which who knows what takes for a part of the value."""
        (tmp_path / "variables.env").touch()
        job.run("--channel", "output-variables", token="a.b-c_d~e+f/g=")
        assert (tmp_path / "variables.env").read_text() == f"{VARIABLE}=a.b-c_d~e+f/g=\n"

    @pytest.mark.parametrize(
        ("there", "token"),
        [
            (None, LONG),
            ("".join(f"V{number}=1\n" for number in range(50)), LONG),
            (f"OTHER={'x' * 97_000}\n", LONG),
            ("OTHER=1\n", "before${HOME}after"),
        ],
        ids=["no file", "50 variables", "100 KB", "a reference"],
    )
    def test_what_no_output_variable_can_hold_is_exit_7(
        self, job: Job, tmp_path: Path, there: str | None, token: str
    ) -> None:
        """The file is as it was, and the env file that was asked for is gone again."""
        file = tmp_path / "variables.env"
        if there is not None:
            file.write_text(there)
        ran = job.run("--channel", "output-variables", "--output-file", "token.env", token=token)
        assert ran.returncode == 7
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path)
        assert (file.read_text() if file.exists() else None) == there
