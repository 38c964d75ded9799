"""What holds on every CI system, tested in the same way on each.

A system's test file has one subclass of `CiContract`, which says what the system's environment looks like, how a later
step reads what arrived, and how its channel is broken. The scenarios below then run for it.
"""

import json
import os
import string
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, quote_plus

import pytest

from pipe import ci
from pipe.ci.system import ENV_FILE
from sandbox import Fault, Sandbox
from tests.oracle import Oracle

ROOT = Path(__file__).parents[2]
VARIABLE = "BITBUCKET_ACCESS_TOKEN"

# RFC 6750 section 2.1 (b64token), and all else that the program lets through: printable ASCII without space.
EVERY_CHARACTER = "".join(sorted(set(string.printable) - set(string.whitespace)))
# Starts a program whose standard output cannot be written.
FULL_OUTPUT = ("sh", "-c", 'exec "$@" >/dev/full', "sh")
LONG = ("0123456789abcdefghijklmnopqrstuvwxyz._-~+" * 100)[:4000]


def log_of_every_form(key: str, *secrets: str) -> str:
    """A log that shows each secret in every form that must be masked, made without the program's own code."""
    log = ""
    for secret in secrets:
        found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)}
        for plain in (secret, f"x-token-auth:{secret}", f"{key}:{secret}", f"somebody:{secret}", f"a:{secret}"):
            found |= {b64encode(plain.encode()).decode(), urlsafe_b64encode(plain.encode()).decode()}
        log += "".join(f"before {form} after\n" for form in sorted(found))
    return log


class Job:
    """One job of a CI system: its working directory, its environment, and a command that starts its steps."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.sandbox = sandbox
        self.directory = directory
        self.env: dict[str, str] = {}
        self.prefix: tuple[str, ...] = ()
        self.tokens: list[str] = []
        """What the server handed out."""
        self.oracle = Oracle([sandbox.consumer.secret], key=sandbox.consumer.key)

    def run(self, *options: str, token: str = LONG, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the program as a step of this job; the server hands out `token`."""
        self.oracle.learn(token)
        self.tokens.append(token)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": 7200, "scope": "repository account"}
        self.sandbox.faults.clear()
        self.sandbox.faults.add(Fault("*", body=json.dumps(answer), times=None))
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CONSUMER_KEY": self.sandbox.consumer.key,
            "CONSUMER_SECRET": self.sandbox.consumer.secret,
            "TOKEN_URL": self.sandbox.token_url,
            "CA_FILE": str(self.sandbox.ca_file),
            "MAX_ATTEMPTS": "1",
            **self.env,
            **variables,
        }
        return subprocess.run(
            [*self.prefix, sys.executable, "-m", "pipe", *options],
            cwd=self.directory,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


class CiContract:
    """The scenarios. `name` is the system's, as its file in pipe/ci is called."""

    name: ClassVar[str]

    @pytest.fixture
    def job(self, tmp_path: Path) -> Iterator[Job]:
        """A job of this system, with a server of its own."""
        directory = tmp_path / "work"
        directory.mkdir()
        with Sandbox() as sandbox:
            job = Job(sandbox, directory)
            job.env = self.environment(tmp_path)
            yield job

    # What a subclass says of its system.

    def environment(self, root: Path) -> dict[str, str]:
        """The variables that the system sets; files that they name are made below `root`, not in `root/work`."""
        raise NotImplementedError

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """The variables called `names` as the next step sees them. The fallback loads the env file in a shell."""
        assert ran.returncode == 0
        out = job.directory / "seen"
        script = f". ./{ENV_FILE}; env -0 >seen"
        subprocess.run(["sh", "-c", script], cwd=job.directory, check=True, env={"PATH": os.environ["PATH"]})
        seen = dict(entry.split("=", 1) for entry in out.read_text().split("\0") if entry)
        out.unlink()
        return {name: seen[name] for name in names}

    def holders(self, job: Job) -> set[Path]:
        """The files that may hold the token after a run."""
        return {job.directory / ENV_FILE}

    def shown(self, line: str) -> bool:
        """Whether a line of output is one that may hold a secret: a command that the system hides."""
        return False

    def break_channel(self, job: Job) -> None:
        """Make the way to later steps fail. The fallback puts a file where the env file's directory has to be."""
        (job.directory / ENV_FILE.parent).write_text("in the way")

    def assert_untouched(self, job: Job) -> None:
        """Nothing was handed on. The fallback looks for the env file."""
        assert not (job.directory / ENV_FILE).exists()

    def gits_settings(
        self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]
    ) -> Mapping[str, str]:
        """The variables that configure git, as the next step sees them."""
        return self.arrived(job, ran, names)

    # What holds on every one.

    def assert_no_leak(self, job: Job, ran: subprocess.CompletedProcess[str], root: Path) -> None:
        """Ask the oracle about all output, and about all files but those that hand the token on."""
        for stream in (ran.stdout, ran.stderr):
            job.oracle.check("the log", "\n".join(line for line in stream.splitlines() if not self.shown(line)))
        job.oracle.check_tree(root, allowed=self.holders(job))

    def test_is_detected_alone(self, tmp_path: Path) -> None:
        """Its environment is recognised as its own, and as nobody else's."""
        env = self.environment(tmp_path)
        assert ci.detect(env).name == self.name
        assert [name for name in ci.names() if ci.called(name).detect(env)] in ([self.name], [])

    @pytest.mark.parametrize("token", [EVERY_CHARACTER, LONG], ids=["every character", "4,000 characters"])
    def test_the_token_arrives_whole(self, job: Job, tmp_path: Path, token: str) -> None:
        """A later step sees the very token, its end and its scopes, and no log shows it."""
        ran = job.run(token=token)
        self.assert_no_leak(job, ran, tmp_path)
        names = (VARIABLE, f"{VARIABLE}_SCOPES")
        assert self.arrived(job, ran, names) == {names[0]: token, names[1]: "repository account"}, ran.stderr

    def test_the_variable_is_the_users_choice(self, job: Job, tmp_path: Path) -> None:
        """`env-name` is the name that later steps find."""
        ran = job.run("--env-name", "My_Token_2")
        self.assert_no_leak(job, ran, tmp_path)
        assert self.arrived(job, ran, ("My_Token_2",)) == {"My_Token_2": LONG}, ran.stderr

    def test_two_runs_in_one_job_give_two_variables(self, job: Job, tmp_path: Path) -> None:
        """The second run takes nothing from the first."""
        first, second = LONG[:2500], LONG[:2500][::-1]
        ran = job.run("--env-name", "FIRST", token=first)
        self.assert_no_leak(job, ran, tmp_path)
        seen = dict(self.arrived(job, ran, ("FIRST",)))
        ran = job.run("--env-name", "SECOND", token=second)
        self.assert_no_leak(job, ran, tmp_path)
        seen |= self.arrived(job, ran, ("SECOND",))
        assert seen == {"FIRST": first, "SECOND": second}

    def test_gits_settings_arrive(self, job: Job, tmp_path: Path) -> None:
        """With `configure-git`, the next step has them, and no log shows the token that is in one of them."""
        url = f"{job.sandbox.url}/bitbucket"
        ran = job.run("--configure-git", "true", "--base-url", url, TOKEN_URL="")
        for stream in (ran.stdout, ran.stderr):
            job.oracle.check("the log", "\n".join(line for line in stream.splitlines() if not self.shown(line)))
        job.oracle.check_tree(tmp_path, allowed=self.holders(job) | {job.directory / ENV_FILE})
        names = tuple(f"GIT_CONFIG_{part}" for part in ("COUNT", "KEY_0", "VALUE_0", "KEY_2", "VALUE_2"))
        assert self.gits_settings(job, ran, names) == {
            "GIT_CONFIG_COUNT": "4",
            "GIT_CONFIG_KEY_0": f"http.{url}/scm/.followRedirects",
            "GIT_CONFIG_VALUE_0": "false",
            "GIT_CONFIG_KEY_2": f"http.{url}/scm/.extraHeader",
            "GIT_CONFIG_VALUE_2": f"Authorization: Bearer {LONG}",
        }, ran.stderr

    def test_it_can_be_forced(self, job: Job, tmp_path: Path) -> None:
        """`ci` chooses it, whatever else the environment says."""
        job.env |= {"GITHUB_ACTIONS": "true"} if self.name != "github" else {"TF_BUILD": "True"}
        ran = job.run("--ci", self.name)
        self.assert_no_leak(job, ran, tmp_path)
        assert self.arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}, ran.stderr

    def test_a_broken_channel_is_exit_7_and_nothing_is_left(self, job: Job, tmp_path: Path) -> None:
        """The cause is told, nothing is half-written, nothing leaks."""
        self.break_channel(job)
        ran = job.run()
        assert ran.returncode == 7, ran.stdout + ran.stderr
        self.assert_no_leak(job, ran, tmp_path)
        self.assert_untouched(job)
