"""Bitbucket Cloud's REST API, as far as this program needs it: one request, and lists that come in pages."""

from collections.abc import Collection, Iterator

from pipe.bitbucket.addresses import CLOUD
from pipe.bitbucket.cloud_errors import api_failure
from pipe.bitbucket.paging import objects
from pipe.http.context import Context
from pipe.http.responses import Response
from pipe.http.retry import with_retries

CLOUD_API = CLOUD.base + CLOUD.below


class Api:
    """The API, asked with one `Authorization` header.

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

    def pages(self, path: str, *, by_number: bool = False) -> Iterator[dict[str, object]]:
        """Return the objects of a list, as `pipe.bitbucket.paging.objects` does, and raise what that does."""
        return objects(self._ask, CLOUD, self._base + path, by_number=by_number)

    def _ask(self, url: str, tolerated: Collection[int]) -> tuple[str, Response]:
        return url, self._send("GET", url, None, tolerated)

    def _send(self, method: str, url: str, body: object, tolerated: Collection[int] = ()) -> Response:
        def attempt() -> Response:
            answer = self._context.http.send(method, url, headers=self._headers, json=body)
            if not 200 <= answer.status < 300 and answer.status not in tolerated:
                raise api_failure(answer, self._context.masks())
            return answer

        return with_retries(attempt, self._context.retries)
