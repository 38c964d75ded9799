"""Git over HTTPS: Bitbucket's front door, and the real `git http-backend` behind it."""

import base64
import binascii
import os
import subprocess
from email.parser import BytesParser

from sandbox.messages import Request, Response, text_response
from sandbox.repositories import Repositories, Repository
from sandbox.scopes import implied
from sandbox.tokens import Tokens

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'}
_USER = "x-token-auth"


class Git:
    """`/{workspace}/{repository}.git/...`, for `x-token-auth` with an access token as the password."""

    def __init__(self, repositories: Repositories, tokens: Tokens) -> None:
        self._repositories = repositories
        self._tokens = tokens

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        token = self._tokens.find(_password(request))
        if token is None or self._tokens.is_expired(token):
            return text_response(401, "Invalid credentials", _CHALLENGE)
        workspace, _, rest = request.path.removeprefix("/").partition("/")
        slug, _, action = rest.partition(".git/")
        repository = self._repositories.find(workspace, slug)
        if repository is None or workspace != token.consumer.workspace:
            return text_response(404, "Repository not found")
        pushes = "git-receive-pack" in (action, request.parameters.get("service"))
        if ("repository:write" if pushes else "repository") not in implied(token.scopes):
            return text_response(403, "Your credentials lack one or more required privilege scopes.")
        return self._backend(request, repository, action)

    def _backend(self, request: Request, repository: Repository, action: str) -> Response:
        directory = self._repositories.git_directory(repository)
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


def _password(request: Request) -> str:
    scheme, credentials = request.authorization
    if scheme != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == _USER else ""
