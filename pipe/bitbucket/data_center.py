"""A Data Center's REST API: one request, lists that come in pages, and who the server takes this program for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

from pipe.bitbucket.data_center_errors import (
    NotFoundError,
    anonymous,
    another,
    failure,
    no_json,
    no_page,
    no_user,
)
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.http.retry import with_retries
from pipe.redaction.log import show
from pipe.redaction.secret import Secret

MOST_PAGES = 100
"""Of `PAGE_LENGTH` entries each: nobody has more tokens, and a server that goes on is faulty."""
PAGE_LENGTH = 100

Way = Literal["password", "access-token", "private-key"]


class Caller(NamedTuple):
    """Who asks. `way` is the input that authorises, `authorize` makes the header of a request by method and URL."""

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
        query = dict(parameters or {})
        if self._caller.impersonated:
            query["xoauth_requestor_id"] = self._caller.impersonated
        # `quote`, because requests leaves a `+` as it is, and servers differ in what they take that for.
        url = self._base + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        headers = {"Authorization": self._caller.authorize(method, url).reveal()}
        answer = self._context.http.send(method, url, headers=headers, json=body)
        if not 200 <= answer.status < 300:
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

    def pages(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Iterator[dict[str, object]]:
        """The objects of a list, page by page; each page says where the next one starts, but not on which host."""
        start = 0
        for _ in range(MOST_PAGES):
            answer, page = self.get(path, {**(parameters or {}), "limit": PAGE_LENGTH, "start": start})
            values, following = page.get("values"), page.get("nextPageStart")
            if not isinstance(values, list):
                raise no_page(answer)
            yield from (value for value in values if isinstance(value, dict))
            if page.get("isLastPage") is not False:
                return
            if isinstance(following, bool) or not isinstance(following, int) or following <= start:
                raise no_page(answer)
            start = following
        raise no_page(answer)

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
        for found in self.pages("/rest/api/latest/users", {"filter": user}):
            slug = found.get("slug")
            if found.get("name") == user and isinstance(slug, str) and slug:
                return slug
        raise no_user(self.host, show(user, self._context.masks()))
