"""Vela."""

import json
import stat
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.ci.contract import EVERY_CHARACTER, LONG, VARIABLE, CiContract, Job


def parsed(path: Path) -> dict[str, str]:
    """Read a file of outputs as go-envparse does, where nothing in it is doubtful."""
    found = {}
    for line in path.read_text().splitlines():
        assert len(line) < 64 * 1024
        name, equals, value = line.partition("=")
        assert name.isidentifier()
        assert equals
        found[name] = json.loads(value) if value.startswith('"') else value
        assert value.startswith('"') or not set(value) & set("\"'#\\ $")
    return found


class TestVela(CiContract):
    """Masked outputs."""

    name = "vela"

    def environment(self, root: Path) -> dict[str, str]:
        """As a step has it: the outputs' directory is there, the files are not."""
        (root / "outputs").mkdir(exist_ok=True)
        return {
            "CI": "true",
            "VELA": "true",
            "VELA_BUILD_NUMBER": "7",
            "VELA_WORKSPACE": str(root / "work"),
            "VELA_OUTPUTS": str(root / "outputs/.env"),
            "VELA_MASKED_OUTPUTS": str(root / "outputs/masked.env"),
            "VELA_MASKED_BASE64_OUTPUTS": str(root / "outputs/masked.base64.env"),
        }

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The worker reads the files between two steps (executor/linux/outputs.go)."""
        assert ran.returncode == 0
        masked = {
            name: b64decode(value, validate=True).decode()
            for name, value in parsed(Path(job.env["VELA_MASKED_BASE64_OUTPUTS"])).items()
        }
        seen = {**parsed(Path(job.env["VELA_OUTPUTS"])), **masked}
        return {name: seen[name] for name in names}

    def gits_settings(
        self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]
    ) -> Mapping[str, str]:
        """In the env file, which is written for them."""
        return CiContract.arrived(self, job, ran, names)

    def holders(self, job: Job) -> set[Path]:
        """The file of masked outputs alone."""
        return {Path(job.env["VELA_MASKED_BASE64_OUTPUTS"])}

    def break_channel(self, job: Job) -> None:
        """The second of the two files cannot be written."""
        Path(job.env["VELA_OUTPUTS"]).mkdir()

    def assert_untouched(self, job: Job) -> None:
        """The first one was not left behind."""
        assert not Path(job.env["VELA_MASKED_BASE64_OUTPUTS"]).exists()

    def test_the_file_is_its_owners_alone(self, job: Job) -> None:
        """The worker reads it through Docker, and nobody else has to."""
        job.run()
        assert stat.S_IMODE(Path(job.env["VELA_MASKED_BASE64_OUTPUTS"]).stat().st_mode) == 0o600

    @pytest.mark.parametrize("token", [EVERY_CHARACTER, LONG], ids=["every character", "4,000 characters"])
    def test_without_base64_it_is_quoted_where_it_must_be(self, job: Job, token: str) -> None:
        """Older versions have the plain file only."""
        del job.env["VELA_MASKED_BASE64_OUTPUTS"]
        assert job.run(token=token).returncode == 0
        assert parsed(Path(job.env["VELA_MASKED_OUTPUTS"])) == {VARIABLE: token}

    @pytest.mark.parametrize(
        "token", ["before${HOME}after", "before$$after", "t" * 49_200], ids=["a reference", "an escape", "too long"]
    )
    def test_a_token_that_vela_would_change_or_drop_is_exit_7(self, job: Job, token: str) -> None:
        """It substitutes in the environment too, and takes no line of 64 KiB."""
        ran = job.run(token=token)
        assert ran.returncode == 7
        assert "does not fit" in ran.stderr
        self.assert_untouched(job)

    def test_where_the_worker_takes_no_outputs_it_is_the_env_file(self, job: Job, tmp_path: Path) -> None:
        """The variables are set on every worker, the directory is made only on those that have an image for it."""
        (tmp_path / "outputs").rmdir()
        ran = job.run()
        assert "takes no outputs" in ran.stdout
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}
