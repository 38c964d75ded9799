"""Step 10: what the answers so far say of rate limits."""

from collections.abc import Mapping

from pipe.answers import retry_after
from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine
from pipe.untrusted import show

# "API request limits": Cloud sends the first three, with access tokens only. Data Center: "Rate limiting".
_HEADERS = {
    "X-RateLimit-Limit": "limit",
    "X-RateLimit-Resource": "resource",
    "X-RateLimit-NearLimit": "near_limit",
    "X-RateLimit-Remaining": "remaining",
    "X-RateLimit-Interval-Seconds": "interval",
    "X-RateLimit-FillRate": "fill_rate",
}


def examine(case: Case) -> Finding:
    """Sum up, for each server, the newest of its answers that says something. Nothing is sent."""
    masks = case.means.masked()
    told, facts = [], dict[str, Mapping[str, object]]()
    for host in dict.fromkeys(answer.host for _, answer in case.http.heard):
        answers = [answer for _, answer in case.http.heard if answer.host == host]
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
