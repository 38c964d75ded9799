"""One request to the REST API, tried again where that helps and does no harm, at the pace that the server allows."""

from collections.abc import Callable, Collection
from typing import NamedTuple

import requests

from pipe.errors import PipeError
from pipe.http import Answer, Http
from pipe.rest.addresses import Place
from pipe.rest.failures import failure, once_only
from pipe.rest.kept import HARMLESS_TWICE
from pipe.rest.pace import Pace
from pipe.rest.redirects import FOLLOWED, FOLLOWERS, MOST, endless, target_of
from pipe.retry import with_retries
from pipe.secret import Secret

# Diffs and files are no JSON.
_ACCEPT = "application/json, */*;q=0.5"


class Terms(NamedTuple):
    """What is the same for all requests of a run. `masked` returns the texts that no error may repeat."""

    place: Place
    authorization: Secret
    pace: Pace
    say: Callable[[str], None]
    masked: Callable[[], tuple[str, ...]]
    max_attempts: int
    sleep: Callable[[float], None]


class Client:
    """Sends requests by `http`, which one thread has for itself."""

    def __init__(self, http: Http, terms: Terms) -> None:
        self._http = http
        self._terms = terms

    @property
    def place(self) -> Place:
        """The API that is asked."""
        return self._terms.place

    def ask(
        self, method: str, url: str, content: bytes | None = None, *, tolerated: Collection[int] = ()
    ) -> tuple[str, Answer]:
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
                raise failure(answer, self._terms.masked(), self.place)
            if target in passed or len(passed) > MOST:
                raise endless(answer, circle=target in passed)
            passed.append(target)

    def _tried(self, method: str, url: str, content: bytes | None, tolerated: Collection[int]) -> Answer:
        terms = self._terms
        headers = {"Authorization": terms.authorization.reveal(), "Accept": _ACCEPT}
        if content is not None:
            headers["Content-Type"] = "application/json"

        def attempt() -> Answer:
            terms.pace.wait()
            status = 0
            try:
                answer = self._http.exchange(requests.Request(method, url, headers=headers, data=content))
                status = answer.status
                terms.pace.note(answer.headers)
                if not (200 <= status < 300 or status in tolerated):
                    raise failure(answer, terms.masked(), terms.place)
            except PipeError as error:
                raise (error if method in HARMLESS_TWICE else once_only(error, status)) from error.__cause__
            return answer

        return with_retries(
            attempt,
            max_attempts=terms.max_attempts,
            deadline=self._http.deadline,
            announce=terms.say,
            sleep=terms.sleep,
        )
