"""The one way to a server: TLS, proxies, no redirects, a cap on the answer, and a deadline that always holds."""

import ssl
import threading
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, Queue, SimpleQueue
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from pipe import VERSION
from pipe.errors import AnswerError, OutOfTime, PipeError
from pipe.http.addresses import Adapter
from pipe.http.proxies import proxy_for
from pipe.http.responses import Response
from pipe.http.retry import Deadline
from pipe.http.trust import advice, is_too_strict, tls_context
from pipe.http.unreachable import causes_of, out_of_time, unreachable

LARGEST_ANSWER = 1024 * 1024
"""Bytes that are read of an answer at most, counted after decompression."""

Result = TypeVar("Result")

_CHUNK = 16 * 1024


class Session(requests.Session):
    """Asks no environment, knows no redirects, and is not held up by an address that swallows packets.

    requests would read the body of a redirect whole and take its target apart without following it.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, Adapter(context))

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the library's form
        """Return None, for no redirect is followed."""
        return


def awaited(queue: "SimpleQueue[Result] | Queue[Result]", deadline: Deadline, host: str) -> Result:
    """Return what comes out of `queue` first; raise `UnreachableError` if nothing does before the deadline.

    Where the machine slept meanwhile, the alarm that is behind the deadline may be heard first.
    """
    try:
        try:
            return queue.get(timeout=deadline.remaining())
        except Empty:
            raise out_of_time(host, deadline.seconds) from None
    except OutOfTime:
        raise out_of_time(host, deadline.seconds) from None


def without_thread(work: Callable[[], Result], deadline: Deadline, host: str) -> Result:
    """Do `work` in this thread, for none can be started: a limit on processes, or a seccomp profile without clone3.

    The alarm that is behind the deadline ends it, only not while a name is looked up.
    """
    try:
        return work()
    except OutOfTime:
        raise out_of_time(host, deadline.seconds) from None


class Http:
    """Sends requests one at a time.

    `timeout` is in seconds, to connect and between two bytes. `ca_file` is a PEM bundle, or empty for the bundled
    roots, which `extra_ca_file` adds to. Python's TLS is at 1.2 or newer (urllib3 2 sets that). No `.netrc`, no
    cookies, no environment: only `env` is asked for a proxy. `say` tells a person what was not expected.
    """

    def __init__(
        self,
        deadline: Deadline,
        *,
        timeout: float,
        ca_file: str,
        env: Mapping[str, str],
        extra_ca_file: str = "",
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.deadline = deadline
        self._timeout = timeout
        self.ca_file = ca_file
        self._env = env
        self._extra = extra_ca_file
        self._say = say
        self._strict = True

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
    ) -> Response:
        """Send one request and return the answer, whatever its status; `form`, `json` or `content` is its body.

        Raises `UnreachableError` if no whole answer came: its `again` tells whether another try could help. Raises
        `AnswerError` if the answer is larger than `LARGEST_ANSWER`.
        """
        request = requests.Request(method, url, headers=headers, data=content or form, json=json)
        return self.sent(request, self._exchange)

    def sent(self, request: requests.Request, exchange: Callable[[requests.Request, str, str], Result]) -> Result:
        """Have `exchange` send the request to a host by a proxy or none, and return what it does; raises as `send`."""
        request.headers = {"Accept": "application/json", "User-Agent": f"bitbucket-token/{VERSION}", **request.headers}
        host = urlsplit(request.url).netloc
        proxy = proxy_for(request.url, self._env)
        while True:
            try:
                return self.within_deadline(partial(exchange, request, host, proxy), host)
            except (requests.RequestException, ValueError) as error:
                if not self.relaxes(error, host):
                    raise self.explained(error, host, proxy) from error

    def explained(self, error: requests.RequestException | ValueError, host: str, proxy: str) -> PipeError:
        """Return what the network library's `error` on the way to `host` means."""
        trust = advice(self.ca_file, self._env)
        return unreachable(error, host=host, proxy=proxy, timeout=self._timeout, trust=trust)

    def relaxes(self, error: BaseException, host: str) -> bool:
        """Whether all is verified less strictly from now on, for `error` is about the form of a chain to `host` alone.

        Only where the user names an authority: a private one made long ago lacks what RFC 5280 asks of it, and public
        ones do not. Nothing was sent then.
        """
        cause = next(filter(is_too_strict, causes_of(error)), None)
        if cause is None or not self._strict or not (self.ca_file or self._extra):
            return False
        self._strict = False
        reason = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
        self._say(
            f"The certificates of {host} lack what RFC 5280 asks for (OpenSSL says: {reason}); they are verified all "
            "the same, as curl and git do it."
        )
        return True

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how TLS is done, or None if it is as urllib3 does it by itself."""
        return None if self._strict and not self._extra else tls_context(self._extra, strict=self._strict)

    def within_deadline(self, work: Callable[[], Result], host: str) -> Result:
        """Do `work`, which asks `host`, in a thread of its own, and leave it behind when the deadline passes.

        A timeout between two bytes never ends a server that drips, and nothing ends a name server that hangs. The
        thread is a daemon: it keeps neither the program nor its exit waiting. Where none can be started, it is done
        here.
        """
        outcome: SimpleQueue[tuple[Result] | BaseException] = SimpleQueue()

        def do() -> None:
            try:
                outcome.put((work(),))
            except BaseException as error:
                outcome.put(error)

        try:
            threading.Thread(target=do, name="request", daemon=True).start()
        except RuntimeError:
            return without_thread(work, self.deadline, host)
        result = awaited(outcome, self.deadline, host)
        if isinstance(result, BaseException):
            raise result
        return result[0]

    def _exchange(self, request: requests.Request, host: str, proxy: str) -> Response:
        """Send the request and read the answer, in the thread that may be left behind."""
        with Session(self.tls_context()) as session, self._prepared(session, request, proxy)() as response:
            return Response(response.status_code, response.headers, self._read(response, host), host)

    def _prepared(
        self, session: requests.Session, request: requests.Request, proxy: str
    ) -> Callable[[], requests.Response]:
        """Return what sends the request, and returns the answer as soon as its head is there."""
        return partial(
            session.send,
            session.prepare_request(request),
            proxies={urlsplit(request.url).scheme: proxy} if proxy else {},
            verify=self.ca_file or True,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        )

    def _read(self, response: requests.Response, host: str) -> bytes:
        # urllib3 2 complains itself of what ends too early.
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise _too_large(host)
            if not self.deadline.remaining():
                raise out_of_time(host, self.deadline.seconds)
        return bytes(body)


def _too_large(host: str) -> AnswerError:
    return AnswerError(
        f"{host} answered with more than {LARGEST_ANSWER} bytes.",
        "No token endpoint answers that much: the address is probably that of a file or a page.",
        "Check base-url or token-url.",
    )
