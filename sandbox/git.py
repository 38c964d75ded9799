"""Git over HTTPS: the front doors of Bitbucket Cloud and Data Center, and the real `git http-backend` behind them."""

import base64
import binascii
import os
import re
import subprocess
from email.parser import BytesParser
from pathlib import Path

from sandbox.data_center import DataCenter
from sandbox.lfs import Lfs
from sandbox.messages import Request, Response, text_response
from sandbox.repositories import Repositories
from sandbox.scopes import implied
from sandbox.tokens import Tokens

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'}
_USER = "x-token-auth"
_API_TOKEN_USER = "x-bitbucket-api-token-auth"
# App passwords are dead since 2026 (CHANGE-3222). They began with this.
_APP_PASSWORD = "ATBB"
_LFS_HEADER = "JWT the-header-of-large-files"


class Git:
    """`/{workspace}/{repository}.git/...`, for `x-token-auth` with an access token as the password."""

    def __init__(self, repositories: Repositories, tokens: Tokens) -> None:
        self.lfs = Lfs()
        self._repositories = repositories
        self._tokens = tokens

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        user, password = _basic(request)
        if "/info/lfs/" in request.path and not user + password:
            # As Bitbucket does (git-lfs #2658, #2675), although git-lfs goes on to look for credentials with 401 only.
            return text_response(403, "Forbidden")
        if password.startswith(_APP_PASSWORD):
            return text_response(410, "CHANGE-3222: app passwords have been replaced by API tokens")
        token = self._tokens.find(password)
        if token is None or user != (_API_TOKEN_USER if token.email else _USER) or self._tokens.is_expired(token):
            return text_response(401, "Invalid credentials", _CHALLENGE)
        workspace, _, rest = request.path.removeprefix("/").partition("/")
        slug, _, action = rest.partition(".git/")
        repository = self._repositories.find(workspace, slug)
        if repository is None or workspace != token.consumer.workspace:
            return text_response(404, "Repository not found")
        if ("repository:write" if _writes(request, action) else "repository") not in implied(token.scopes):
            return text_response(403, "Your credentials lack one or more required privilege scopes.")
        if action == "info/lfs/objects/batch":
            return self.lfs.batch(request, f"{request.scheme}://{request.host}/{workspace}/{slug}.git/info/lfs/file")
        if action.startswith("info/lfs/locks"):
            return self.lfs.lock(request, action.removeprefix("info/lfs/"))
        if action.startswith("info/lfs/"):
            return self.lfs.file(request, action.removeprefix("info/lfs/file/"))
        return _backend(request, self._repositories.git_directory(workspace, slug), action)


class DataCenterGit:
    """`/bitbucket/scm/{key}/{repository}.git/...`, for an HTTP access token or an OAuth 2.0 token as a bearer token.

    The tokens of a user are that user's password too; those of projects and repositories are not.
    """

    _PATH = re.compile(r"/bitbucket/(scm|rest/git-lfs/storage)/([^/]+)/([^/]+?)(?:\.git)?/(.+)")

    def __init__(self, repositories: Repositories, server: DataCenter) -> None:
        self.lfs = Lfs()
        self._repositories = repositories
        self._server = server

    @classmethod
    def serves(cls, path: str) -> bool:
        """Say whether that path is one of its own."""
        return cls._PATH.fullmatch(path) is not None

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        found = self._PATH.fullmatch(request.path)
        if found is None or found[3] not in self._server.projects.get(found[2], ()):
            return text_response(404, "Repository not found")
        place, key, slug, action = found.groups()
        if place != "scm":
            # What the batch has named; the header that it asked for is the only one that counts.
            mine = [value for name, value in request.headers if name.lower() == "authorization"] == [_LFS_HEADER]
            return self.lfs.file(request, action) if mine else text_response(401, "Unauthorized")
        permissions = self._permissions(request)
        if permissions is None:
            return text_response(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="Atlassian Bitbucket"'})
        if not set(permissions) & ({"REPO_WRITE", "REPO_ADMIN"} if _writes(request, action) else set(permissions)):
            return text_response(403, "You are not permitted to access this resource")
        if action == "info/lfs/objects/batch":
            storage = f"{request.scheme}://{request.host}/bitbucket/rest/git-lfs/storage/{key}/{slug}"
            return self.lfs.batch(request, storage, {"Authorization": _LFS_HEADER})
        return _backend(request, self._repositories.git_directory(f"data-center-{key}", slug), action)

    def _permissions(self, request: Request) -> tuple[str, ...] | None:
        scheme, credentials = request.authorization
        user, password = _basic(request)
        if scheme == "bearer" and credentials in self._server.oauth2_tokens:
            return ("REPO_WRITE",)
        token = self._server.tokens.find(credentials if scheme == "bearer" else password)
        if token is None or (scheme == "basic" and (user != token.user.name or not token.owner.startswith("users/"))):
            return None
        return token.permissions


def _writes(request: Request, action: str) -> bool:
    if action.startswith("info/lfs/locks"):
        return request.method == "POST"
    return "git-receive-pack" in (action, request.parameters.get("service")) or (
        action.startswith("info/lfs/") and (request.method == "PUT" or b'"upload"' in request.body)
    )


def _backend(request: Request, directory: Path, action: str) -> Response:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_PROJECT_ROOT": str(directory),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/{action}",
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.header("Content-Type") or "",
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.header("Content-Encoding") or "",
        "GIT_PROTOCOL": request.header("Git-Protocol") or "",
        "REMOTE_USER": _USER,
        "REMOTE_ADDR": request.peer.rpartition(":")[0],
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env=environment, capture_output=True, check=False
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(BytesParser().parsebytes(head).items())
    status = int(headers.pop("Status", "200").split()[0])
    return Response(status if head else 500, body, headers)


def _basic(request: Request) -> tuple[str, str]:
    scheme, credentials = request.authorization
    if scheme != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
