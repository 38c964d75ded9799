"""Bitbucket Cloud's REST API, as far as this program needs it: one request, and lists that come in pages."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pipe.bitbucket.cloud_errors import api_failure
from pipe.errors import AnswerError
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.http.retry import with_retries

CLOUD_API = "https://api.bitbucket.org/2.0"

MOST_PAGES = 100
"""A list of variables or the like is not longer; a server that goes on is faulty."""


class Api:
    """Requests with one `Authorization` header to one host.

    Requests are tried again where that can help: they are those that do no harm twice.
    """

    def __init__(self, context: Context, authorization: str, *, base: str = CLOUD_API) -> None:
        self._context = context
        self._headers = {"Authorization": authorization}
        self._base = base

    def __repr__(self) -> str:
        return f"Api({self._base})"

    def send(self, method: str, path: str, body: object = None) -> Response:
        """Send one request to `path` below the API; return a 2xx answer, raise a `PipeError` for any other."""
        return self._send(method, self._base + path, body)

    def pages(self, path: str) -> Iterator[dict[str, object]]:
        """The objects of a list, page by page.

        `next` is followed as it is given ("refrain from constructing your own URLs"), but only to the same host: it
        gets the token.
        """
        url = self._base + path
        for _ in range(MOST_PAGES):
            answer = self._send("GET", url, None)
            page: Mapping[str, object] = json_object(answer.body) or {}
            values = page.get("values")
            if not isinstance(values, list):
                raise AnswerError(
                    f"{answer.host} answered with something that is no page of a list.",
                    "A proxy or firewall answered in the API's place.",
                    "Run the step again; check proxies in between.",
                )
            yield from (value for value in values if isinstance(value, dict))
            following = page.get("next")
            if not isinstance(following, str):
                return
            if urlsplit(following)[:2] != urlsplit(self._base)[:2]:
                raise AnswerError(
                    f"{answer.host} names another host for the next page, which does not get the token.",
                    "The answer was changed on its way, or the server is faulty.",
                    "Run the step again; check proxies in between.",
                )
            url = following
        raise AnswerError(
            f"{urlsplit(url).netloc} answered with a list of more than {MOST_PAGES} pages.",
            "The server is faulty, or the answers are those of another program.",
            "Run the step again; check proxies in between.",
        )

    def _send(self, method: str, url: str, body: object) -> Response:
        def attempt() -> Response:
            answer = self._context.http.send(method, url, headers=self._headers, json=body)
            if not 200 <= answer.status < 300:
                raise api_failure(answer, self._context.masks())
            return answer

        return with_retries(attempt, self._context.retries)
