"""What a Data Center answers, in the shapes that were observed; where no text was published, in words of this file."""

from collections.abc import Sequence
from urllib.parse import quote

from sandbox.data_center.people import HttpToken, User
from sandbox.messages import Request, Response, html_response, json_response

LARGEST_PAGE = 25
_EXCEPTIONS = "com.atlassian.bitbucket"


def page(request: Request, values: Sequence[dict[str, object]]) -> Response:
    """Return one page of `values`, of `limit` entries from `start` on."""
    try:
        start, limit = (int(request.parameters.get(name, default)) for name, default in (("start", 0), ("limit", 25)))
    except ValueError:
        return bad("start and limit must be numbers.")
    limit = min(limit, LARGEST_PAGE)
    shown = list(values[start : start + limit])
    last = start + limit >= len(values)
    answer: dict[str, object] = {"size": len(shown), "limit": limit, "isLastPage": last, "values": shown}
    return json_response(200, {**answer, "start": start, "nextPageStart": None if last else start + limit})


def user(one: User) -> dict[str, object]:
    """A user, as in lists."""
    return {"name": one.name, "slug": one.slug, "id": 52, "displayName": one.name, "active": True, "type": "NORMAL"}


def token(one: HttpToken) -> dict[str, object]:
    """A token, without its text."""
    shown: dict[str, object] = {
        "id": one.id,
        "createdDate": one.created,
        "name": one.name,
        "permissions": list(one.permissions),
        "user": user(one.user),
    }
    return shown if one.days is None else {**shown, "expiryDays": one.days, "expiryDate": one.expires}


def bad(message: str) -> Response:
    """A request that cannot be fulfilled."""
    return _errors(400, message, "validation.ArgumentValidationException")


def wrong_password() -> Response:
    """No such user, or another password."""
    message = "Authentication failed. Please check your credentials and try again."
    return _errors(401, message, "auth.IncorrectPasswordAuthenticationException")


def wrong_credentials(request: Request) -> Response:
    """A token that nobody has."""
    return _challenged(request, _errors(401, "Authentication failed.", "auth.NoSuchTokenException"))


def captcha() -> Response:
    """Too many wrong passwords (the text and its status stand in tests of Bitbucket's clients)."""
    message = "CAPTCHA required. Your Bitbucket account has been locked."
    return _errors(403, message, "auth.CaptchaRequiredAuthenticationException")


def not_permitted() -> Response:
    """Somebody who may not do this, known or not; the answer's headers tell."""
    return _errors(401, "You are not permitted to access this resource", "AuthorisationException")


def no_such(kind: str, name: str) -> Response:
    """Nothing of that name."""
    return _errors(404, f"The {kind} {name} does not exist.", f"{kind}.NoSuch{kind.capitalize()}Exception")


def nothing_here() -> Response:
    """No resource."""
    return html_response(404, "Page not found")


def oauth_problem(request: Request, problem: str) -> Response:
    """A signature that was not taken."""
    body = f"oauth_problem={problem}".encode()
    response = Response(401, body, {"Content-Type": "application/x-www-form-urlencoded"})
    return _challenged(request, response, f', oauth_problem="{problem}"')


def _challenged(request: Request, response: Response, more: str = "") -> Response:
    realm = quote(f"{request.scheme}://{request.host}", safe="")
    return Response(
        response.status, response.body, {**response.headers, "WWW-Authenticate": f'OAuth realm="{realm}"{more}'}
    )


def _errors(status: int, message: str, exception: str) -> Response:
    error = {"context": None, "message": message, "exceptionName": f"{_EXCEPTIONS}.{exception}"}
    return json_response(status, {"errors": [error]})
