"""Which part of the stand-in answers which address."""

from collections.abc import Callable

from sandbox.messages import Request, Response, html_response

Handler = Callable[[Request], Response]


class Application:
    """Bitbucket's two hosts. Any other name, such as 127.0.0.1, stands for both."""

    def __init__(self, *, token: Handler, rfc_token: Handler, api: Handler, git: Handler) -> None:
        self._token = token
        self._rfc_token = rfc_token
        self._api = api
        self._git = git

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        host = request.host.partition(":")[0]
        if host != "bitbucket.org" and request.path.startswith("/2.0/"):
            return self._api(request)
        if host != "api.bitbucket.org":
            if request.path == "/site/oauth2/access_token":
                return self._token(request)
            if request.path == "/oauth2/token":
                return self._rfc_token(request)
            if ".git/" in request.path:
                return self._git(request)
        return html_response(404, "Repository not found")
