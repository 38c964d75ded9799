"""GitHub Actions, Gitea and Forgejo: the same files, each with its own variable."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from tests import parts
from tests.ci.contract import EVERY_CHARACTER, VARIABLE, CiContract, Job

HARD = "%25%0A%0D%3A%2C::add-mask::" + EVERY_CHARACTER

# What GitHub's own library writes for each call that is read from standard input: a name and its arguments.
CORE = """
const {pathToFileURL} = await import('node:url');
const {readFileSync} = await import('node:fs');
const core = await import(pathToFileURL(process.argv[1] + '/lib/core.js'));
for (const [name, ...given] of JSON.parse(readFileSync(0, 'utf8'))) core[name](...given);
"""


def written_by_core(*calls: tuple[object, ...], **files: str) -> list[str]:
    """The lines that @actions/core prints for these calls."""
    ran = subprocess.run(
        [parts.need("node"), "--input-type=module", "-e", CORE, parts.need("@actions/core")],
        input=json.dumps(calls),
        env={"PATH": "/usr/bin:/bin", **files},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ran.stdout.splitlines()


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


class TestGitHubsOwnLibrary:
    """@actions/core, with which GitHub's own actions are written, writes what we write."""

    own: ClassVar[dict[str, str]] = {}
    environment = TestGitHubActions.environment
    job = CiContract.job

    def test_a_mask(self, job: Job) -> None:
        """Percent signs and line ends are escaped in the same way, for every form."""
        lines = [line for line in job.run(token=HARD).stdout.splitlines() if line.startswith("::add-mask::")]
        texts = [
            line.removeprefix("::add-mask::").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
            for line in lines
        ]
        assert {HARD, quote(HARD, safe="")} <= set(texts)
        assert lines == written_by_core(*(("setSecret", text) for text in texts))

    def test_an_annotation(self, job: Job) -> None:
        """Its title and its lines too."""
        [line] = [line for line in job.run("--grant", "50%,:wrong").stdout.splitlines() if line.startswith("::error")]
        found = re.fullmatch(r"::error title=([^:,]*)::(.*)", line)
        assert found
        title, text = found[1].replace("%3A", ":"), found[2].replace("%0A", "\n").replace("%25", "%")
        assert "50%" in text
        assert written_by_core(("error", text, {"title": title})) == [line]

    def test_a_variable(self, job: Job, tmp_path: Path) -> None:
        """In its file we read what it wrote, and what we wrote differs in nothing but the delimiter."""
        assert job.run(token=HARD).returncode == 0
        ours = Path(job.env["GITHUB_ENV"]).read_text()
        theirs = tmp_path / "theirs"
        theirs.touch()
        variables = parsed(ours)
        calls = [("exportVariable", name, value) for name, value in variables.items()]
        assert written_by_core(*calls, GITHUB_ENV=str(theirs)) == []
        assert parsed(theirs.read_text()) == variables
        assert variables[VARIABLE] == HARD
        delimiter = re.compile(r"(ghadelimiter|bitbucket_token)_[0-9a-f-]{32,36}")
        assert delimiter.sub("-", theirs.read_text()) == delimiter.sub("-", ours)


class TestGiteaActions(TestGitHubActions):
    """Gitea's runner reads the same files."""

    name = "gitea"
    own: ClassVar[dict[str, str]] = {"GITEA_ACTIONS": "true"}


class TestForgejoActions(TestGitHubActions):
    """Forgejo's runner reads the same files."""

    name = "forgejo"
    own: ClassVar[dict[str, str]] = {"GITEA_ACTIONS": "true", "FORGEJO_ACTIONS": "true"}
