"""Harness CI."""

import re
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

from tests.ci.contract import LONG, VARIABLE, CiContract, Job


def parsed(path: Path) -> dict[str, str]:
    """Read a file of outputs as the engine does (lite-engine, pipeline/runtime/common.go), if it is quite clean."""
    found = {}
    for line in path.read_text().splitlines():
        match = re.fullmatch(r"([A-Za-z_]\w*)=__B64__([A-Za-z0-9+/]*={0,2})", line)
        assert match
        assert len(line) < 64 * 1024
        found[match[1]] = b64decode(match[2], validate=True).decode()
    return found


class TestHarness(CiContract):
    """Secret outputs."""

    name = "harness"

    def environment(self, root: Path) -> dict[str, str]:
        """As a Plugin step gets it: the files' directory is there, the files are not."""
        (root / "shared").mkdir(exist_ok=True)
        return {
            "CI": "true",
            "DRONE": "true",
            "DRONE_BUILD_NUMBER": "7",
            "HARNESS_BUILD_ID": "7",
            "HARNESS_OUTPUT_SECRET_FILE": str(root / "shared/step-output-secrets.env"),
            "HARNESS_OUTPUT_FILE": str(root / "shared/step-output.env"),
            "DRONE_OUTPUT": str(root / "shared/step-output.env"),
        }

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The engine reads both files, and only after exit code 0."""
        assert ran.returncode == 0
        secrets, others = (parsed(Path(job.env[f"HARNESS_OUTPUT_{which}FILE"])) for which in ("SECRET_", ""))
        assert not secrets.keys() & others.keys()
        assert not any(name.endswith(("_SCOPES", "_EXPIRES_AT")) for name in secrets)
        return {name: {**secrets, **others}[name] for name in names}

    def gits_settings(
        self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]
    ) -> Mapping[str, str]:
        """In the env file, which is written for them."""
        return CiContract.arrived(self, job, ran, names)

    def holders(self, job: Job) -> set[Path]:
        """The file of secret outputs alone."""
        return {Path(job.env["HARNESS_OUTPUT_SECRET_FILE"])}

    def break_channel(self, job: Job) -> None:
        """The second of the two files cannot be written."""
        Path(job.env["HARNESS_OUTPUT_FILE"]).mkdir()

    def assert_untouched(self, job: Job) -> None:
        """The first one was not left behind."""
        assert not Path(job.env["HARNESS_OUTPUT_SECRET_FILE"]).exists()

    def test_what_the_step_has_set_before_stays(self, job: Job) -> None:
        """A line without an end gets one; after a failure the file is as it was."""
        path = Path(job.env["HARNESS_OUTPUT_SECRET_FILE"])
        path.write_text("FIRST=__B64__MQ==")
        assert job.run("--env-name", "SECOND").returncode == 0
        assert parsed(path) == {"FIRST": "1", "SECOND": LONG}
        before = path.read_bytes()
        Path(job.env["HARNESS_OUTPUT_FILE"]).unlink()
        self.break_channel(job)
        assert job.run("--env-name", "THIRD").returncode == 7
        assert path.read_bytes() == before

    def test_a_token_longer_than_a_line_is_exit_7(self, job: Job) -> None:
        """The engine would drop all outputs of the file, and log what it holds."""
        ran = job.run(token="t" * 49_200)
        assert ran.returncode == 7
        assert "64 KiB" in ran.stderr
        self.assert_untouched(job)

    def test_without_the_file_it_is_the_env_file(self, job: Job, tmp_path: Path) -> None:
        """As in a Run step that starts the image itself."""
        for name in ("HARNESS_OUTPUT_SECRET_FILE", "HARNESS_OUTPUT_FILE", "DRONE_OUTPUT"):
            del job.env[name]
        ran = job.run()
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}
        assert not any((tmp_path / "shared").iterdir())
