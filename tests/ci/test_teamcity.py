"""TeamCity."""

import re
from pathlib import Path

from teamcity.messages import escape_value  # type: ignore[import-untyped]

from tests.ci.contract import EVERY_CHARACTER, FULL_OUTPUT, VARIABLE, CiContract, Job

MESSAGE = re.compile(r"##teamcity\[(\w+)((?: \w+='(?:[^|'\]]|\|.)*')*)\]")
ATTRIBUTE = re.compile(r" (\w+)='((?:[^|'\]]|\|.)*)'")


def parameters(text: str) -> dict[str, str]:
    """The parameters that a log sets, unescaped as "Service Messages" says."""
    found = {}
    for line in text.splitlines():
        if message := MESSAGE.fullmatch(line):
            at = dict(ATTRIBUTE.findall(message[2]))
            assert (message[1], set(at)) == ("setParameter", {"name", "value"})
            found[at["name"]] = re.sub(
                r"\|(.)", lambda escape: {"n": "\n", "r": "\r"}.get(escape[1], escape[1]), at["value"]
            )
    return found


class TestTeamCity(CiContract):
    """The env file in the checkout, unless the channel is named."""

    name = "teamcity"

    def environment(self, root: Path) -> dict[str, str]:
        """As a build step gets it."""
        return {"TEAMCITY_VERSION": "2024.12 (build 174331)", "TEAMCITY_PROJECT_NAME": "clone", "BUILD_NUMBER": "7"}

    def test_nothing_is_set_that_others_can_read(self, job: Job) -> None:
        """Without the channel there is no service message."""
        assert "##teamcity" not in job.run().stdout

    def test_the_channel_sets_parameters_and_says_who_can_read_them(self, job: Job, tmp_path: Path) -> None:
        """Later steps get them; nothing is written."""
        ran = job.run("--channel", "parameter", token=EVERY_CHARACTER)
        assert ran.returncode == 0
        seen = parameters(ran.stdout)
        assert seen.pop(f"env.{VARIABLE}_EXPIRES_AT")
        assert seen == {f"env.{VARIABLE}": EVERY_CHARACTER, f"env.{VARIABLE}_SCOPES": "repository account"}
        told = [line for line in ran.stdout.splitlines() if not line.startswith("##teamcity[setParameter")]
        assert any("Warning: TeamCity shows the parameters" in line for line in told)
        job.oracle.check("the log", "\n".join([*told, ran.stderr]))
        job.oracle.check_tree(tmp_path)

    def test_the_makers_own_library_writes_the_same(self, job: Job) -> None:
        """teamcity-messages escapes every text as we do."""
        token = "|'[]||n|0x0041" + EVERY_CHARACTER
        ran = job.run("--channel", "parameter", token=token)
        assert (
            f"##teamcity[setParameter name='env.{VARIABLE}' value='{escape_value(token)}']" in ran.stdout.splitlines()
        )

    def test_a_channel_that_cannot_be_written_is_exit_7(self, job: Job, tmp_path: Path) -> None:
        """The cause is told, and nothing is left."""
        job.prefix = FULL_OUTPUT
        ran = job.run("--channel", "parameter")
        assert ran.returncode == 7
        assert "could not be told which parameters to set" in ran.stderr
        self.assert_no_leak(job, ran, tmp_path)
        assert list(job.directory.iterdir()) == []

    def test_only_its_own_channel_is_known(self, job: Job) -> None:
        """Any other name is a wrong input, and nothing was asked for."""
        ran = job.run("--channel", "dotenv")
        assert ran.returncode == 2
        assert "Allowed: one of: parameter." in ran.stderr
        assert job.sandbox.requests == []
