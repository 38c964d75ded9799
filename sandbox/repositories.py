"""The repositories of the workspaces. Each gets a real bare Git repository once somebody asks for it."""

import subprocess
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path

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


class Repositories:
    """`team/hello`, eleven more and twelve environments for the sake of paging, and one of another workspace."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        names = ["hello", *(f"service-{number:02}" for number in range(1, 12))]
        self._all = [Repository("team", name) for name in names] + [Repository("other", "hidden")]
        names = [*(f"Preview {number}" for number in range(1, 12)), "Production"]
        self._all[0].environments = [Environment(name) for name in names]
        self.workspace_variables: dict[str, list[dict[str, object]]] = {"team": [], "other": []}

    def of(self, workspace: str) -> list[Repository]:
        """Return a workspace's repositories."""
        return [repository for repository in self._all if repository.workspace == workspace]

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
