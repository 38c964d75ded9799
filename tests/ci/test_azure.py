"""Azure Pipelines: its logging commands, read as its agent reads them."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import parts
from tests.ci.contract import EVERY_CHARACTER, FULL_OUTPUT, LONG, VARIABLE, CiContract, Job, log_of_every_form

HARD = "%AZP25%0A%5D];=%25\\\"'%3B" + EVERY_CHARACTER


def command(line: str) -> tuple[str, dict[str, str], str] | None:
    """Take a line apart as Command.cs does: the prefix anywhere, `]` ends the head, and data is unescaped last."""
    _, found, rest = line.partition("##vso[")
    head, closed, data = rest.partition("]")
    if not (found and closed):
        return None
    name, _, listed = head.partition(" ")
    pairs = (text.split("=", 1) for text in listed.split(";") if text)
    return name, {pair[0]: unescaped(pair[1]) for pair in pairs if len(pair) == 2}, unescaped(data)


def unescaped(text: str) -> str:
    """Undo the escapes as CommandStringConvertor.cs does."""
    for escape, character in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")):
        text = text.replace(escape, character)
    return text


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """All commands in a log."""
    return [found for line in text.splitlines() if (found := command(line))]


class TestAzurePipelines(CiContract):
    """Variables are set by commands on standard output."""

    name = "azure"

    def environment(self, root: Path) -> dict[str, str]:
        """As `docker run -e TF_BUILD` hands it on, and more that the agent sets."""
        return {"TF_BUILD": "True", "BUILD_BUILDID": "7", "BUILD_REASON": "IndividualCI", "SYSTEM_JOBID": "1"}

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The agent keeps what `task.setvariable` says."""
        assert ran.returncode == 0
        found = commands(ran.stdout)
        seen = {at["variable"]: data for name, at, data in found if name == "task.setvariable"}
        return {name: seen[name] for name in names}

    def gits_settings(
        self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]
    ) -> Mapping[str, str]:
        """In the env file, which is written for them."""
        return CiContract.arrived(self, job, ran, names)

    def holders(self, job: Job) -> set[Path]:
        """No file."""
        return set()

    def shown(self, line: str) -> bool:
        """The agent hides its commands; the token's must be secret."""
        return line.startswith("##vso[task.setsecret]") or bool(
            re.match(r"##vso\[task\.setvariable variable=\w+;issecret=true(;isoutput=true)?\]", line)
        )

    def break_channel(self, job: Job) -> None:
        """Standard output cannot be written."""
        job.prefix = FULL_OUTPUT

    def test_masks_come_first(self, job: Job) -> None:
        """Nothing is printed before the secret is masked, and the token is not set before it is."""
        names = [found[0] if (found := command(line)) else "" for line in job.run().stdout.splitlines()]
        assert names[0] == "task.setsecret"
        assert max(at for at, name in enumerate(names) if name == "task.setsecret") < names.index("task.setvariable")

    def test_every_form_is_masked(self, job: Job) -> None:
        """A log that is masked by nothing but these commands holds no form."""
        masks = [data for name, _, data in commands(job.run(token=HARD).stdout) if name == "task.setsecret"]
        log = log_of_every_form(job.sandbox.consumer.key, job.sandbox.consumer.secret, HARD)
        for mask in sorted(masks, key=len, reverse=True):
            log = log.replace(mask, "***")
        job.oracle.check("the masked log", log)

    def test_only_the_token_is_secret(self, job: Job) -> None:
        """It is set as a variable of the job and as an output variable; so are its companions, in clear."""
        found = [at for name, at, _ in commands(job.run().stdout) if name == "task.setvariable"]
        assert found == [
            {"variable": VARIABLE, "issecret": "true"},
            {"variable": VARIABLE, "issecret": "true", "isoutput": "true"},
            {"variable": f"{VARIABLE}_EXPIRES_AT"},
            {"variable": f"{VARIABLE}_EXPIRES_AT", "isoutput": "true"},
            {"variable": f"{VARIABLE}_SCOPES"},
            {"variable": f"{VARIABLE}_SCOPES", "isoutput": "true"},
        ]

    def test_without_a_variable_there_is_the_env_file(self, job: Job) -> None:
        """`export-env: false` sets none."""
        ran = job.run("--export-env", "false")
        assert "setvariable" not in ran.stdout
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}

    def test_a_failure_is_one_issue(self, job: Job) -> None:
        """The run's summary page shows what happened, why, and what to do."""
        ran = job.run("--min-lifetime", "9000")
        assert ran.returncode == 6
        [(at, text)] = [(at, data) for name, at, data in commands(ran.stdout) if name == "task.logissue"]
        assert at == {"type": "error"}
        assert [line.partition(": ")[0] for line in text.splitlines()[1:]] == ["Why", "Now"]
        assert "##vso" not in text

    def test_what_is_left_at_the_end_is_a_lighter_issue(self, job: Job) -> None:
        """`revoke` at a server that does not say where it takes tokens back."""
        urls = {"TOKEN_URL": job.sandbox.rfc_token_url, "BITBUCKET_ACCESS_TOKEN": "token-of-another-server"}
        ran = job.run("revoke", **urls)
        assert ran.returncode == 0
        [(at, text)] = [(at, data) for name, at, data in commands(ran.stdout) if name == "task.logissue"]
        assert at == {"type": "warning"}
        assert text.startswith("Bitbucket token: The token is not revoked, and works until its lifetime ends: ")

    @pytest.mark.parametrize(
        ("variables", "why"),
        [
            ({"SYSTEM_PULLREQUEST_ISFORK": "True"}, "from a fork"),
            ({}, "puts no secret variable into a step's environment"),
        ],
    )
    def test_a_missing_secret_is_explained(self, job: Job, variables: dict[str, str], why: str) -> None:
        """Forks get none, and no step gets one by itself."""
        ran = job.run(CONSUMER_SECRET="", **variables)
        assert ran.returncode == 2
        assert why in ran.stdout

    def test_the_makers_own_library_reads_the_same(self, job: Job) -> None:
        """azure-pipelines-task-lib reads each command to the same text, and would have written the same."""
        library = parts.need("azure-pipelines-task-lib")
        lines = [line for line in job.run(token=HARD).stdout.splitlines() if line.startswith("##vso[")]
        script = (
            "const {commandFromString, TaskCommand} = require(process.argv[1] + '/taskcommand.js');"
            "const lines = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
            "console.log(JSON.stringify(lines.map(line => { const c = commandFromString(line);"
            "return [c.command, c.properties, c.message,"
            " new TaskCommand(c.command, c.properties, c.message).toString().replace(/;]/, ']')]; })));"
        )
        done = subprocess.run(
            [parts.need("node"), "-e", script, library],
            input=json.dumps(lines),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        read = json.loads(done.stdout)
        assert len(read) > 20
        assert [tuple(one[:3]) for one in read] == [command(line) for line in lines]
        assert [one[3] for one in read] == lines
        assert HARD in [one[2] for one in read]
