"""The REST API: who may ask what, and the resources."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox import api_errors, changes, files, lists, paging, variables
from sandbox.files import Files
from sandbox.messages import Request, Response, json_response
from sandbox.repositories import Repositories, Repository
from sandbox.scopes import highest, implied
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

    def __init__(self, repositories: Repositories, tokens: Tokens, era: Era, files: Files) -> None:
        self._repositories = repositories
        self._tokens = tokens
        self._era = era
        self._files = files
        self.rate_limit: dict[str, str] = {}
        """Headers of every answer to a token that is good."""

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        scheme, credentials = request.authorization
        token = self._token(scheme, credentials)
        if token is None:
            return api_errors.failed_login() if scheme == "basic" else api_errors.invalid_token()
        if self._tokens.is_expired(token):
            return api_errors.expired_token()
        path = tuple(unquote(part) for part in request.path.removeprefix("/2.0/").strip("/").split("/"))
        if token.repository and path == ("user",):
            return api_errors.wrong_kind()
        required, answer = self._answer(request, token, path)
        scopes = {"X-OAuth-Scopes": ", ".join(sorted(highest(token.scopes)))}
        if required:
            scopes["X-Accepted-OAuth-Scopes"] = required
        return Response(answer.status, answer.body, {**answer.headers, **scopes, **self.rate_limit})

    def _token(self, scheme: str, credentials: str) -> Token | None:
        """A person's API token comes with an e-mail address by Basic authentication, every other as a bearer token."""
        if scheme == "bearer":
            token = self._tokens.find(credentials)
            return None if token and token.email else token
        if scheme != "basic":
            return None
        try:
            email, _, value = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        token = self._tokens.find(value)
        return token if token and token.email and token.email == email else None

    def _answer(self, request: Request, token: Token, path: tuple[str, ...]) -> tuple[str, Response]:
        if path in _GONE:
            return "", api_errors.gone()
        found = _resource(request.method, path)
        if found is None:
            return "", api_errors.no_api()
        required, resource = found
        if path == ("user",) and token.email:
            required = "read:user:bitbucket"
        if required not in implied(token.scopes):
            return required, api_errors.missing_scope(required, highest(token.scopes))
        repository = None
        if len(path) > 1 and path[1] != token.consumer.workspace:
            return required, api_errors.not_found("/".join(path[1:]))
        if path[0] == "repositories" and len(path) > 2:
            repository = self._repositories.find(path[1], path[2])
            if repository is None or token.repository not in ("", f"{path[1]}/{path[2]}"):
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
        found = self._repositories.listed(call.path[1])
        if {"q", "sort"} & set(call.request.parameters):
            found = paging.chosen(call.request, found)
        return paging.page(call.request, found, show=_repository)

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

    def changes_of_pull_request(self, call: _Call) -> Response:
        """Its diff, patch or diffstat, by a redirect."""
        number, kind = call.path[4:]
        if number not in {str(one["id"]) for one in _given(call).pull_requests}:
            return api_errors.not_found("/".join(call.path[1:]))
        return changes.redirect(call.request, "/".join(call.path[1:3]), number, kind)

    def changes(self, call: _Call) -> Response:
        """The diff, patch or diffstat between two commits."""
        return changes.shown(call.request, call.path[3])

    def downloads(self, call: _Call) -> Response:
        """What was uploaded: a list, or more of it."""
        kept = _given(call).downloads
        if call.request.method == "POST":
            return files.upload(call.request, kept)
        found = [{"type": "download", "name": name, "size": len(kept[name])} for name in sorted(kept)]
        return paging.page(call.request, found)

    def download(self, call: _Call) -> Response:
        """One of them, by a redirect to the host that keeps it; or its end."""
        kept, name = _given(call).downloads, call.path[-1]
        if name not in kept:
            return api_errors.not_found("/".join(call.path[1:]))
        if call.request.method == "DELETE":
            del kept[name]
            return Response(204)
        return Response(302, b"", {"Location": self._files.keep(name, kept[name])})

    def commit(self, call: _Call) -> Response:
        """A commit of the files in a form."""
        name = f"{call.request.scheme}://{call.request.host}/2.0/repositories/{'/'.join(call.path[1:3])}"
        return files.commit(call.request, self._repositories.git_directory(*call.path[1:3]), name)

    def source(self, call: _Call) -> Response:
        """A file as it is in a commit."""
        path = "/".join(call.path[4:])
        found = files.at(self._repositories.git_directory(*call.path[1:3]), call.path[3], path)
        return files.raw(path, found) if found is not None else api_errors.not_found(path)

    def log(self, call: _Call) -> Response:
        """What a step of a pipeline has printed, by a redirect."""
        found = _given(call).logs.get(f"{call.path[4]}/{call.path[6]}")
        if found is None:
            return api_errors.not_found("/".join(call.path[1:]))
        return Response(307, b"", {"Location": self._files.keep("log", found)})

    def environments(self, call: _Call) -> Response:
        """Its deployment environments."""
        found = [{"type": "deployment_environment", "uuid": e.uuid, "name": e.name} for e in _given(call).environments]
        return paging.page(call.request, found)

    def pipelines(self, call: _Call) -> Response:
        """Its pipelines."""
        return lists.pipelines(call.request)

    def commits(self, call: _Call) -> Response:
        """Its commits."""
        return lists.commits(call.request)

    def code_search(self, call: _Call) -> Response:
        """What is found in the code of a workspace."""
        return lists.code_search(call.request)

    def variables(self, call: _Call) -> Response:
        """Variables of Pipelines: a list, a new one, or a changed one."""
        found = variables.variables_at(self._repositories, call.path)
        if found is None:
            return api_errors.not_found("/".join(call.path[1:]))
        if call.request.method == "PUT":
            return variables.changed(call.request, found, call.path[-1])
        return (variables.listed if call.request.method == "GET" else variables.made)(call.request, found)


_ONE = ("repositories", "*", "*")
_RESOURCES: dict[tuple[str, tuple[str, ...]], tuple[str, _Resource]] = {
    ("GET", ("user",)): ("account", Api.user),
    ("GET", ("repositories", "*")): ("repository", Api.repositories),
    ("GET", _ONE): ("repository", Api.repository),
    ("GET", (*_ONE, "pullrequests")): ("pullrequest", Api.pull_requests),
    ("POST", (*_ONE, "pullrequests")): ("pullrequest:write", Api.open_pull_request),
    ("GET", (*_ONE, "environments")): ("pipeline", Api.environments),
    ("GET", (*_ONE, "downloads")): ("repository", Api.downloads),
    ("POST", (*_ONE, "downloads")): ("repository:write", Api.downloads),
    ("GET", (*_ONE, "downloads", "*")): ("repository", Api.download),
    ("DELETE", (*_ONE, "downloads", "*")): ("repository:write", Api.download),
    ("POST", (*_ONE, "src")): ("repository:write", Api.commit),
    ("GET", (*_ONE, "pipelines", "*", "steps", "*", "log")): ("pipeline", Api.log),
    ("GET", (*_ONE, "pipelines")): ("pipeline", Api.pipelines),
    ("GET", (*_ONE, "commits")): ("repository", Api.commits),
    ("GET", ("workspaces", "*", "search", "code")): ("repository", Api.code_search),
}
for _depth in range(1, 5):
    _RESOURCES["GET", (*_ONE, "src", "*", *("*",) * _depth)] = ("repository", Api.source)
for _kind in changes.KINDS:
    _RESOURCES["GET", (*_ONE, "pullrequests", "*", _kind)] = ("pullrequest", Api.changes_of_pull_request)
    _RESOURCES["GET", (*_ONE, _kind, "*", "*")] = ("repository", Api.changes)
for _path in (
    (*_ONE, "pipelines_config", "variables"),
    (*_ONE, "deployments_config", "environments", "*", "variables"),
    ("workspaces", "*", "pipelines-config", "variables"),
):
    _RESOURCES["GET", _path] = ("pipeline", Api.variables)
    for _key in (("POST", _path), ("PUT", (*_path, "*"))):
        _RESOURCES[_key] = ("pipeline:variable", Api.variables)


def _resource(method: str, path: tuple[str, ...]) -> tuple[str, _Resource] | None:
    for (wanted, shape), resource in _RESOURCES.items():
        same = len(shape) == len(path) and all(part in ("*", given) for part, given in zip(shape, path, strict=True))
        if wanted == method and same:
            return resource
    return None


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


def _body(request: Request) -> dict[str, object]:
    try:
        value = json.loads(request.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
