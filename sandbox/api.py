"""The REST API: who may ask what, and the resources."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sandbox import api_errors, paging
from sandbox.messages import Request, Response, json_response
from sandbox.repositories import Repositories, Repository
from sandbox.scopes import implied
from sandbox.token_endpoint import Era
from sandbox.tokens import Token, Tokens

# Removed in April 2026 (CHANGE-2770).
_GONE = frozenset({("workspaces",), ("user", "permissions", "workspaces"), ("repositories",)})


@dataclass(frozen=True, slots=True)
class _Call:
    """A request by a token that is good, and the repository in its path if there is one."""

    request: Request
    token: Token
    path: tuple[str, ...]
    repository: Repository | None


_Resource = Callable[["Api", _Call], Response]


class Api:
    """`/2.0/...`, for `Authorization: Bearer` and nothing else."""

    def __init__(self, repositories: Repositories, tokens: Tokens, era: Era) -> None:
        self._repositories = repositories
        self._tokens = tokens
        self._era = era

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        scheme, credentials = request.authorization
        token = self._tokens.find(credentials) if scheme == "bearer" else None
        if token is None:
            return api_errors.invalid_token()
        if self._tokens.is_expired(token):
            return api_errors.expired_token()
        path = tuple(request.path.removeprefix("/2.0/").strip("/").split("/"))
        required, answer = self._answer(request, token, path)
        scopes = {"X-OAuth-Scopes": ", ".join(sorted(token.scopes))}
        if required:
            scopes["X-Accepted-OAuth-Scopes"] = required
        return Response(answer.status, answer.body, {**answer.headers, **scopes})

    def _answer(self, request: Request, token: Token, path: tuple[str, ...]) -> tuple[str, Response]:
        if path in _GONE:
            return "", api_errors.gone()
        found = _RESOURCES.get((request.method, _shape(path)))
        if found is None:
            return "", api_errors.no_api()
        required, resource = found
        if required not in implied(token.scopes):
            return required, api_errors.missing_scope(required, token.scopes)
        repository = None
        if path[0] == "repositories" and path[1] != token.consumer.workspace:
            return required, api_errors.not_found("/".join(path[1:]))
        if path[0] == "repositories" and len(path) > 2:
            repository = self._repositories.find(path[1], path[2])
            if repository is None:
                return required, api_errors.not_found("/".join(path[1:]))
        return required, resource(self, _Call(request, token, path, repository))

    def user(self, call: _Call) -> Response:
        """The one who asks: since May 2026 the consumer itself, before that the owner of the consumer."""
        own = self._era == "may-2026" and call.token.grant == "client_credentials"
        kind = "app_user" if own else "user"
        name = f"{call.token.consumer.workspace}-{kind}"
        user = {"type": kind, "uuid": "{8ae3c1f2-6b7d-4c58-9a0e-5d2f4b1c7e90}", "display_name": name}
        return paging.one(call.request, user)

    def repositories(self, call: _Call) -> Response:
        """A workspace's repositories."""
        found = [_repository(repository) for repository in self._repositories.of(call.path[1])]
        return paging.page(call.request, found)

    def repository(self, call: _Call) -> Response:
        """One repository."""
        return paging.one(call.request, _repository(_given(call)))

    def pull_requests(self, call: _Call) -> Response:
        """Its pull requests."""
        return paging.page(call.request, _given(call).pull_requests, most=50)

    def open_pull_request(self, call: _Call) -> Response:
        """Open one."""
        body, repository = _body(call.request), _given(call)
        source = body.get("source")
        branch = source.get("branch") if isinstance(source, dict) else None
        missing = [name for name, given in (("title", body.get("title")), ("source.branch", branch)) if not given]
        if missing:
            return api_errors.bad_fields(missing)
        pull_request = {
            "type": "pullrequest",
            "id": len(repository.pull_requests) + 1,
            "title": body["title"],
            "state": "OPEN",
            "source": source,
            "destination": body.get("destination", {"branch": {"name": "main"}}),
        }
        repository.pull_requests.append(pull_request)
        return json_response(201, pull_request)

    def variables(self, call: _Call) -> Response:
        """Its pipeline variables; the value of a secured one is not told."""
        return paging.page(call.request, [_variable(variable) for variable in _given(call).variables])

    def set_variable(self, call: _Call) -> Response:
        """Make one."""
        body, repository = _body(call.request), _given(call)
        if not body.get("key"):
            return api_errors.bad_fields(["key"])
        if any(variable["key"] == body["key"] for variable in repository.variables):
            return api_errors.conflict()
        variable = {"type": "pipeline_variable", "secured": False, "value": "", **body}
        repository.variables.append(variable)
        return json_response(201, _variable(variable))


_ONE = ("repositories", "*", "*")
_RESOURCES: dict[tuple[str, tuple[str, ...]], tuple[str, _Resource]] = {
    ("GET", ("user",)): ("account", Api.user),
    ("GET", ("repositories", "*")): ("repository", Api.repositories),
    ("GET", _ONE): ("repository", Api.repository),
    ("GET", (*_ONE, "pullrequests")): ("pullrequest", Api.pull_requests),
    ("POST", (*_ONE, "pullrequests")): ("pullrequest:write", Api.open_pull_request),
    ("GET", (*_ONE, "pipelines_config", "variables")): ("pipeline:variable", Api.variables),
    ("POST", (*_ONE, "pipelines_config", "variables")): ("pipeline:variable", Api.set_variable),
}


def _shape(path: tuple[str, ...]) -> tuple[str, ...]:
    return (path[0], *("*" for _ in path[1:3]), *path[3:])


def _given(call: _Call) -> Repository:
    if call.repository is None:
        raise LookupError("this resource has no repository in its path")
    return call.repository


def _repository(repository: Repository) -> dict[str, object]:
    name = f"{repository.workspace}/{repository.slug}"
    return {
        "type": "repository",
        "uuid": repository.uuid,
        "full_name": name,
        "slug": repository.slug,
        "is_private": True,
        "mainbranch": {"type": "branch", "name": "main"},
        "links": {"clone": [{"name": "https", "href": f"https://bitbucket.org/{name}.git"}]},
    }


def _variable(variable: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in variable.items() if key != "value" or not variable["secured"]}


def _body(request: Request) -> dict[str, object]:
    try:
        value = json.loads(request.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
