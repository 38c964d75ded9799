"""Requests over a connection that is kept: a thousand pages take one TLS handshake."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import requests

from pipe.deadline import Deadline
from pipe.errors import AnswerError
from pipe.http import Answer, Http, Result, Session

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer, counted after decompression."""

HARMLESS_TWICE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do the same when they are done again (RFC 9110 section 9.2.2)."""


class KeptHttp(Http):
    """Sends requests one at a time, all of them in the thread that asks.

    Whoever waits for that thread leaves it behind at the deadline: a server that drips, or a name server that hangs,
    holds it longer.
    """

    largest_answer = LARGEST_ANSWER

    def __init__(self, deadline: Deadline, *, timeout: float, ca_file: str, env: Mapping[str, str]) -> None:
        super().__init__(deadline, timeout=timeout, ca_file=ca_file, env=env)
        self._kept = Session()
        self._answered = False

    def exchange(self, request: requests.Request) -> Answer:
        """Send one request; a method that may not be done twice gets a connection of its own."""
        if request.method not in HARMLESS_TWICE:
            self._give_up()
        answer = super().exchange(request)
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
