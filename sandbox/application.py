"""Which part of the stand-in answers which address."""

from collections.abc import Callable

from sandbox.certificates import FILES
from sandbox.data_center import DataCenter
from sandbox.git import DataCenterGit
from sandbox.messages import Request, Response, html_response

Handler = Callable[[Request], Response]


class Application:
    """Bitbucket's two hosts, and one for files. Any other name, such as 127.0.0.1, is all, and a Data Center."""

    def __init__(
        self,
        *,
        authorize: Handler,
        token: Handler,
        rfc_token: Handler,
        data_center_token: Handler,
        api: Handler,
        git: Handler,
        archives: Handler,
        files: Handler,
        data_center: DataCenter,
        data_center_git: DataCenterGit,
    ) -> None:
        self._pages = {
            "/site/oauth2/authorize": authorize,
            "/site/oauth2/access_token": token,
            "/oauth2/token": rfc_token,
        }
        # Below any context path.
        self._data_center_pages = {
            "/rest/oauth2/latest/authorize": authorize,
            "/rest/oauth2/latest/token": data_center_token,
        }
        self._api = api
        self._git = git
        self._archives = archives
        self._files = files
        self._data_center = data_center
        self._data_center_git = data_center_git

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        host = request.host.partition(":")[0]
        if host == FILES:
            return self._files(request)
        if host not in ("bitbucket.org", "api.bitbucket.org") and self._data_center.serves(request.path):
            return self._data_center(request)
        if host not in ("bitbucket.org", "api.bitbucket.org") and self._data_center_git.serves(request.path):
            return self._data_center_git(request)
        if host != "bitbucket.org" and request.path.startswith("/2.0/"):
            return self._api(request)
        if host != "api.bitbucket.org":
            if ".git/" in request.path:
                return self._git(request)
            if "/get/" in request.path:
                return self._archives(request)
            page = self._pages.get(request.path) or self._data_center_pages.get(_below_context(request))
            if page is not None:
                return page(request)
        return html_response(404, "Repository not found")


def _below_context(request: Request) -> str:
    _, found, rest = request.path.partition("/rest/")
    return found + rest if request.path.startswith("/bitbucket/rest/") else ""
