"""Step 5: whether this machine's clock is that of the server. Tokens, signatures and certificates depend on it."""

from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime

from pipe.errors import PipeError
from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine, untried
from pipe.http import Answer

_MOST = 60


def examine(case: Case) -> Finding:
    """Compare the clock with the header `Date` of an answer (RFC 9110 section 6.6.1)."""
    if case.first.host in case.lost:
        return case.lost_before(case.first)
    with suppress(PipeError):  # The next step tells it.
        case.knock()
    for moment, answer in case.http.heard:
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


def _date(answer: Answer) -> float | None:
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
        return told.replace(tzinfo=told.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
