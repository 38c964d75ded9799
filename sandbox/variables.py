"""Variables of Bitbucket Pipelines: those of repositories, deployment environments and workspaces."""

import json
import uuid

from sandbox import api_errors, paging
from sandbox.messages import Request, Response, json_response
from sandbox.repositories import Repositories

Variables = list[dict[str, object]]


def variables_at(repositories: Repositories, path: tuple[str, ...]) -> Variables | None:
    """Return the variables whose list is at `path`, or in whose list the one at `path` is."""
    if path[0] == "workspaces":
        return repositories.workspace_variables.get(path[1])
    repository = repositories.find(path[1], path[2])
    if repository is None:
        return None
    if path[3] == "pipelines_config":
        return repository.variables
    found = (environment for environment in repository.environments if environment.uuid == path[5])
    return next((environment.variables for environment in found), None)


def listed(request: Request, variables: Variables) -> Response:
    """One page of them; the value of a secured one is not told. What it names as the next is none (BCLOUD-13806)."""
    return paging.page(request, [_shown(variable) for variable in variables], following="broken")


def made(request: Request, variables: Variables) -> Response:
    """Make one."""
    body = _body(request)
    if not body.get("key"):
        return api_errors.bad_fields(["key"])
    if any(variable["key"] == body["key"] for variable in variables):
        return api_errors.conflict()
    variable = {"type": "pipeline_variable", "uuid": f"{{{uuid.uuid4()}}}", "secured": False, "value": "", **body}
    variables.append(variable)
    return json_response(201, _shown(variable))


def changed(request: Request, variables: Variables, wanted: str) -> Response:
    """Change one."""
    for variable in variables:
        if variable["uuid"] == wanted:
            variable.update(_body(request))
            return json_response(200, _shown(variable))
    return api_errors.not_found(wanted)


def _shown(variable: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in variable.items() if key != "value" or not variable["secured"]}


def _body(request: Request) -> dict[str, object]:
    try:
        value = json.loads(request.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
