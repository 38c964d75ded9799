"""The REST API's refusals, in the words Bitbucket was seen to use."""

from collections.abc import Sequence

from sandbox.messages import Response, json_response, text_response

_NO_API = (
    "There is no API hosted at this URL.\n\n"
    "For information about our API's, please refer to the documentation at: "
    "https://developer.atlassian.com/bitbucket/api/2/reference/"
)


def invalid_token() -> Response:
    """No token, an unknown one, or one that did not come in an Authorization header."""
    challenge = {"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'}
    return _error(401, {"message": "Token is invalid, expired, or not supported for this endpoint."}, challenge)


def wrong_kind() -> Response:
    """A good token of a kind that this resource is not for. It was seen with 401 as well."""
    return _error(403, {"message": "This API is not accessible by this authentication mechanism"})


def expired_token() -> Response:
    """A token whose time is over."""
    return _error(401, {"message": "Access token expired."})


def failed_login() -> Response:
    """Basic authentication with a wrong e-mail address or API token."""
    text = "Login failed due to incorrect login credentials or method.\nFor information on authentication methods ..."
    return text_response(401, text, {"WWW-Authenticate": "BitbucketCustom realm=Bitbucket.org HTTP"})


def missing_scope(required: str, granted: Sequence[str]) -> Response:
    """A good token that may not do this."""
    message = "Your credentials lack one or more required privilege scopes."
    return _error(403, {"message": message, "detail": {"required": [required], "granted": list(granted)}})


def not_found(name: str) -> Response:
    """No such repository, or none that this token may see."""
    return _error(404, {"message": f"Repository {name} not found"})


def no_api() -> Response:
    """Nothing at that address."""
    return _error(404, {"message": "Resource not found", "detail": _NO_API})


def gone() -> Response:
    """Removed with CHANGE-2770."""
    data = {"announcement_url": "https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770"}
    error = {
        "message": "CHANGE-2770 - Functionality has been deprecated",
        "detail": "Please read the changelog entry for more details.",
        "data": data,
    }
    return json_response(410, {"type": "error", "error": error, "data": data})


def bad_fields(names: Sequence[str]) -> Response:
    """A body without what it needs."""
    fields = {name: ["This field is required."] for name in names}
    return _error(400, {"message": "Bad request", "fields": fields})


def bad_page() -> Response:
    """A page that cannot be."""
    return _error(400, {"message": "Invalid page"})


def bad_page_length() -> Response:
    """A page length that cannot be, or not here (jenkinsci/bitbucket-branch-source-plugin PR 1182)."""
    return _error(400, {"message": "Invalid pagelen"})


def conflict() -> Response:
    """It exists already."""
    return _error(409, {"message": "A variable with this key already exists"})


def _error(status: int, error: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return json_response(status, {"type": "error", "error": error}, headers)
