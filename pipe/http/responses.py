"""What an answer means whoever gave it: the object in it, when to come back, trouble of the server, redirects."""

import gc
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import NamedTuple
from urllib.parse import urlsplit

from pipe.errors import AnswerError
from pipe.redaction.log import show
from pipe.redaction.secret import redact


class Response(NamedTuple):
    """What a server answered: nothing in it is trusted."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
    host: str
    """The host that was asked, with its port if that is not the usual one."""


# A name with its port (RFC 1123 section 2.1), or an IPv6 address. `***` stands where a secret was.
_HOST = re.compile(r"([\w*-]{1,63}(\.[\w*-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

# Seconds: thirty years, beyond every deadline.
_LONGEST_RETRY_AFTER = 1e9


def in_trouble(answer: Response, said: str, *, again: bool) -> AnswerError:
    """Return the advice for a server that is overloaded or broken; `said` is what it said, already harmless."""
    return AnswerError(
        f"{answer.host} is in trouble (HTTP {answer.status}{f': {said}' if said else ''}).",
        "The server or something before it is overloaded, restarting or broken.",
        "Run the step again in some minutes; for Bitbucket Cloud look at https://bitbucket.status.atlassian.com.",
        again=again,
        retry_after=retry_after(answer),
    )


def retry_after(answer: Response) -> float | None:
    """Return the seconds that the server wants a client to wait (RFC 9110 section 10.2.3), None if it does not say."""
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text), _LONGEST_RETRY_AFTER)
    moment = http_date(text)
    return None if moment is None else max(0.0, moment - time.time())


def http_date(text: str) -> float | None:
    """Return the moment that an HTTP date names (RFC 9110 section 5.6.7), in seconds since 1970; None if it is none.

    One without a zone is in UTC, which is the only zone of such dates.
    """
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed

    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def parsed_json(body: bytes) -> object:
    """Return the JSON that a server sent; raise `ValueError` or `RecursionError` if it is none.

    While it is read, nothing else runs, not even the deadline. The collector of garbage would look at all that is there
    already again and again: 60 MiB of small lists took twelve seconds instead of two.
    """
    gc.disable()
    try:
        return json.loads(body)
    finally:
        gc.enable()


def json_object(body: bytes) -> dict[str, object] | None:
    """Return the JSON object in `body`, or None if it holds none, is not UTF-8, or is nested absurdly deep."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def redirected(answer: Response, masks: Sequence[str]) -> AnswerError:
    """Return the advice for a redirect: of where it leads, only the host is told."""
    try:
        # Not `hostname`, and not a part of the text as it came: in lower case, or cut at a slash, a secret that the
        # server repeats would not be known.
        target = urlsplit(redact(answer.headers.get("Location", ""), masks)).netloc.rpartition("@")[2]
    except ValueError:
        target = ""
    # What has another form is no host: urlsplit leaves there what a browser takes for a path, and ports of any kind.
    to = f" to {show(target, masks)}" if _HOST.fullmatch(target) else ""
    return AnswerError(
        f"{answer.host} redirects{to} (HTTP {answer.status}), which is never followed with a secret in hand.",
        "The address is http instead of https, an old one, or leads to a login page.",
        "Put the final address into base-url or token-url.",
    )
