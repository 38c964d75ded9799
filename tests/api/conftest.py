"""What the tests of `bitbucket-token api` share."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from sandbox import Fault
from sandbox.repositories import Repository
from tests.program import Outcome, World, run_program

API = "https://api.bitbucket.org/2.0"
LIST = "/2.0/repositories/team"
HELLO = "repositories/team/hello"
DOWNLOADS = f"{HELLO}/downloads"


@dataclass(frozen=True)
class Caller:
    """The program with a token of the stand-in's in the usual variable."""

    world: World

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] = MappingProxyType({}),
        secrets: Sequence[str] = (),
        stdin: bytes | None = None,
        **variables: str,
    ) -> Outcome:
        """Run `bitbucket-token api`; with the token of the consumer unless `env` and `variables` say otherwise."""
        usual = {"BITBUCKET_ACCESS_TOKEN": self.token(), "MAX_ATTEMPTS": "3", "TIMEOUT": "5"}
        given = {name: value for name, value in {**usual, **env, **variables}.items() if value}
        return run_program(self.world, "api", *arguments, env=given, stdin=stdin, secrets=secrets)

    def token(self, *scopes: str) -> str:
        """Return a new token."""
        return self.world.sandbox.mint_token(*scopes).value

    def answer(self, value: object, path: str = LIST, **more: Any) -> None:
        """Have the next request to `path` answered by this JSON."""
        body = value if isinstance(value, str) else json.dumps(value)
        self.world.sandbox.faults.add(Fault(path, body=body, **more))

    def fault(self, path: str = "/2.0/*", **more: Any) -> None:
        """Have the next request to `path` go wrong."""
        self.world.sandbox.faults.add(Fault(path, **more))

    def file(self, name: str, text: str) -> Path:
        """Write a file into the working directory."""
        path = self.world.work / name
        path.write_text(text)
        return path


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


def lines(outcome: Outcome) -> list[Any]:
    """The JSON values on standard output, one a line."""
    return [json.loads(line) for line in outcome.out.splitlines()]


def asked(outcome: Outcome) -> list[str]:
    """Method, path and query of each request to the API."""
    found = [request for request in outcome.requests if "oauth2" not in request.path]
    return [f"{one.method} {one.path}" + (f"?{one.query}" if one.query else "") for one in found]


@pytest.fixture
def hello(caller: Caller) -> Repository:
    return caller.world.sandbox.repositories.of("team")[0]


def written(caller: Caller, name: str, content: bytes) -> Path:
    """Write a file into the working directory."""
    path = caller.world.work / name
    path.write_bytes(content)
    return path


def writer(caller: Caller) -> dict[str, str]:
    """Return the variable with a token that may write, and read logs."""
    return {"BITBUCKET_ACCESS_TOKEN": caller.token("repository:write", "pipeline")}


def digest(content: bytes) -> str:
    """Return what stands for a content that is too long to be compared in a message."""
    return hashlib.sha256(content).hexdigest()
