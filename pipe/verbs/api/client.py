"""One request to the REST API, tried again where that helps and does no harm, at the pace that the server allows."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple

import requests

from pipe.bitbucket.addresses import (
    FOLLOWED,
    FOLLOWERS,
    MOST,
    RestApi,
    archive,
    elsewhere,
    endless,
    target_of,
    within_api,
)
from pipe.bitbucket.cloud_errors import api_failure, by_kind_of_token
from pipe.bitbucket.data_center_errors import TOKEN, failure
from pipe.errors import AnswerError, PipeError
from pipe.http.client import LARGEST_ANSWER as LARGEST_TOKEN_ANSWER
from pipe.http.client import Http, Result, Session
from pipe.http.context import Context
from pipe.http.responses import Response, redirected
from pipe.http.retry import Deadline, with_retries
from pipe.http.unreachable import never_sent
from pipe.redaction.log import show
from pipe.redaction.secret import Secret
from pipe.verbs.api.answers import Incoming, elsewhere_failure, is_page
from pipe.verbs.api.bodies import Body
from pipe.verbs.api.pace import Pace

HARMLESS_TWICE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do the same when they are done again (RFC 9110 section 9.2.2)."""


class KeepAliveHttp(Http):
    """Sends requests one at a time, all of them in the thread that asks.

    Whoever waits for that thread leaves it behind at the deadline: a server that drips, or a name server that hangs,
    holds it longer.
    """

    def __init__(self, deadline: Deadline, **given: Any) -> None:
        super().__init__(deadline, **given)
        self._kept = Session(self.tls_context())
        self._answered = False

    def begin(self, request: requests.Request) -> Incoming:
        """Send one request and return its answer as soon as the head is there; whoever gets it has to close it.

        A method that may not be done twice gets a connection of its own. Raises as `send` does.
        """
        return self.sent(request, self._first)

    def _exchange(self, request: requests.Request, host: str, proxy: str) -> Response:
        return self._first(request, host, proxy).whole()

    def _first(self, request: requests.Request, host: str, proxy: str) -> Incoming:
        if request.method not in HARMLESS_TWICE:
            self._give_up()
        response = self._begun(request, proxy)
        self._answered = True
        answer = Incoming(response, host, self.deadline, partial(self.explained, host=host, proxy=proxy))
        if answer.status < 200:
            # Python takes any interim answer but 100 for the final one (RFC 9110 section 15.2). The final one follows,
            # and the next request on this connection would get it.
            answer.whole()
            self._give_up()
        return answer

    def within_deadline(self, work: Callable[[], Result], host: str) -> Result:  # noqa: ARG002
        """Do `work` in the thread that asks."""
        return work()

    def relaxes(self, error: BaseException, host: str) -> bool:
        """Whether all is verified less strictly from now on, by a new connection."""
        relaxed = super().relaxes(error, host)
        if relaxed:
            self._give_up()
            self._kept = Session(self.tls_context())
        return relaxed

    def _begun(self, request: requests.Request, proxy: str) -> requests.Response:
        """Send the request, and return the answer as soon as its head is there."""
        try:
            return self._prepared(self._kept, request, proxy)()
        except requests.ConnectTimeout:
            raise
        except requests.ConnectionError:
            if not self._answered:
                raise
        # A server may close a kept connection at any time, also while a request is on its way (RFC 9112 section 9.3.1).
        self._give_up()
        return self._prepared(self._kept, request, proxy)()

    def _give_up(self) -> None:
        """Let the next request begin with a new connection."""
        self._kept.close()
        self._answered = False


# Diffs and files are no JSON.
_ACCEPT = "application/json, */*;q=0.5"


Take = Callable[[Incoming], Result]
"""What is done with an answer before its request counts as done: if that fails, it may be sent again."""


class _Taken(NamedTuple, Generic[Result]):
    """What `Take` made of an answer that is no redirect."""

    result: Result


class Client:
    """Sends requests to `api` by `http`, which one thread has for itself; all threads share the rest."""

    def __init__(self, http: KeepAliveHttp, context: Context, api: RestApi, authorization: Secret, pace: Pace) -> None:
        self.api = api
        self._http = http
        self._context = context
        self._authorization = authorization
        self._pace = pace

    def get(self, url: str, tolerated: Collection[int]) -> tuple[str, Response]:
        """Return the whole 2xx answer to a GET, or one whose status is `tolerated`, and its address; raises as `fetch`.

        Redirects are followed within the API alone.
        """
        return self.fetch("GET", url, None, Incoming.whole, tolerated=tolerated, leaves=False)

    def fetch(
        self,
        method: str,
        url: str,
        body: Body | None,
        take: Take[Result],
        *,
        tolerated: Collection[int] = (),
        leaves: bool = True,
    ) -> tuple[str, Result]:
        """Have `take` take a 2xx answer, or one whose status is `tolerated`; return the address that gave it, too.

        POST and PATCH are tried again only where the server cannot have done anything. GET and HEAD follow redirects
        within the API, and GET one that `leaves` it: without the token from there on, which is also true of what
        follows. Each request on the way has all the tries that one has. Raises a `PipeError` for any other answer, and
        what `take` does.
        """
        followed = FOLLOWED if method in FOLLOWERS else frozenset()
        passed, outside = [url], False
        while True:
            found = self._tried(method, passed[-1], body, take, {*tolerated, *followed}, outside=outside)
            if isinstance(found, _Taken):
                return passed[-1], found.result
            target = "" if outside else target_of(found, passed[-1], self.api)
            if not target and leaves and method == "GET":
                target = elsewhere(found, passed[-1], self.api)
                outside = True
            if not target:
                raise _failure(found, passed[-1], self._context.masks(), self.api)
            if target in passed or len(passed) > MOST:
                raise endless(found, circle=target in passed)
            passed.append(target)

    def _tried(
        self,
        method: str,
        url: str,
        body: Body | None,
        take: Take[Result],
        tolerated: Collection[int],
        *,
        outside: bool,
    ) -> _Taken[Result] | Response:
        """Return what `take` made of the answer, or a redirect that is `tolerated`."""
        headers = {"Accept": _ACCEPT}
        if not outside:
            headers["Authorization"] = self._authorization.reveal()
        if body is not None:
            headers["Content-Type"] = body.media_type

        def attempt() -> _Taken[Result] | Response:
            if not outside:
                self._pace.wait()
            status = 0
            try:
                content = body.content if body else None
                answer = self._http.begin(requests.Request(method, url, headers=headers, data=content))
                answer.is_file, status = outside, answer.status
                if not outside:
                    self._pace.note(answer.headers)
                if 200 <= status < 300 or (status in tolerated and status not in FOLLOWED):
                    if outside and is_page(answer):
                        raise elsewhere_failure(answer.head())
                    return _Taken(take(answer))
                whole = answer.whole()
                if status in tolerated:
                    return whole
                raise elsewhere_failure(whole) if outside else _failure(whole, url, self._context.masks(), self.api)
            except PipeError as error:
                raise (error if method in HARMLESS_TWICE else _once_only(error, status)) from error.__cause__

        return with_retries(attempt, self._context.retries)


def _failure(answer: Response, url: str, masks: Sequence[str], api: RestApi) -> PipeError:
    """Return the failure that an answer of `api` to a request for `url` stands for.

    What is longer than a token endpoint's answer may be is no complaint, and not worth the time to take it apart.
    """
    answer = answer._replace(body=answer.body[:LARGEST_TOKEN_ANSWER])
    if 300 <= answer.status < 400:
        return _redirected(answer, masks, api)
    if not api.cloud:
        return failure(answer, TOKEN, masks)
    if archive(url, api):
        # Its refusals are pages for people.
        answer = answer._replace(body=b"")
    return by_kind_of_token(api_failure(answer, masks), answer, url)


def _once_only(error: PipeError, status: int) -> PipeError:
    """Return `error` as it is for a request that must not be done twice; `status` is that of the answer, or 0.

    It is tried again only where the server cannot have done it: it refused for the pace, or never got it.
    """
    if not error.again or status == 429 or (not status and never_sent(error)):
        return error
    now = "Look first whether the server has done it all the same: by itself, this request is not tried again."
    return type(error)(error.what, error.why, now)


def _redirected(answer: Response, masks: Sequence[str], api: RestApi) -> AnswerError:
    """Return the failure of a redirect. An address outside the API is not told: it can be a secret itself."""
    target = within_api(answer.headers.get("Location", ""), api)
    if target and answer.status in FOLLOWED:
        return AnswerError(
            f"{answer.host} redirects (HTTP {answer.status}), which GET and HEAD alone follow.",
            "The resource is at another address of the same API.",
            f"Ask for {show(target, masks)}",
        )
    return AnswerError(
        redirected(answer, masks).what,
        "It leads to a login page, or to an address without https; or another server keeps the file, and only a GET "
        "without --paginate goes there.",
        "Check base-url, the token, and proxies in between.",
    )
