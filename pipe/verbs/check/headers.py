"""Steps 5 and 10: what the answers so far say of this machine's clock, and of rate limits."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime

from pipe.errors import PipeError
from pipe.http.responses import Response, retry_after
from pipe.redaction.log import show
from pipe.verbs.check.report import Finding, fine, untried
from pipe.verbs.check.state import CheckState

_MOST = 60


def examine_clock(state: CheckState) -> Finding:
    """Compare the clock with the header `Date` of an answer (RFC 9110 section 6.6.1)."""
    if state.first.host in state.unreached:
        return state.not_reached_before(state.first)
    with suppress(PipeError):  # The next step tells it.
        state.first_response()
    for moment, answer in state.http.recorded:
        told = _date(answer)
        # What a cache has kept has the date of back then.
        if told is not None and "Age" not in answer.headers:
            return _compared(round(moment - told), answer.host)
    return untried("no answer says what time it is")


def _compared(seconds: int, host: str) -> Finding:
    facts = {"seconds": seconds, "host": host}
    if abs(seconds) <= _MOST:
        return fine(f"within {_MOST} s of that of {host}.", facts)
    return fine(
        f"Warning: {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} that of {host}.",
        facts,
        why="Nothing sets this runner's clock, or the server's is wrong. Signatures and new certificates are refused "
        "then, and a token ends earlier or later than it seems.",
        now="Have the clock set over the network (NTP).",
    )


def _date(answer: Response) -> float | None:
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
        return told.replace(tzinfo=told.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


# "API request limits": Cloud sends the first three, with access tokens only. Data Center: "Rate limiting".
_HEADERS = {
    "X-RateLimit-Limit": "limit",
    "X-RateLimit-Resource": "resource",
    "X-RateLimit-NearLimit": "near_limit",
    "X-RateLimit-Remaining": "remaining",
    "X-RateLimit-Interval-Seconds": "interval",
    "X-RateLimit-FillRate": "fill_rate",
}


def examine_rate_limits(state: CheckState) -> Finding:
    """Sum up, for each server, the newest of its answers that says something. Nothing is sent."""
    masks = state.context.masks()
    told, facts = [], dict[str, Mapping[str, object]]()
    for host in dict.fromkeys(answer.host for _, answer in state.http.recorded):
        answers = [answer for _, answer in state.http.recorded if answer.host == host]
        limits: dict[str, str] = {}
        for answer in answers:
            found = {name: answer.headers[header] for header, name in _HEADERS.items() if header in answer.headers}
            limits = {name: show(text, masks) for name, text in found.items()} or limits
        refusals = [answer for answer in answers if answer.status == 429]
        wait = retry_after(refusals[-1]) if refusals else None
        parts = [f"{name.replace('_', ' ')} {text}" for name, text in limits.items()]
        if refusals:
            limits = {**limits, "refused": str(len(refusals))}
            waiting = "not told" if wait is None else f"{wait:.0f} s"
            parts.append(f"{len(refusals)} x too many requests (HTTP 429), Retry-After: {waiting}")
        if parts:
            told.append(f"{host}: {', '.join(parts)}")
            facts[host] = {**limits, **({} if wait is None else {"retry_after": wait})}
    return fine(f"{'; '.join(told)}.", facts) if told else Finding(None, "not told by any answer.")
