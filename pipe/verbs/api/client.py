"""One request to the REST API, tried again where that helps and does no harm, at the pace that the server allows."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext

import requests

from pipe.errors import AnswerError, PipeError
from pipe.http.client import Http, Result, Session
from pipe.http.context import Context
from pipe.http.deadline import Deadline
from pipe.http.responses import Response
from pipe.http.retry import with_retries
from pipe.redaction.secret import Secret
from pipe.verbs.api.addresses import FOLLOWED, FOLLOWERS, MOST, RestApi, endless, target_of
from pipe.verbs.api.failures import failure, once_only
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

    def __init__(self, deadline: Deadline, *, timeout: float, ca_file: str, env: Mapping[str, str]) -> None:
        super().__init__(deadline, timeout=timeout, ca_file=ca_file, env=env)
        self._kept = Session()
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
                raise failure(answer, self._context.masks(), self.place)
            if target in passed or len(passed) > MOST:
                raise endless(answer, circle=target in passed)
            passed.append(target)

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
                    raise failure(answer, self._context.masks(), self.place)
            except PipeError as error:
                raise (error if method in HARMLESS_TWICE else once_only(error, status)) from error.__cause__
            return answer

        return with_retries(attempt, self._context.retries)
