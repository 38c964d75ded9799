"""A token that is there already: a repository, project or workspace access token, or a person's API token.

It is tried with one harmless request, so that an expired or mistyped one fails here and not in a later step. Its kind
is an input, and never guessed from its look or length.
"""

from datetime import UTC, datetime
from urllib.parse import quote

from pipe.bitbucket.cloud import CLOUD_API
from pipe.bitbucket.cloud_errors import NEEDS_REPOSITORY, api_failure, granted_scopes, lacks_scope, refuses_kind
from pipe.bitbucket.verify import answer_to
from pipe.errors import InputError, PipeError, RefusedError, UnfitTokenError
from pipe.grants import Grant
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.inputs.inputs import Inputs
from pipe.oauth.endpoints import is_cloud
from pipe.oauth.token import AccessToken, check_bearer

# The user name that git sends with a person's API token ("Using API tokens"); with all others it is x-token-auth.
_GIT_USER = "x-bitbucket-api-token-auth"


def acquire(inputs: Inputs, context: Context) -> AccessToken:
    """Return the token of the inputs, once Bitbucket Cloud has taken it. Raises `RefusedError` if it does not.

    An API token is sent with its owner's e-mail address by Basic authentication, all others as bearer tokens.
    """
    _check(inputs)
    token = AccessToken(inputs.access_token, scopes=None, expires_in=None, obtained_at=datetime.now(UTC))
    if inputs.access_token_kind == "api-token":
        token = token._replace(api_user=inputs.username, git_user=_GIT_USER)
    path = _resource(inputs)
    context.say(f"Asking api.bitbucket.org whether it takes the token (GET {path.partition('?')[0]}).")

    def failure_of(answer: Response) -> PipeError | None:
        # A refusal for a missing scope alone proves the token as well as an answer does; a page of a proxy does not.
        proven = lacks_scope(answer) or (answer.status == 200 and json_object(answer.body))
        if proven or (refuses_kind(answer) and not inputs.repository):
            return None
        return _explained(api_failure(answer, context.masks()), inputs)

    answer = answer_to(token, CLOUD_API + path, context, failure_of, doubts=False)
    scopes = granted_scopes(answer)
    if refuses_kind(answer):
        _tell_what_is_needed(answer, inputs, context, scopes)
    if token.api_user:
        context.say(f"For git, the user name of an API token is {_GIT_USER}.")
    return token._replace(scopes=scopes)


def _tell_what_is_needed(answer: Response, inputs: Inputs, context: Context, scopes: tuple[str, ...] | None) -> None:
    """Say that the token is good, and how to have more tried. Raises `UnfitTokenError` if more was asked for."""
    what = f"{answer.host} takes the token, but tells none of its kind whose it is (HTTP {answer.status})"
    if inputs.required_scopes and scopes is None:
        raise UnfitTokenError(
            f"{what}, nor what it may do.",
            "The access tokens of a repository, project or workspace may not ask that. It is a good token, whose "
            "scopes are not known, so they cannot be held to required-scopes.",
            "Set repository to WORKSPACE/REPOSITORY, one that the token can read: that answer names its scopes.",
        )
    context.say(f"{what}; {NEEDS_REPOSITORY}.")


def _check(inputs: Inputs) -> None:
    inputs.require("access-token")
    if inputs.access_token_kind == "api-token":
        inputs.require("username")
    if ":" in inputs.username:
        raise InputError(
            "username holds a colon, which Basic authentication cannot carry.",
            "RFC 7617 ends the user name at the first colon.",
            "Give the owner's e-mail address alone, and the token as access-token.",
        )
    check_bearer("access-token", inputs.access_token)
    if not is_cloud(inputs.base_url):
        raise InputError(
            "base-url is not Bitbucket Cloud, which the grant access_token is for.",
            "A Data Center's tokens are checked in another way.",
            "Leave base-url out for Bitbucket Cloud.",
        )


def _resource(inputs: Inputs) -> str:
    """What is asked for: the repository that the inputs name, or whoever the token belongs to (scope `account`)."""
    if not inputs.repository:
        return "/user?fields=uuid"
    workspace, slash, name = inputs.repository.partition("/")
    if not slash or "/" in name or not (workspace.strip(" .") and name.strip(" .")):
        raise InputError(
            "repository is not of the form WORKSPACE/REPOSITORY.",
            "A part is missing, or it is an address.",
            "Write it as in the repository's address: https://bitbucket.org/WORKSPACE/REPOSITORY",
        )
    return f"/repositories/{quote(workspace, safe='')}/{quote(name, safe='')}?fields=uuid"


def _explained(error: PipeError, inputs: Inputs) -> PipeError:
    """Return `error` with advice for an access token, which belongs to no person and may not ask who it is."""
    if isinstance(error, RefusedError) and "not supported" in error.what and not inputs.repository:
        return RefusedError(
            error.what,
            f"{error.why} Without repository, it was tried on the resource /user, which is not for every token.",
            f"Set repository to WORKSPACE/REPOSITORY, one that the token can read. {error.now}",
        )
    if isinstance(error, RefusedError):
        return error.because(f"{error.why} {inputs.told_origins('access-token')}", error.now)
    return error


GRANT = Grant(acquire=acquire, makes_tokens=False)
