"""Jenkins."""

import subprocess
from pathlib import Path

import pytest

from pipe.ci.system import ENV_FILE
from tests import parts
from tests.ci.contract import LONG, VARIABLE, CiContract, Job


class TestJenkins(CiContract):
    """The env file in the workspace."""

    name = "jenkins"

    def environment(self, root: Path) -> dict[str, str]:
        """As a build gets it."""
        return {
            "JENKINS_URL": "https://jenkins.example.org/",
            "BUILD_ID": "7",
            "BUILD_TAG": "jenkins-clone-7",
            "WORKSPACE": str(root / "work"),
        }

    @pytest.mark.parametrize("shell", ["dash", "bash"])
    def test_a_script_of_the_sh_step_loads_it(self, job: Job, tmp_path: Path, shell: str) -> None:
        """Jenkins runs a script with `sh -xe`: the trace does not show the token, and a failure is a failure."""
        assert job.run().returncode == 0
        script = tmp_path / "script.sh"
        script.write_text(f'. ./{ENV_FILE}\necho "got ${VARIABLE}"\nsh -c \'echo "child ${VARIABLE}"\'\nfalse\n')
        command = [parts.need(shell), "-xe", str(script)]
        ran = subprocess.run(
            command, cwd=job.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert ran.returncode == 1
        assert "\ngot ***\n" in ran.stdout
        assert "child ***\n" in ran.stdout
        job.oracle.check("the log", ran.stdout)

    def test_a_missing_credential_is_explained(self, job: Job) -> None:
        """It is there only inside its block, and in the container only if handed on."""
        ran = job.run(CONSUMER_SECRET="")
        assert ran.returncode == 2
        assert "withCredentials" in ran.stderr
        assert LONG[:12] not in ran.stderr
