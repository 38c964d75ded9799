"""Lists of projects and of their repositories."""

from collections.abc import Collection, Mapping
from urllib.parse import unquote

from sandbox.data_center import answers
from sandbox.messages import Request, Response


def listed(request: Request, projects: Mapping[str, Collection[str]], path: str) -> Response | None:
    """Return the list at `path` (`projects`, `projects/KEY/repos`), or nothing if there is none."""
    if request.method != "GET":
        return None
    match [unquote(part) for part in path.split("/")]:
        case ["projects"]:
            return answers.page(request, [{"key": key, "name": key, "type": "NORMAL"} for key in projects])
        case ["projects", key, "repos"] if key in projects:
            return answers.page(request, [{"slug": slug, "project": {"key": key}} for slug in sorted(projects[key])])
        case ["projects", key, "repos"]:
            return answers.no_such("project", key)
    return None
