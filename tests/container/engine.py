"""Docker as the tests use it: build the image, run it, look at it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import parts
from tests.container.images import ROOT

PIPE_IMAGE = "bitbucket-token-tests/pipe:latest"
INTERPRETER = "/opt/bitbucket-token/bin/python3"

Ran = subprocess.CompletedProcess[str]


def command(
    program: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60,
) -> Ran:
    """Run a program to its end. `env` is added to the tests' own environment."""
    return subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def docker(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> Ran:
    """Run the docker client to its end."""
    return command(parts.find("docker"), *arguments, env=env, timeout=timeout)


def output(*arguments: str) -> str:
    """Return what a docker command that has to succeed prints."""
    done = docker(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def inspect(name: str, template: str) -> str:
    """Return one field of an image or a container."""
    return output("inspect", "--format", template, name)


def build(name: str, *, client: str | None = None, buildkit: bool = False) -> None:
    """Build the image from the tree as it is, with the classic builder or with BuildKit."""
    env = {"DOCKER_BUILDKIT": "1" if buildkit else "0"}
    arguments = ["build", "--network", "host", "--tag", name, str(ROOT)]
    done = command(client or parts.find("docker"), *arguments, env=env, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def run(*arguments: str, env: Mapping[str, str], options: Sequence[str] = ("--rm",), network: str = "host") -> Ran:
    """Run the pipe in a container. Variables go by name: no value is in the process list."""
    variables = [f"--env={name}" for name in env]
    return docker("run", f"--network={network}", *variables, *options, PIPE_IMAGE, *arguments, env=env)


def inside(program: str) -> str:
    """Return what a Python program prints inside the image."""
    no_network = ("--network", "none")
    return output("run", "--rm", *no_network, "--entrypoint", INTERPRETER, PIPE_IMAGE, "-I", "-c", program)
