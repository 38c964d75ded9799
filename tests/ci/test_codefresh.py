"""Codefresh."""

from pathlib import Path

import pytest

from tests.ci.contract import EVERY_CHARACTER, LONG, VARIABLE, CiContract, Job


class TestCodefresh(CiContract):
    """The env file on the shared volume; a file of variables for those who name it."""

    name = "codefresh"

    def environment(self, root: Path) -> dict[str, str]:
        """As a freestyle step has it; it starts in a directory on the volume."""
        (root / "volume").mkdir(exist_ok=True)
        return {
            "CI": "true",
            "CF_BUILD_ID": "5b8a4f0e2f0f4a0001234567",
            "CF_VOLUME_PATH": str(root / "volume"),
        }

    def test_the_channel_adds_lines_and_says_who_can_read_them(self, job: Job, tmp_path: Path) -> None:
        """What is there stays; the token goes nowhere else."""
        file = tmp_path / "volume/env_vars_to_export"
        file.write_text("OTHER=1\n")
        ran = job.run("--channel", "env-vars-file")
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path, allowed={file})
        first, token, end, scopes = file.read_text().splitlines()
        assert (first, token, scopes) == ("OTHER=1", f"{VARIABLE}={LONG}", f"{VARIABLE}_SCOPES=repository account")
        assert end.startswith(f"{VARIABLE}_EXPIRES_AT=20")
        assert "Warning: Codefresh masks nothing that comes from this file" in ran.stdout

    @pytest.mark.parametrize(
        ("variables", "token"),
        [({"CF_VOLUME_PATH": ""}, LONG), ({"CF_VOLUME_PATH": "/nowhere"}, LONG), ({}, EVERY_CHARACTER)],
        ids=["no volume is named", "the volume is not there", "nobody knows how to quote"],
    )
    def test_what_the_channel_cannot_hand_on_is_exit_7(
        self, job: Job, tmp_path: Path, variables: dict[str, str], token: str
    ) -> None:
        """And nothing is written, not even the env file that was asked for."""
        ran = job.run("--channel", "env-vars-file", "--output-file", "token.env", token=token, **variables)
        assert ran.returncode == 7
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path)
