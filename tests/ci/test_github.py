"""GitHub Actions, Gitea and Forgejo: the same files, each with its own variable."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tests.ci.contract import CiContract, Job


def parsed(text: str) -> dict[str, str]:
    """Read a file of variables as the runner does (FileCommandManager.cs): NAME<<DELIMITER, lines, DELIMITER."""
    variables = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, found, delimiter = line.partition("<<")
        assert found, "a line without a delimiter"
        assert "=" not in name
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise AssertionError("no matching delimiter")
        variables[name] = "\n".join(value)
    return variables


class TestGitHubActions(CiContract):
    """Values go on through GITHUB_ENV."""

    name = "github"
    own: ClassVar[dict[str, str]] = {}

    def environment(self, root: Path) -> dict[str, str]:
        """As a Docker action gets it."""
        for file in ("env", "output", "summary"):
            (root / file).touch()
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ENV": str(root / "env"),
            "GITHUB_OUTPUT": str(root / "output"),
            "GITHUB_STEP_SUMMARY": str(root / "summary"),
            **self.own,
        }

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The runner reads the file after the step."""
        assert ran.returncode == 0
        seen = parsed(Path(job.env["GITHUB_ENV"]).read_text())
        return {name: seen[name] for name in names}

    def holders(self, job: Job) -> set[Path]:
        """The two files that the runner reads."""
        return {Path(job.env["GITHUB_ENV"]), Path(job.env["GITHUB_OUTPUT"])}

    def shown(self, line: str) -> bool:
        """The runner hides its mask commands."""
        return line.startswith("::add-mask::")

    def break_channel(self, job: Job) -> None:
        """The second of the two files is not there."""
        Path(job.env["GITHUB_OUTPUT"]).unlink()

    def assert_untouched(self, job: Job) -> None:
        """The first file is as it was."""
        assert Path(job.env["GITHUB_ENV"]).read_bytes() == b""


class TestGiteaActions(TestGitHubActions):
    """Gitea's runner reads the same files."""

    name = "gitea"
    own: ClassVar[dict[str, str]] = {"GITEA_ACTIONS": "true"}


class TestForgejoActions(TestGitHubActions):
    """Forgejo's runner reads the same files."""

    name = "forgejo"
    own: ClassVar[dict[str, str]] = {"GITEA_ACTIONS": "true", "FORGEJO_ACTIONS": "true"}
