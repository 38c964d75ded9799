"""A Data Center's REST API: one request, lists that come in pages, and who the server takes this program for."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

from pipe.bitbucket.addresses import data_center_at, with_parameters
from pipe.bitbucket.data_center_errors import (
    NotFoundError,
    anonymous,
    another,
    failure,
    no_json,
    no_user,
)
from pipe.bitbucket.paging import PAGE_LENGTH, objects
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.http.retry import with_retries
from pipe.redaction.log import show
from pipe.redaction.secret import Secret

Way = Literal["password", "access-token", "private-key"]


class Caller(NamedTuple):
    """The caller of a request.

    `way` is the input that authorises, `authorize` makes the header of a request by its method and URL.
    """

    way: Way
    authorize: Callable[[str, str], Secret]
    impersonated: str = ""
    """The user that an application link is to act as."""


class DataCenter:
    """The server at `base_url`, whose context path is kept, asked by one caller."""

    def __init__(self, context: Context, base_url: str, caller: Caller) -> None:
        self.host = urlsplit(base_url).netloc
        self._context = context
        self._base = base_url
        self._caller = caller

    def send(
        self, method: str, path: str, body: object = None, parameters: Mapping[str, str | int] | None = None
    ) -> Response:
        """Send one request, once, and return a 2xx answer; raise a `PipeError` for any other."""
        # `quote`, because requests leaves a `+` as it is, and servers differ in what they take that for.
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return self._send(method, self._base + path + query, body)

    def _send(self, method: str, url: str, body: object, tolerated: Collection[int] = ()) -> Response:
        url = with_parameters(url, {"xoauth_requestor_id": self._caller.impersonated})
        headers = {"Authorization": self._caller.authorize(method, url).reveal()}
        answer = self._context.http.send(method, url, headers=headers, json=body)
        if not 200 <= answer.status < 300 and answer.status not in tolerated:
            raise failure(answer, self._caller.way, self._context.masks())
        return answer

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> tuple[Response, dict[str, object]]:
        """Return an answer and the JSON object in it, trying again where that can help."""

        def attempt() -> tuple[Response, dict[str, object]]:
            answer = self.send("GET", path, parameters=parameters)
            content = json_object(answer.body)
            if content is None:
                raise no_json(answer)
            return answer, content

        return with_retries(attempt, self._context.retries)

    def delete(self, path: str) -> None:
        """Delete what is at `path`, trying again where that can help; what is gone already is no trouble."""

        def attempt() -> None:
            with suppress(NotFoundError):
                self.send("DELETE", path)

        with_retries(attempt, self._context.retries)

    def pages(self, path: str) -> Iterator[dict[str, object]]:
        """Return the objects of a list, page by page; raise as `pipe.bitbucket.paging.objects` does."""
        url = with_parameters(self._base + path, {"limit": str(PAGE_LENGTH), "start": "0"})
        return objects(self._ask, data_center_at(self._base), url)

    def _ask(self, url: str, tolerated: Collection[int]) -> tuple[str, Response]:
        return url, with_retries(partial(self._send, "GET", url, None, tolerated), self._context.retries)

    def user(self) -> str:
        """Return the name of the user that the server takes the caller for.

        It stands in the header `X-AUSERNAME` of each answer to somebody who is known; this resource answers anybody,
        so an application link without a user to act as is noticed here.
        """
        answer, _ = self.get("/rest/api/latest/application-properties")
        user = unquote(answer.headers.get("X-AUSERNAME", ""))
        if user in ("", "anonymous"):
            raise anonymous(answer, self._caller.way)
        if self._caller.impersonated and user.casefold() != self._caller.impersonated.casefold():
            raise another(answer, show(user, self._context.masks()))
        return user

    def slug(self, user: str) -> str:
        """Return the name of `user` in addresses, which is not always the user's own: the server says which it is."""
        for found in self.pages(f"/rest/api/latest/users?{urlencode({'filter': user}, quote_via=quote)}"):
            slug = found.get("slug")
            if found.get("name") == user and isinstance(slug, str) and slug:
                return slug
        raise no_user(self.host, show(user, self._context.masks()))
