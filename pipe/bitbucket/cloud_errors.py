"""What the REST API of Bitbucket Cloud says when it refuses, and what to do about each.

Its shape is `{"type": "error", "error": {"message", "detail"}}`, where `detail` is a text or an object; the rate limit
comes as plain text. The texts were observed in bug reports of Bitbucket's clients.
"""

from collections.abc import Mapping, Sequence

from pipe.errors import AnswerError, PipeError, RefusedError, UnfitTokenError
from pipe.http.responses import TRY_AGAIN, Response, in_trouble, json_object, redirected, retry_after
from pipe.inputs.values import split_scopes
from pipe.oauth.advice import rate_limited
from pipe.oauth.token import LONGEST_SCOPES
from pipe.redaction.log import show

NEEDS_REPOSITORY = "to try it on more, the input repository is needed: WORKSPACE/REPOSITORY, one that it can read"
"""What to say of a good token that may not ask whose it is, where that input says on what a token is tried."""

# "This API is not accessible by this authentication mechanism" was seen for access tokens of repositories.
_ABOUT_THE_KIND = ("authentication mechanism", "authentication method")

# By the status: why it usually happens, what to do now.
_REFUSALS: Mapping[int, tuple[str, str]] = {
    409: (
        "Something of that name is there already, or was changed at the same time.",
        "Look it up in Bitbucket; change or delete it there, or choose another name.",
    ),
    410: (
        "Bitbucket has removed this resource, as it did with lists across workspaces in 2026.",
        "Use the resource of a single workspace; Bitbucket's changelog names it.",
    ),
}


def api_failure(answer: Response, masks: Sequence[str]) -> PipeError:
    """Return the failure that an answer other than 2xx stands for."""
    if answer.status == 429:
        return rate_limited(answer.host, retry_after(answer))
    error = _error(answer)
    message = error.get("message")
    said = show(message, masks) if isinstance(message, str) else ""
    if answer.status in TRY_AGAIN or answer.status >= 500:
        return in_trouble(answer, said, again=answer.status in TRY_AGAIN)
    if 300 <= answer.status < 400:
        return redirected(answer, masks)
    quoted = f': "{said}"' if said else ""
    what = f"{answer.host} refused (HTTP {answer.status}){quoted}."
    if answer.status == 401 or refuses_kind(answer):
        return _wrong_kind(what) if refuses_kind(answer) else _unauthorized(what, said)
    if 200 <= answer.status < 300 or (answer.status != 410 and answer.body.lstrip()[:1] == b"<"):
        return AnswerError(
            f"{answer.host} answered with something that is no JSON object (HTTP {answer.status}).",
            "A proxy, a firewall or a login page answered in the API's place.",
            "Check proxies in between, and whether this runner may reach the server.",
        )
    if answer.status == 403:
        return _forbidden(what, error, masks)
    if answer.status == 404:
        return UnfitTokenError(
            what,
            "The workspace or repository does not exist, is misspelt, or the token may not see it: "
            "a consumer sees its own workspace only.",
            "Check the names, and that the token belongs to that workspace.",
        )
    if answer.status in _REFUSALS:
        return AnswerError(what, *_REFUSALS[answer.status])
    fields = _fields(error, masks)
    return AnswerError(
        f"{what} It complains of {fields}" if fields else what,
        "The request does not fit this resource.",
        "Check the names and values against the REST API's documentation.",
    )


def by_kind_of_token(error: PipeError, answer: Response, url: str) -> PipeError:
    """Return `error`, made of `answer` to a request for `url`; with other advice if it is about the kind of token.

    "Update an explicit group permission for a repository" has it that 403 also says that the authentication was no app
    password, in whose place API tokens are; a consumer's token is refused there whatever its scopes are.
    """
    message = _error(answer).get("message")
    said = message.lower() if isinstance(message, str) else ""
    by_text = answer.status in (401, 403) and any(text in said for text in _ABOUT_THE_KIND)
    by_place = answer.status == 403 and isinstance(error, RefusedError) and "/permissions-config/" in url
    if not by_text and not by_place:
        return error
    return error.because(
        "The token may be good, but some resources do not take every kind of one: permissions of a repository, for "
        "example, cannot be changed with a consumer's (OAuth) token, only with a person's API token."
        + ("" if by_text else " Or its owner is no administrator there."),
        "Ask with an API token of a person who may do this (grant access_token, access-token-kind api-token and "
        "username), or do it in Bitbucket's settings.",
    )


def lacks_scope(answer: Response) -> bool:
    """Whether an answer refuses for a missing scope only, and so proves that the token is a real one."""
    return answer.status == 403 and "required" in _detail(_error(answer))


def refuses_kind(answer: Response) -> bool:
    """Whether an answer refuses all tokens of this kind, and so proves that this one is real.

    `GET /user` does that with the access tokens of repositories, projects and workspaces, by 403 and at times by 401
    (dimipaun/fugaro, gildas/bitbucket-cli #43). A token that is no good gets another text.
    """
    return answer.status in (401, 403) and b"not accessible by this authentication mechanism" in answer.body


def required_scopes(answer: Response) -> tuple[str, ...]:
    """What a refusal for a missing scope asks for; nothing if it does not say that in the shape of the API."""
    required = _detail(_error(answer)).get("required")
    try:
        return split_scopes(" ".join(map(str, required))) if isinstance(required, list) else ()
    except ValueError:
        return ()


def granted_scopes(answer: Response) -> tuple[str, ...] | None:
    """The token's scopes, which Bitbucket names in a header of most answers and in a refusal for a missing scope."""
    granted = _detail(_error(answer)).get("granted")
    if not isinstance(granted, list):
        granted = [answer.headers.get("X-OAuth-Scopes")]
    text = " ".join(scope for scope in granted if isinstance(scope, str))
    try:
        found = split_scopes(text) if len(text) <= LONGEST_SCOPES else ()
    except ValueError:
        return None
    return found or None


def _unauthorized(what: str, said: str) -> RefusedError:
    if "expired." in said and "invalid" not in said:
        return RefusedError(
            what,
            "The token's time is over. A consumer's lives two hours at most, any other as long as was chosen for it.",
            "Make a new one in Bitbucket, and store it in the old one's place; get a consumer's anew in each job.",
        )
    return RefusedError(
        what,
        "The token is mistyped, revoked, expired, or of a kind that this resource does not take.",
        "Copy it anew, and say what it is in access-token-kind; a person's API token also needs username, its e-mail "
        "address.",
    )


def _wrong_kind(what: str) -> UnfitTokenError:
    return UnfitTokenError(
        what,
        "The token is good, but this resource is not for tokens of its kind: those of a repository, project or "
        "workspace may ask for what they are for, and not whose they are.",
        "Ask for a repository that the token is for, or use a consumer's or a person's token.",
    )


def _forbidden(what: str, error: Mapping[str, object], masks: Sequence[str]) -> PipeError:
    detail = _detail(error)
    required, granted = (
        show(" ".join(map(str, value)), masks) if isinstance(value := detail.get(name), list) else ""
        for name in ("required", "granted")
    )
    if required:
        return UnfitTokenError(
            what,
            f"The token lacks {required}; it has {granted or 'none'}. The token itself is good.",
            "Give the consumer or token that permission, and get a new token.",
        )
    return RefusedError(
        what,
        "The token is good, but its owner may not do this; or an allow-list of addresses keeps this runner out.",
        "Check the permissions of the token's owner, and the workspace's allow-list of IP addresses.",
    )


def _error(answer: Response) -> Mapping[str, object]:
    error = (json_object(answer.body) or {}).get("error")
    return error if isinstance(error, dict) else {}


def _detail(error: Mapping[str, object]) -> Mapping[str, object]:
    detail = error.get("detail")
    return detail if isinstance(detail, dict) else {}


def _fields(error: Mapping[str, object], masks: Sequence[str]) -> str:
    """What is said of single fields of a body: `{"fields": {"title": ["This field is required."]}}`."""
    fields = error.get("fields")
    if not isinstance(fields, dict):
        return ""
    told = (f"{name}: {' '.join(map(str, said)) if isinstance(said, list) else said}" for name, said in fields.items())
    return show("; ".join(told), masks)
