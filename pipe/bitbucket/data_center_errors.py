"""What a Data Center says when it refuses, and what to do about each.

Its shape is `{"errors": [{"context", "message", "exceptionName"}]}`. The cases were observed in bug reports and in the
source code of Bitbucket's clients, those of application links in Atlassian's OAuth plugin.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from pipe.errors import AnswerError, PipeError, RefusedError, UnfitTokenError
from pipe.http.responses import TRY_AGAIN, Response, in_trouble, json_object, redirected, retry_after
from pipe.redaction.log import show

_LINK = "Bitbucket: Administration, Application links, the link, Incoming"

# By what authorised: why it usually happens, what to do now.
_WRONG: dict[str, tuple[str, str]] = {
    "password": (
        "User name or password is wrong, or the server takes no passwords (single sign-on).",
        "Correct username and password before the next run: after some wrong tries Bitbucket locks the account until "
        "somebody solves a CAPTCHA. Or use an application link (private-key).",
    ),
    "access-token": (
        "The token is expired, revoked or mistyped, or it is not an OAuth 2.0 one: an HTTP access token cannot make "
        "others.",
        "Give an OAuth 2.0 access token of this server, or use username and password, or an application link.",
    ),
    "private-key": (
        "The application link does not take the request: it allows no OAuth (2LO), or not for this user.",
        f"Check the link ({_LINK}): 2LO or, with impersonate, 2LO with impersonation allowed, and a user who may "
        "log in.",
    ),
}
TOKEN = "token"
"""The way of a request that a bearer token of any kind authorises, whoever made it."""
_WRONG[TOKEN] = (
    "The token is mistyped, revoked or expired, or the server never saw it.",
    "Get a new token; check proxies that remove the Authorization header.",
)
_ANONYMOUS = {
    **_WRONG,
    "private-key": (
        "The application link has no user to act as, so the server takes the request for anybody's; or something on "
        "the way removed the Authorization header.",
        f"Enter a user at 'Execute as' ({_LINK}, 2LO), or set impersonate to the user to act as.",
    ),
}

# By `oauth_problem` (OAuth Problem Reporting extension).
_PROBLEMS = {
    "consumer_key_unknown": (
        "No application link of this server has that consumer-key.",
        f"Compare consumer-key with the link ({_LINK}).",
    ),
    "signature_invalid": (
        "The public key of the application link does not belong to private-key, or base-url is not the address that "
        "the server knows as its own.",
        "Enter the public key (openssl pkey -in key.pem -pubout) at the link; make base-url the server's own base URL, "
        "and have its proxy hand on scheme, name and port.",
    ),
    "timestamp_refused": (
        "The clocks of this runner and of the server differ by some minutes.",
        "Set the clock that is wrong.",
    ),
    "nonce_used": (
        "The server has seen this very request before: a proxy on the way sends requests twice.",
        "Run the step again; check proxies in between.",
    ),
}


# "maximum number of tokens reached" is the case in the documentation of the REST API, which gives no exact text.
_LIMIT = re.compile(r"(maximum|limit).{0,60}token|token.{0,60}(maximum|limit)", re.IGNORECASE)


class LimitError(RefusedError):
    """The owner has as many tokens as the server allows."""


class NotFoundError(RefusedError):
    """The server says that what was asked for is not there."""


def rate_limited(answer: Response) -> AnswerError:
    """Return the advice for HTTP 429. Each user has an allowance, which an administrator sets."""
    return AnswerError(
        f"{answer.host} has had too many requests (HTTP 429).",
        "The server limits the requests of each user.",
        "Run the step again later, or have the limit of that user raised.",
        again=True,
        retry_after=retry_after(answer),
        rate_limited=True,
    )


def failure(answer: Response, way: str, masks: Sequence[str]) -> PipeError:
    """Return the failure that an answer other than 2xx stands for; `way` is the input that authorised, or `TOKEN`.

    With a token, what it may not do makes it unfit (exit 6); in the other ways that is a refusal (exit 3).
    """
    error = error_of(answer)
    said = show(error.get("message", ""), masks)
    what = f"{answer.host} refused (HTTP {answer.status})" + (f': "{said}".' if said else ".")
    if "captcharequired" in error.get("exceptionName", "").lower():
        return RefusedError(
            what,
            "Too many wrong passwords: the account is locked until somebody solves a CAPTCHA, however right this one "
            "may be.",
            "Log in as that user in a browser once, or have an administrator clear the CAPTCHA challenge; correct the "
            "password before the next run.",
        )
    if answer.status == 429:
        return rate_limited(answer)
    if answer.status in TRY_AGAIN or answer.status >= 500:
        return in_trouble(answer, said, again=answer.status in TRY_AGAIN)
    if 300 <= answer.status < 400:
        return _login_page(answer, way) if _leads_to_login(answer) else redirected(answer, masks)
    if answer.status == 401:
        return _unauthorized(answer, what, way, masks)
    if answer.status == 404:
        return _not_found(answer, what, way)
    if way == TOKEN:
        return _may_not(what) if answer.status == 403 else _unfit_request(what)
    if answer.status == 400 and _LIMIT.search(f"{said} {error.get('exceptionName')}") and "expir" not in said.lower():
        return LimitError(
            what,
            "The owner has as many tokens as the server allows, and none of them has the name of the new one.",
            "Delete tokens that nobody uses, let them live for fewer days (token-expiry-days), or have the limit "
            "raised. With a token-name of its own, each run replaces the token of the run before.",
        )
    return RefusedError(
        what,
        "The user may not do this here, or a value does not fit this server, such as a permission that it does not "
        "know or more days than it allows."
        if error
        else "A firewall or a proxy stands before the server.",
        "Check token-owner, token-permissions and token-expiry-days, and what the user may do."
        if error
        else "Check whether this runner's address may reach the server.",
    )


def error_of(answer: Response) -> Mapping[str, str]:
    """The texts of the first error in an answer; none if it has none of that shape."""
    errors = (json_object(answer.body) or {}).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    texts = first if isinstance(first, dict) else {}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def anonymous(answer: Response, way: str) -> RefusedError:
    """The server answered, but as to somebody it does not know."""
    return RefusedError(
        f"{answer.host} answers as to an anonymous user: it does not say who it takes this program for.",
        *_ANONYMOUS[way],
    )


def another(answer: Response, user: str) -> RefusedError:
    """The application link acts as somebody else than the user that was named."""
    return RefusedError(
        f"{answer.host} takes this program for the user {user}, not for the one that impersonate names.",
        "The application link allows no impersonation and acts as its own user.",
        f"Allow 2LO with impersonation ({_LINK}), or leave impersonate out.",
    )


def no_user(host: str, user: str) -> RefusedError:
    """The server does not list the user that it takes the caller for."""
    return RefusedError(
        f"{host} does not list the user {user}, so the address of the user's tokens is not known.",
        "The user may not see the list of users.",
        "Name the user as it stands in the address of the profile page: token-owner: user:SLUG",
    )


def no_json(answer: Response) -> AnswerError:
    """A 2xx answer that is something else."""
    page = "an HTML page" if answer.body.lstrip()[:1] == b"<" else "something that is no JSON object"
    return AnswerError(
        f"{answer.host} answered with {page} (HTTP {answer.status}).",
        "base-url lacks the context path, or a login page, proxy or firewall answered in the server's place.",
        "Make base-url the address that Bitbucket's administration shows as its base URL.",
    )


def _unauthorized(answer: Response, what: str, way: str, masks: Sequence[str]) -> PipeError:
    """Return the failure for 401; with `X-AUSERNAME`, the server knows the user, who may not do this."""
    user = unquote(answer.headers.get("X-AUSERNAME", ""))
    if user not in ("", "anonymous"):
        what = f"{what} It knows the user {show(user, masks)}, who may not do this."
        if way == TOKEN:
            return _may_not(what)
        return RefusedError(
            what,
            "Only a user's own tokens can be made, and those of projects and repositories only by their "
            "administrators; and an HTTP access token cannot make others.",
            "Check token-owner; give the user the permission, or act as another user.",
        )
    named = answer.headers.get("WWW-Authenticate", "") + " " + answer.body[:1000].decode("ascii", "replace")
    problem = re.search(r'oauth_problem="?([a-z_]+)', named)
    if problem and problem[1] in _PROBLEMS:
        return RefusedError(f"{answer.host} refused (HTTP 401): {problem[1]}.", *_PROBLEMS[problem[1]])
    return RefusedError(what, *_WRONG[way])


def _leads_to_login(answer: Response) -> bool:
    try:
        return "login" in urlsplit(answer.headers.get("Location", "")).path.lower()
    except ValueError:
        return False


def _login_page(answer: Response, way: str) -> RefusedError:
    return RefusedError(
        f"{answer.host} sends this program to its login page (HTTP {answer.status}).",
        "The server did not take what authorises the request. Newer versions take tokens below /rest and /scm only, "
        f"and single sign-on may stand before everything. {_WRONG[way][0]}",
        "Check that base-url is the server's base URL with its context path, and that the way to authorise works with "
        "curl.",
    )


def _may_not(what: str) -> UnfitTokenError:
    return UnfitTokenError(
        what,
        "The token is good, but its user, or its permissions, do not allow this.",
        "Give the token the permission (token-permissions), or ask as another user.",
    )


def _unfit_request(what: str) -> AnswerError:
    return AnswerError(
        what,
        "The request does not fit this resource, or base-url lacks the context path.",
        "Check the path and the values against the REST API's documentation, and base-url.",
    )


def _not_found(answer: Response, what: str, way: str) -> PipeError:
    if way == TOKEN:
        if not error_of(answer):
            return _unfit_request(what)
        return UnfitTokenError(
            what,
            "The project or repository does not exist, is misspelt, or may not be seen with this token.",
            "Check the names as they stand in Bitbucket's addresses, and what the token's user may see.",
        )
    if not error_of(answer):
        return AnswerError(
            what,
            "base-url lacks the context path, or is not that of a Bitbucket Data Center (5.5 or newer).",
            "Make base-url the address that Bitbucket's administration shows as its base URL.",
        )
    return NotFoundError(
        what,
        "The user, project or repository does not exist, is misspelt, or may not be seen by this user.",
        "Check token-owner: user:SLUG, project:KEY or repository:KEY/SLUG, each as it stands in Bitbucket's addresses.",
    )
