"""One request to the REST API, tried again where that helps and does no harm, at the pace that the server allows."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import requests

from pipe.bitbucket.addresses import FOLLOWED, FOLLOWERS, MOST, RestApi, endless, target_of, within_api
from pipe.bitbucket.cloud_errors import api_failure
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
from pipe.verbs.api.pace import Pace

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer, counted after decompression."""

HARMLESS_TWICE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do the same when they are done again (RFC 9110 section 9.2.2)."""


class KeepAliveHttp(Http):
    """Sends requests one at a time, all of them in the thread that asks.

    Whoever waits for that thread leaves it behind at the deadline: a server that drips, or a name server that hangs,
    holds it longer.
    """

    largest_answer = LARGEST_ANSWER

    def __init__(self, deadline: Deadline, **given: Any) -> None:
        super().__init__(deadline, **given)
        self._kept = Session(self.tls_context())
        self._answered = False

    def _exchange(self, request: requests.Request, host: str, proxy: str) -> Response:
        """Send one request; a method that may not be done twice gets a connection of its own."""
        if request.method not in HARMLESS_TWICE:
            self._give_up()
        answer = super()._exchange(request, host, proxy)
        self._answered = True
        if answer.status < 200:
            # Python takes any interim answer but 100 for the final one (RFC 9110 section 15.2). The final one follows,
            # and the next request on this connection would get it.
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

    def _session(self) -> AbstractContextManager[requests.Session]:
        return nullcontext(self._kept)

    def _begun(self, session: requests.Session, request: requests.Request, proxy: str) -> requests.Response:
        try:
            return super()._begun(session, request, proxy)
        except requests.ConnectTimeout:
            raise
        except requests.ConnectionError:
            if not self._answered:
                raise
        # A server may close a kept connection at any time, also while a request is on its way (RFC 9112 section 9.3.1).
        self._give_up()
        return super()._begun(session, request, proxy)

    def _give_up(self) -> None:
        """Let the next request begin with a new connection."""
        self._kept.close()
        self._answered = False

    def _too_large(self, host: str) -> AnswerError:
        return AnswerError(
            f"{host} answered with more than {self.largest_answer} bytes.",
            "The page is too long, or the resource is a whole archive or file.",
            "Ask for less at once: --page-length, --fields; for files and archives use git, or curl with the token.",
        )


# Diffs and files are no JSON.
_ACCEPT = "application/json, */*;q=0.5"


class Client:
    """Sends requests to the API at `place` by `http`, which one thread has for itself; all threads share the rest."""

    def __init__(self, http: Http, context: Context, place: RestApi, authorization: Secret, pace: Pace) -> None:
        self.place = place
        self._http = http
        self._context = context
        self._authorization = authorization
        self._pace = pace

    def ask(
        self, method: str, url: str, content: bytes | None = None, *, tolerated: Collection[int] = ()
    ) -> tuple[str, Response]:
        """Return a 2xx answer, or one whose status is `tolerated`, and its address; raise a `PipeError` for any other.

        POST and PATCH are tried again only where the server cannot have done anything. GET and HEAD follow redirects
        within the API. Each request on the way has all the tries that one has.
        """
        followed = FOLLOWED if method in FOLLOWERS else frozenset()
        passed = [url]
        while True:
            answer = self._tried(method, passed[-1], content, {*tolerated, *followed})
            if answer.status not in followed:
                return passed[-1], answer
            target = target_of(answer, passed[-1], self.place)
            if not target:
                raise _failure(answer, self._context.masks(), self.place)
            if target in passed or len(passed) > MOST:
                raise endless(answer, circle=target in passed)
            passed.append(target)

    def get(self, url: str, tolerated: Collection[int]) -> tuple[str, Response]:
        """Return the answer to a GET, and its address, as `ask` does."""
        return self.ask("GET", url, tolerated=tolerated)

    def _tried(self, method: str, url: str, content: bytes | None, tolerated: Collection[int]) -> Response:
        headers = {"Authorization": self._authorization.reveal(), "Accept": _ACCEPT}
        if content is not None:
            headers["Content-Type"] = "application/json"

        def attempt() -> Response:
            self._pace.wait()
            status = 0
            try:
                answer = self._http.send(method, url, headers=headers, content=content)
                status = answer.status
                self._pace.note(answer.headers)
                if not (200 <= status < 300 or status in tolerated):
                    raise _failure(answer, self._context.masks(), self.place)
            except PipeError as error:
                raise (error if method in HARMLESS_TWICE else _once_only(error, status)) from error.__cause__
            return answer

        return with_retries(attempt, self._context.retries)


def _failure(answer: Response, masks: Sequence[str], api: RestApi) -> PipeError:
    """Return the failure that an answer of `api` stands for.

    What is longer than a token endpoint's answer may be is no complaint, and not worth the time to take it apart.
    """
    answer = answer._replace(body=answer.body[:LARGEST_TOKEN_ANSWER])
    if 300 <= answer.status < 400:
        return _redirected(answer, masks, api)
    return api_failure(answer, masks) if api.cloud else failure(answer, TOKEN, masks)


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
        "It leads to a login page, or the resource is a file that another server keeps, such as a download.",
        "Check base-url, and proxies in between; get such a file with curl --location and the token.",
    )
