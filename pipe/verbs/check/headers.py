"""Steps 5 and 10: what the answers so far say of this machine's clock, and of rate limits."""

from collections.abc import Mapping
from contextlib import suppress

from pipe.errors import PipeError
from pipe.http.responses import http_date, retry_after
from pipe.inputs.inputs import Inputs
from pipe.inputs.table import OAUTH_GRANTS
from pipe.redaction.log import show
from pipe.verbs.check.report import Finding, fine, untried
from pipe.verbs.check.state import CheckState, Recorded

# Seconds that a clock may be off. A signature that bears a time is refused by some servers from 5 s on.
_MOST = 60
_MOST_TO_SIGN = 4


def examine_clock(state: CheckState) -> Finding:
    """Compare the clock with the header `Date` of an answer (RFC 9110 section 6.6.1)."""
    if state.first.host in state.unreached:
        return state.not_reached_before(state.first)
    with suppress(PipeError):  # The next step tells it.
        state.first_response()
    for recorded in state.http.recorded:
        told = http_date(recorded.answer.headers.get("Date", ""))
        # What a cache has kept has the date of back then.
        if told is not None and "Age" not in recorded.answer.headers:
            most = _MOST_TO_SIGN if _signs(state.inputs) else _MOST
            return _compared(_off(recorded, told), recorded.answer.host, most)
    return untried("no answer says what time it is")


def _signs(inputs: Inputs) -> bool:
    """Whether a run proves who it is by a signature that bears a time: a client assertion, or OAuth 1.0a."""
    return inputs.client_auth == "private_key_jwt" if inputs.grant in OAUTH_GRANTS else bool(inputs.private_key)


def _off(recorded: Recorded, told: float) -> int:
    """By how many whole seconds this clock is ahead, or behind if it is less than 0.

    The server may have told the time at any moment of the exchange, and tells no parts of a second.
    """
    ahead, behind = recorded.sent - told, told + 1 - recorded.received
    return int(max(ahead, 0)) or -int(max(behind, 0))


def _compared(seconds: int, host: str, most: int) -> Finding:
    facts = {"seconds": seconds, "host": host}
    if abs(seconds) <= most:
        return fine(f"within {most} s of that of {host}.", facts)
    return fine(
        f"Warning: {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} that of {host}.",
        facts,
        why="Nothing sets this runner's clock, or the server's is wrong. Signatures and new certificates are refused "
        "then, and a token ends earlier or later than it seems.",
        now="Have the clock set over the network (NTP).",
    )


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
    for host in dict.fromkeys(recorded.answer.host for recorded in state.http.recorded):
        answers = [recorded.answer for recorded in state.http.recorded if recorded.answer.host == host]
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
