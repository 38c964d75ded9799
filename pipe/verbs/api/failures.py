"""What an answer other than 2xx stands for, from Cloud or from a Data Center."""

from collections.abc import Sequence
from urllib.parse import unquote

from pipe.bitbucket.cloud_errors import api_failure
from pipe.bitbucket.data_center_errors import error_of, rate_limited
from pipe.errors import AnswerError, PipeError, RefusedError, UnfitTokenError
from pipe.http.client import LARGEST_ANSWER
from pipe.http.responses import TRY_AGAIN, Response, in_trouble, json_object, redirected
from pipe.http.unreachable import never_sent
from pipe.redaction.log import show
from pipe.verbs.api.addresses import FOLLOWED, RestApi, within_api


def failure(answer: Response, masks: Sequence[str], place: RestApi) -> PipeError:
    """Return the failure that an answer of `place` stands for.

    What is longer than a token endpoint's answer may be is no complaint, and not worth the time to take it apart.
    """
    answer = answer._replace(body=answer.body[:LARGEST_ANSWER])
    if 300 <= answer.status < 400:
        return _redirected(answer, masks, place)
    if not place.cloud:
        return _of_data_center(answer, masks)
    error = api_failure(answer, masks)
    if answer.status == 400 and (fields := _fields(answer, masks)):
        return AnswerError(f"{error.what} It complains of {fields}", error.why, error.now)
    return error


def once_only(error: PipeError, status: int) -> PipeError:
    """Return `error` as it is for a request that must not be done twice; `status` is that of the answer, or 0.

    It is tried again only where the server cannot have done it: it refused for the pace, or never got it.
    """
    if not error.again or status == 429 or (not status and never_sent(error)):
        return error
    now = "Look first whether the server has done it all the same: by itself, this request is not tried again."
    return type(error)(error.what, error.why, now)


def _redirected(answer: Response, masks: Sequence[str], place: RestApi) -> AnswerError:
    """Where it leads is told only if that is within the API: the address of a file elsewhere can be a secret itself."""
    target = within_api(answer.headers.get("Location", ""), place)
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


def _fields(answer: Response, masks: Sequence[str]) -> str:
    """What Cloud says of single fields of a body: `{"error": {"fields": {"title": ["This field is required."]}}}`."""
    error = (json_object(answer.body) or {}).get("error")
    fields = error.get("fields") if isinstance(error, dict) else None
    if not isinstance(fields, dict):
        return ""
    told = (f"{name}: {' '.join(map(str, said)) if isinstance(said, list) else said}" for name, said in fields.items())
    return show("; ".join(told), masks)


def _of_data_center(answer: Response, masks: Sequence[str]) -> PipeError:
    error = error_of(answer)
    said = show(error.get("message", ""), masks)
    what = f"{answer.host} refused (HTTP {answer.status})" + (f': "{said}".' if said else ".")
    if answer.status == 429:
        return rate_limited(answer)
    if answer.status in TRY_AGAIN or answer.status >= 500:
        return in_trouble(answer, said, again=answer.status in TRY_AGAIN)
    if answer.status == 401 and unquote(answer.headers.get("X-AUSERNAME", "")) in ("", "anonymous"):
        return RefusedError(
            what,
            "The token is mistyped, revoked or expired, or the server never saw it.",
            "Get a new token; check proxies that remove the Authorization header.",
        )
    if answer.status in (401, 403):
        return UnfitTokenError(
            what,
            "The token is good, but its user, or its permissions, do not allow this.",
            "Give the token the permission (token-permissions), or ask as another user.",
        )
    if answer.status == 404 and error:
        return UnfitTokenError(
            what,
            "The project or repository does not exist, is misspelt, or may not be seen with this token.",
            "Check the names as they stand in Bitbucket's addresses, and what the token's user may see.",
        )
    return AnswerError(
        what,
        "The request does not fit this resource, or base-url lacks the context path.",
        "Check the path and the values against the REST API's documentation, and base-url.",
    )
