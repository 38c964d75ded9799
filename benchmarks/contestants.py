"""The programs that are compared, and how each is started."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.environment import PYTHON


class Contestant(NamedTuple):
    """One way to get a token."""

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = {}
    """What it needs in the environment beside what all are given."""


BARE = "bare requests.post"
"""All others are measured by it."""


def contestants(given: Mapping[str, str], folder: Path) -> list[Contestant]:
    """Return them all; `given` is the environment that all of them get, `folder` is for what they write."""
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ENV": str(_empty(folder / "github-env")),
        "GITHUB_OUTPUT": str(_empty(folder / "github-output")),
        "GITHUB_STEP_SUMMARY": str(_empty(folder / "github-summary")),
    }
    bitbucket = {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_CLONE_DIR": str(folder)}
    found = [
        Contestant(BARE, _module("programs.bare")),
        Contestant("requests.post, no other import", _module("programs.requests_only")),
        Contestant("bitbucket-token, on GitHub", _module("pipe"), github),
        Contestant("bitbucket-token, as a pipe", _module("pipe"), bitbucket),
        Contestant("bitbucket-token, --print raw", _module("pipe", "--print", "raw")),
        Contestant("requests-oauthlib", _module("programs.oauthlib")),
        Contestant("Authlib", _module("programs.authlib")),
        Contestant("bitbucket-pipes-toolkit", _module("programs.toolkit"), bitbucket),
    ]
    if curl := shutil.which("curl"):
        found.insert(0, Contestant("curl", _curl(curl, given)))
    return found


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    """Python as the image starts it: isolated, and from installed bytecode."""
    return (str(PYTHON), "-I", "-m", name, *arguments)


def _curl(curl: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """The command of Bitbucket's documentation. Key and secret are the stand-in's, made anew each time."""
    credentials = f"{given['CONSUMER_KEY']}:{given['CONSUMER_SECRET']}"
    return (curl, "-sS", "--fail", "-u", credentials, "-d", "grant_type=client_credentials", given["TOKEN_URL"])


def _empty(path: Path) -> Path:
    path.touch()
    return path
