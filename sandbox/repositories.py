"""The repositories of the workspaces. Each gets a real bare Git repository once somebody asks for it."""

import subprocess
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

_FIRST_COMMIT = b"""\
commit refs/heads/main
committer Sandbox <sandbox@example.com> 1767225600 +0000
data 13
First commit

M 100644 inline README.md
data 31
# Hello from the pipe's sandbox

"""


def _uuid() -> str:
    return f"{{{uuid.uuid4()}}}"


@dataclass(slots=True)
class Environment:
    """One deployment environment."""

    name: str
    uuid: str = field(default_factory=_uuid)
    variables: list[dict[str, object]] = field(default_factory=list)


@dataclass(slots=True)
class Repository:
    """One repository, and what the API keeps about it."""

    workspace: str
    slug: str
    uuid: str = field(default_factory=_uuid)
    pull_requests: list[dict[str, object]] = field(default_factory=list)
    variables: list[dict[str, object]] = field(default_factory=list)
    environments: list["Environment"] = field(default_factory=list)
    downloads: dict[str, bytes] = field(default_factory=dict)
    """What the page Downloads has, by name."""
    logs: dict[str, bytes] = field(default_factory=dict)
    """Those of the steps of its pipelines, by `PIPELINE/STEP`."""


class _AndMore(Sequence[Repository]):
    """Some repositories, and then `more` of the same workspace, each made when it is looked at."""

    def __init__(self, first: list[Repository], workspace: str, more: int) -> None:
        self._first = first
        self._workspace = workspace
        self._more = more

    def __len__(self) -> int:
        return len(self._first) + self._more

    @overload
    def __getitem__(self, index: int) -> Repository: ...
    @overload
    def __getitem__(self, index: slice) -> list[Repository]: ...
    def __getitem__(self, index: int | slice) -> Repository | list[Repository]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError
        number = index - len(self._first)
        if number < 0:
            return self._first[index]
        slug = f"repository-{number:06}"
        return Repository(self._workspace, slug, uuid=f"{{00000000-0000-4000-8000-{number:012}}}")


class Repositories:
    """`team/hello`, eleven more and twelve environments for the sake of paging, and one of another workspace.

    `more` is how many others the list of `team` has at its end; they are nowhere else.
    """

    def __init__(self, directory: Path, more: int = 0) -> None:
        self.directory = directory
        self._more = more
        self._lock = threading.Lock()
        names = ["hello", *(f"service-{number:02}" for number in range(1, 12))]
        self._all = [Repository("team", name) for name in names] + [Repository("other", "hidden")]
        names = [*(f"Preview {number}" for number in range(1, 12)), "Production"]
        self._all[0].environments = [Environment(name) for name in names]
        self.workspace_variables: dict[str, list[dict[str, object]]] = {"team": [], "other": []}

    def of(self, workspace: str) -> list[Repository]:
        """Return a workspace's repositories."""
        return [repository for repository in self._all if repository.workspace == workspace]

    def listed(self, workspace: str) -> Sequence[Repository]:
        """Return what the list of a workspace's repositories has."""
        return _AndMore(self.of(workspace), workspace, self._more if workspace == "team" else 0)

    def find(self, workspace: str, slug: str) -> Repository | None:
        """Return one repository."""
        return next((repository for repository in self.of(workspace) if repository.slug == slug), None)

    def git_directory(self, workspace: str, slug: str) -> Path:
        """Return a bare Git repository, made on the first call with one commit on `main`."""
        path = self.directory / workspace / f"{slug}.git"
        with self._lock:
            if not path.exists():
                subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
                subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=_FIRST_COMMIT, check=True)
        return path
