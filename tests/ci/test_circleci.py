"""CircleCI: each step is a bash that loads BASH_ENV, as `bash -eo pipefail` with the step's command in a file."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipe.ci.system import ENV_FILE
from tests import parts
from tests.ci.contract import LONG, VARIABLE, CiContract, Job

OWN = "export MINE='kept'\nexport PATH=\"/own/bin:$PATH\""


def step(job: Job, script: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step as CircleCI does, and ask the oracle about its log."""
    file = job.directory / "step.sh"
    file.write_text(script)
    ran = subprocess.run(
        [parts.need("bash"), *(options or ("-eo", "pipefail")), str(file)],
        cwd=job.directory,
        env={"PATH": os.environ["PATH"], "BASH_ENV": job.env["BASH_ENV"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for stream in (ran.stdout, ran.stderr):
        job.oracle.check("the log of a step", stream)
    return ran


class TestCircleCi(CiContract):
    """BASH_ENV gets what the env file would hold."""

    name = "circleci"

    def environment(self, root: Path) -> dict[str, str]:
        """As `docker run -e CIRCLECI -e BASH_ENV` hands it on; the user has lines there already."""
        file = root / "bash_env"
        file.write_text(OWN)
        return {"CI": "true", "CIRCLECI": "true", "BASH_ENV": str(file)}

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The next step has them, and what the user's own lines set."""
        assert ran.returncode == 0
        out = job.directory / "seen"
        ran = step(job, "env -0 >seen")
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        seen = dict(entry.split("=", 1) for entry in out.read_text().split("\0") if entry)
        out.unlink()
        assert seen["MINE"] == "kept"
        return {name: seen[name] for name in names}

    def holders(self, job: Job) -> set[Path]:
        """The file of the job."""
        return {Path(job.env["BASH_ENV"])}

    def break_channel(self, job: Job) -> None:
        """Nobody made the file, or it is not mounted: one made here would be lost."""
        Path(job.env["BASH_ENV"]).unlink()

    def assert_untouched(self, job: Job) -> None:
        """It was not made."""
        assert not Path(job.env["BASH_ENV"]).exists()
        assert not (job.directory / ENV_FILE).exists()

    @pytest.mark.parametrize("options", [("-eo", "pipefail"), ("-euxo", "pipefail"), ("-ev",), ("-exv",), ()])
    def test_each_step_has_the_token_and_masks_it(self, job: Job, options: tuple[str, ...]) -> None:
        """Step after step, in every form, whatever is traced, with its own exit status, and its streams apart."""
        assert job.run().returncode == 0
        for status in (3, 0):
            header = f'printf "x-token-auth:%s" "${VARIABLE}" | base64 -w0; echo'
            script = f'echo "got ${VARIABLE}"\n{header}\necho "also ${VARIABLE}" >&2\nexit {status}\n'
            ran = step(job, script, *options)
            assert ran.returncode == status
            assert re.fullmatch(r"got \*\*\*\n\*\*\*=*\n", ran.stdout)
            assert "also ***\n" in ran.stderr

    def revoke(self, job: Job, **variables: str) -> subprocess.CompletedProcess[str]:
        """The last step of the job."""
        return job.run("revoke", **variables)

    def test_only_the_owner_of_the_file_can_read_it(self, job: Job) -> None:
        """A step makes it by `touch`, for everybody to read; its own user is who reads it in later steps."""
        path = Path(job.env["BASH_ENV"])
        path.chmod(0o644)
        assert job.run().returncode == 0
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o600)
        assert job.run("--env-name", "SECOND").returncode == 0
        assert path.stat().st_mode & 0o777 == 0o600

    def test_revoke_takes_it_out_of_the_file(self, job: Job) -> None:
        """With git's settings; what others wrote before and after stays, and so does another token."""
        path = Path(job.env["BASH_ENV"])
        assert job.run("--env-name", "FIRST", token=LONG[:300]).returncode == 0
        others = path.read_text()
        url = f"{job.sandbox.url}/bitbucket"
        assert job.run("--configure-git", "true", "--base-url", url, TOKEN_URL="").returncode == 0
        assert job.run().returncode == 0
        with path.open("a") as file:
            file.write("export LATER=too\n")
        inode = path.stat().st_ino
        ran = self.revoke(job)

        assert ran.returncode == 0
        assert f"Removed {VARIABLE} from BASH_ENV: later steps do not have it.\n" in ran.stdout
        assert path.read_text() == others + "export LATER=too\n"
        assert path.stat().st_ino == inode
        seen = step(job, f'echo "${{{VARIABLE}-none}} ${{GIT_CONFIG_COUNT-none}} $LATER $MINE $FIRST"\n').stdout
        assert seen == "none none too kept ***\n"
        assert "BASH_ENV" not in self.revoke(job).stdout

    def test_revoke_false_leaves_it_there(self, job: Job) -> None:
        """As every other file."""
        assert job.run().returncode == 0
        before = Path(job.env["BASH_ENV"]).read_text()
        assert self.revoke(job, REVOKE="false").returncode == 0
        assert Path(job.env["BASH_ENV"]).read_text() == before

    @pytest.mark.parametrize("forged", ["without an end", "with the end of another"])
    def test_revoke_takes_nothing_else(self, job: Job, forged: str) -> None:
        """What only looks like ours, because somebody cut it in two or copied a part of it."""
        path = Path(job.env["BASH_ENV"])
        assert job.run().returncode == 0
        whole = path.read_text()
        changed = (
            whole[:-200] if forged == "without an end" else re.sub(r"[0-9a-f]{16}\" ;;", '0123456789abcdef" ;;', whole)
        )
        assert changed != whole
        path.write_text(changed)
        ran = self.revoke(job)
        assert (ran.returncode, path.read_text()) == (0, changed)
        assert "BASH_ENV" not in ran.stdout

    @pytest.mark.parametrize("kind", ["a directory", "a pipe", "too large", "nothing"])
    def test_what_cannot_be_cleared_is_a_warning(self, job: Job, tmp_path: Path, kind: str) -> None:
        """The work of the job is done; a file that is not there needs none."""
        path = tmp_path / "other"
        if kind == "a directory":
            path.mkdir()
        elif kind == "a pipe":
            os.mkfifo(path)
        elif kind == "too large":
            with path.open("w") as file:
                file.truncate(16 * 1024 * 1024 + 1)
        ran = self.revoke(job, BASH_ENV=str(path))
        assert ran.returncode == 0
        warning = "Warning: A file is left that may hold the token: The file that BASH_ENV names could not be cleared"
        assert (warning in ran.stdout) == (kind != "nothing")

    def test_a_failing_command_ends_the_step(self, job: Job) -> None:
        """`-eo pipefail` is as it was: for the step, and after the user's own lines."""
        assert job.run().returncode == 0
        ran = step(job, "echo before\nfalse | cat\necho after\n")
        assert (ran.returncode, ran.stdout) == (1, "before\n")

    def test_the_options_of_a_step_stay(self, job: Job) -> None:
        """What follows in BASH_ENV, and the step itself, are traced as before."""
        assert job.run().returncode == 0
        with Path(job.env["BASH_ENV"]).open("a") as file:
            file.write("export LATER=too\n")
        ran = step(job, "echo $- $LATER\n", "-eux")
        options, later = ran.stdout.split()
        assert set(options) >= set("eux")
        assert later == "too"
        assert "+ export LATER=too" in ran.stderr

    def test_a_child_bash_prints_data_as_it_is(self, job: Job) -> None:
        """What a script prints into a pipe or a variable is no log; what it prints to the log is masked once."""
        assert job.run().returncode == 0
        script = (
            f"printf 'printf %s \"${VARIABLE}\"' >child.sh\n"
            "taken=$(bash child.sh)\n"
            f'[ "$taken" = "${VARIABLE}" ] && echo same\n'
            f'[ "$(bash child.sh | wc -c)" = "{len(LONG)}" ] && echo whole\n'
            "bash child.sh; echo\n"
            "bash -xc 'bash child.sh'; echo\n"
        )
        ran = step(job, script)
        assert ran.stdout == "same\nwhole\n***\n***\n"
        assert ran.returncode == 0

    def test_a_child_bash_is_not_slow(self, job: Job) -> None:
        """It starts no filter of its own: 30 of them do with that of the step."""
        assert job.run(token=LONG[:200]).returncode == 0
        tools = job.directory / "tools"
        tools.mkdir()
        (tools / "mkfifo").write_text(f'#!/bin/sh\necho filter >>{tools}/started\nPATH={os.defpath} exec mkfifo "$@"\n')
        (tools / "mkfifo").chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        assert step(job, "for one in $(seq 30); do bash -c :; done\n", PATH=path).returncode == 0
        assert (tools / "started").read_text() == "filter\n"
        ran = step(job, "bash -c 'declare -F; set' | grep -c __bitbucket_token_filter || echo none\n")
        assert ran.stdout == "0\nnone\n"

    def test_the_step_that_got_it_can_load_it(self, job: Job) -> None:
        """As CircleCI advises: source BASH_ENV; twice does no harm."""
        assert job.run().returncode == 0
        ran = step(job, f'. "$SAVED"\n. "$SAVED"\necho "got ${VARIABLE}"\n', SAVED=job.env["BASH_ENV"], BASH_ENV="")
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "got ***\n", "")

    def test_two_tokens_are_both_masked(self, job: Job) -> None:
        """Each run adds a filter of its own."""
        assert job.run("--env-name", "FIRST", token=LONG[:300]).returncode == 0
        assert job.run("--env-name", "SECOND", token=LONG[300:600]).returncode == 0
        ran = step(job, 'echo "$FIRST $SECOND"\nbash -c \'echo "$FIRST $SECOND"\'\n')
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "*** ***\n*** ***\n", "")

    def test_without_mask_log_there_is_no_filter(self, job: Job) -> None:
        """The variable alone, and every step ends at once."""
        assert job.run("--mask-log", "false").returncode == 0
        assert step(job, f'echo "${{#{VARIABLE}}}"\n').stdout == f"{len(LONG)}\n"

    def test_without_bash_env_there_is_the_env_file(self, job: Job, tmp_path: Path) -> None:
        """As in a container that was not handed BASH_ENV."""
        ran = job.run(BASH_ENV="")
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}
        assert (tmp_path / "bash_env").read_text() == OWN

    @pytest.mark.parametrize("kind", ["a directory", "a pipe", "a full disk"])
    def test_what_cannot_be_written_is_exit_7(self, job: Job, tmp_path: Path, kind: str) -> None:
        """And the advice says what is missing."""
        path = tmp_path / "other"
        if kind == "a directory":
            path.mkdir()
        elif kind == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/full")
        ran = job.run(BASH_ENV=str(path))
        assert ran.returncode == 7
        assert 'touch "$BASH_ENV"' in ran.stderr
        self.assert_no_leak(job, ran, tmp_path)

    def test_a_disk_that_gets_full_leaves_what_was_there(self, job: Job) -> None:
        """The user's own lines, and no half of ours."""
        job.prefix = ("sh", "-c", 'ulimit -f 8; exec "$@"', "sh")
        ran = job.run()
        assert ran.returncode == 7
        assert Path(job.env["BASH_ENV"]).read_text() == OWN

    @pytest.mark.parametrize(
        ("variables", "why"), [({"CIRCLE_PR_REPONAME": "fork"}, "from a fork"), ({}, "in no context")]
    )
    def test_a_missing_secret_is_explained(self, job: Job, variables: dict[str, str], why: str) -> None:
        """Forks get none; others get those of their contexts."""
        ran = job.run(CONSUMER_SECRET="", **variables)
        assert ran.returncode == 2
        assert why in ran.stderr
