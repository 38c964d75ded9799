"""GitLab CI: the env file, a dotenv report on request, and the page's snippets run by gitlab-ci-local."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sandbox import Sandbox
from tests import parts
from tests.ci.contract import EVERY_CHARACTER, LONG, ROOT, VARIABLE, CiContract, Job
from tests.oracle import Oracle

NO_DOLLAR = EVERY_CHARACTER.replace("$", "")
REPORT = "token.env"


def parsed(data: bytes) -> dict[str, str]:
    """Read a dotenv report as GitLab does (parse_dotenv_artifact_service.rb), or fail where it would."""
    assert len(data) < 5 * 1024, "Dotenv Artifact Too Big"
    variables = {}
    for line in data.decode().splitlines():
        found = re.match(r"^(.*?)=(.*)$", line)
        assert found, "Invalid Format"
        name, value = found[1].strip(), found[2].strip()
        assert re.fullmatch(r"[A-Za-z0-9_]+", name)
        # The runner expands what a variable holds, as it does for each that is not raw.
        variables[name] = re.sub(r"\$(\w+|\{\w+\})", "", value)
    assert len(variables) <= 20
    return variables


class TestGitLabCi(CiContract):
    """The env file in the project's directory."""

    name = "gitlab"

    def environment(self, root: Path) -> dict[str, str]:
        """As a job gets it."""
        return {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_ID": "278964",
            "CI_PROJECT_DIR": str(root / "work"),
            "CI_COMMIT_REF_PROTECTED": "true",
        }

    def channel(self, job: Job, *options: str, token: str) -> subprocess.CompletedProcess[str]:
        """A run that writes the report."""
        return job.run("--channel", "dotenv", "--channel-file", REPORT, *options, token=token)

    @pytest.mark.parametrize("token", [NO_DOLLAR, LONG], ids=["every character but $", "4,000 characters"])
    def test_the_channel_writes_a_report_and_says_who_can_read_it(self, job: Job, tmp_path: Path, token: str) -> None:
        """A later job gets the very token; nothing else is written."""
        ran = self.channel(job, token=token)
        assert ran.returncode == 0, ran.stderr
        report = job.directory / REPORT
        seen = parsed(report.read_bytes())
        assert seen.pop(f"{VARIABLE}_EXPIRES_AT")
        assert seen == {VARIABLE: token, f"{VARIABLE}_SCOPES": "repository account"}
        assert report.stat().st_mode & 0o777 == 0o600
        assert "Warning: GitLab masks nothing that comes from a dotenv report" in ran.stdout
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path, allowed={report})

    def test_a_report_keeps_what_it_held(self, job: Job) -> None:
        """The user's own line, even without an end, and the token of another run."""
        report = job.directory / REPORT
        report.write_text("OWN=1")
        assert self.channel(job, "--env-name", "FIRST", token=LONG[:500]).returncode == 0
        assert self.channel(job, "--env-name", "SECOND", token=LONG[500:999]).returncode == 0
        seen = parsed(report.read_bytes())
        assert (seen["OWN"], seen["FIRST"], seen["SECOND"]) == ("1", LONG[:500], LONG[500:999])

    @pytest.mark.parametrize(
        ("held", "token", "why"),
        [
            (None, LONG + LONG[:1100], "less than 5 KB"),
            ("OWN=" + "x" * 2000 + "\n", LONG, "less than 5 KB"),
            (None, "to$HOME$$ken", "dollar sign"),
        ],
        ids=["too long", "too long with what is there", "a dollar sign"],
    )
    def test_a_token_that_gitlab_would_refuse_or_change_is_exit_7(
        self, job: Job, tmp_path: Path, held: str | None, token: str, why: str
    ) -> None:
        """The report is what it was, or is not there."""
        report = job.directory / REPORT
        if held:
            report.write_text(held)
        ran = self.channel(job, token=token)
        assert ran.returncode == 7
        assert why in ran.stderr
        assert (report.read_text() if report.exists() else None) == held
        self.assert_no_leak(job, ran, tmp_path)

    def test_the_longest_token_that_fits(self, job: Job) -> None:
        """Down to the byte."""
        assert self.channel(job, token=LONG[:10]).returncode == 0
        report = job.directory / REPORT
        room = 5 * 1024 - 1 - (len(report.read_bytes()) - 10)
        report.unlink()
        token = LONG + LONG[: room + 1 - len(LONG)]
        assert self.channel(job, token=token).returncode == 7
        assert self.channel(job, token=token[:-1]).returncode == 0
        assert parsed(report.read_bytes())[VARIABLE] == token[:-1]

    @pytest.mark.parametrize("kind", ["a link", "a directory", "no directory"])
    def test_what_is_in_the_way_is_exit_7(self, job: Job, tmp_path: Path, kind: str) -> None:
        """A merge request may have committed it."""
        report = job.directory / REPORT
        if kind == "a link":
            (tmp_path / "elsewhere").write_text("")
            report.symlink_to(tmp_path / "elsewhere")
        elif kind == "a directory":
            report.mkdir()
        name = "missing/token.env" if kind == "no directory" else REPORT
        ran = job.run("--channel", "dotenv", "--channel-file", name)
        assert ran.returncode == 7
        assert "could not be written" in ran.stderr
        self.assert_no_leak(job, ran, tmp_path)

    def test_the_channel_needs_a_file(self, job: Job) -> None:
        """A wrong input, told before anything is asked for."""
        ran = job.run("--channel", "dotenv")
        assert ran.returncode == 2
        assert "channel-file is missing." in ran.stderr
        assert job.sandbox.requests == []

    @pytest.mark.parametrize(
        ("variables", "why"),
        [
            ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5", "CI_MERGE_REQUEST_PROJECT_ID": "278964"}, "from a fork"),
            (
                {
                    "CI_PROJECT_ID": "5",
                    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5",
                    "CI_MERGE_REQUEST_PROJECT_ID": "278964",
                },
                "from a fork",
            ),
            ({"CI_COMMIT_REF_PROTECTED": "false"}, "is not protected"),
            (
                {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5", "CI_MERGE_REQUEST_PROJECT_ID": "5"},
                "is not handed to this step",
            ),
        ],
        ids=["fork, in the parent", "fork", "unprotected branch", "otherwise"],
    )
    def test_a_missing_secret_is_explained(self, job: Job, variables: dict[str, str], why: str) -> None:
        """Forks and unprotected branches do not get it."""
        ran = job.run(CONSUMER_SECRET="", **variables)
        assert ran.returncode == 2
        assert why in ran.stderr


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox, installed: Path) -> Path:
    """A repository whose jobs are those of the page, with our interpreter for the image's, and a later job."""
    parts.need("rsync")
    page = (ROOT / "docs/ci/gitlab.md").read_text()
    jobs: dict[str, dict[str, object]] = {}
    for snippet in re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S):
        jobs |= yaml.safe_load(snippet.replace("/opt/bitbucket-token/bin/python3", str(installed)))
    script = jobs["clone"]["script"]
    assert isinstance(script, list)
    use = [
        f'echo "by mistake ${VARIABLE}"',
        f'echo "on standard error ${VARIABLE}" >&2',
        f'printf %s "${VARIABLE}" | sha256sum',
    ]
    script = [line.replace("WORKSPACE/REPOSITORY", "team/hello") for line in script if "apt-get" not in line]
    jobs["clone"] |= {"stage": "build", "script": [*script, "cat hello/README.md", *use]}
    jobs["token"] |= {"stage": "build"}
    jobs["later"] = {"stage": "test", "script": use[2:], "needs": ["token"]}
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(yaml.safe_dump({"stages": ["build", "test"], **jobs}))
    variables = {
        "CONSUMER_KEY": sandbox.consumer.key,
        "CONSUMER_SECRET": sandbox.consumer.secret,
        **sandbox.environment(),
        # It sets this to false, for those who want to know that they are not on GitLab.
        "GITLAB_CI": "true",
        "CA_FILE": str(sandbox.ca_file),
    }
    (folder / ".gitlab-ci-local-variables.yml").write_text(json.dumps(variables))
    (folder / ".gitignore").write_text(".gitlab-ci-local*\n")
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", "git@gitlab.example.org:team/project.git"),
        ("add", "."),
        (*author, "commit", "-q", "-m", "Test"),
    ):
        subprocess.run([parts.need("git"), *arguments], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("jobs", [("clone",), ("later", "--needs")], ids=["the script", "a later job"])
def test_gitlab_ci_local_runs_the_page(project: Path, tmp_path: Path, sandbox: Sandbox, jobs: tuple[str, ...]) -> None:
    """The variable is there in what runs next, and the log does not show the token."""
    program = Path(parts.need("gitlab-ci-local"), "src", "index.js")
    ran = subprocess.run(
        [parts.need("node"), str(program), *jobs, "--force-shell-executor"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    log = ran.stdout + ran.stderr
    assert ran.returncode == 0, log
    token = sandbox.tokens[0].value
    Oracle([token, sandbox.consumer.secret], key=sandbox.consumer.key).check("the log", log)
    assert hashlib.sha256(token.encode()).hexdigest() in log
    assert jobs[0] != "clone" or ("by mistake ***" in log and "on standard error ***" in log)
    assert jobs[0] != "clone" or "# Hello from the pipe's sandbox" in log
