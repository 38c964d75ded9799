"""A job whose first step is the program, and whose later steps run git."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import parts
from tests.oracle import Oracle
from tests.program import Outcome, World, run_program

IDENTITY = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@dataclass
class Job:
    """The job: what its environment is from step to step, and what its log showed."""

    world: World
    git: str
    env: dict[str, str] = field(default_factory=dict, repr=False)
    log: str = field(default="", repr=False)

    def get_token(self, *options: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run the program as a step on GitHub; what it exports is there from then on."""
        github = self.world.github()
        given = {**github, **self.world.consumer, "CONFIGURE_GIT": "true", **self.env, **(env or {})}
        outcome = run_program(self.world, *options, env=given)
        assert outcome.code == 0, outcome.failure
        self.env |= exported(Path(github["GITHUB_ENV"]).read_text())
        return outcome

    def run(self, *command: str, cwd: Path | None = None, user: int | None = None, **more: str) -> tuple[int, str]:
        """Run a command in a later step, which has another HOME than the program; return its status and its output.

        git tells each program that it starts, with all arguments: no form of a token may be in it.
        """
        done = subprocess.run(
            command,
            cwd=cwd or self.world.work,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_TRACE": "1",
                "GIT_CURL_VERBOSE": "1",
                **IDENTITY,
                **self.world.sandbox.environment(),
                **self.env,
                **more,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            user=user,
        )
        output = done.stdout.decode(errors="replace")
        self.oracle().check("what git says and starts", output)
        return done.returncode, output

    def succeed(self, *command: str, cwd: Path | None = None, user: int | None = None, **more: str) -> str:
        """Run a command that has to succeed, and find no token in what it leaves."""
        status, output = self.run(*command, cwd=cwd, user=user, **more)
        assert status == 0, output
        self.oracle().check_tree(self.world.work, allowed=set())
        return output

    def oracle(self) -> Oracle:
        """Who knows every token there is."""
        sandbox = self.world.sandbox
        oracle = Oracle([sandbox.consumer.secret], key=sandbox.consumer.key)
        for token in sandbox.tokens:
            oracle.learn(token.value)
        for made in sandbox.data_center.tokens.made:
            oracle.learn(made.value)
        return oracle

    def told_to(self, host: str) -> list[str]:
        """The `Authorization` headers that a host was sent by git."""
        asked = [request for request in self.world.sandbox.requests if ".git/" in request.path]
        requests = [request for request in asked if request.host.partition(":")[0] == host]
        assert requests, f"{host} was not asked at all"
        return [value for request in requests for name, value in request.headers if name.lower() == "authorization"]


def exported(text: str) -> dict[str, str]:
    """Read the file that GITHUB_ENV names, as GitHub's runner does."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value: list[str] = []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        found[name] = "\n".join(value)
    return found


@pytest.fixture
def job(world: World) -> Job:
    """A job that has done nothing yet."""
    return Job(world, parts.need("git"))
