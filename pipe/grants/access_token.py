"""A token that is there already: a repository, project or workspace access token, or a person's API token.

It is asked for with one harmless request, so that an expired or mistyped one fails here and not in a later step.
"""

from base64 import b64encode
from datetime import UTC, datetime

from pipe.bitbucket.api import CLOUD_API
from pipe.bitbucket.api_errors import api_failure, granted_scopes, lacks_scope
from pipe.bitbucket.endpoints import is_cloud
from pipe.errors import InputError
from pipe.grants.request import TokenRequest
from pipe.http import Answer
from pipe.inputs import Inputs
from pipe.secret import Secret
from pipe.token import AccessToken

# Needs one scope, `account`. A refusal for that scope alone proves the token as well as an answer does.
_PROBE = "/user?fields=uuid"


def acquire(request: TokenRequest) -> AccessToken:
    """Return the token of the inputs, once Bitbucket Cloud has taken it. Raises `RefusedError` if it does not.

    The kind is an input, and never guessed from the token's look: an API token is sent with its owner's e-mail address
    by Basic authentication, the others as bearer tokens ("Using API tokens", "Access tokens").
    """
    inputs = request.inputs
    inputs.require("access-token")
    if inputs.access_token_kind == "api-token":
        inputs.require("username")
    if not is_cloud(inputs.base_url):
        raise InputError(
            "base-url is not Bitbucket Cloud, which the grant access_token is for.",
            "A Data Center's tokens are checked in another way.",
            "Leave base-url out, or use the grant http_access_token.",
        )
    authorization = _authorization(inputs)
    request.means.say("Asking api.bitbucket.org whether it takes the token.")

    def attempt() -> Answer:
        answer = request.means.http.send("GET", CLOUD_API + _PROBE, headers={"Authorization": authorization.reveal()})
        if answer.status == 200 or lacks_scope(answer):
            return answer
        raise api_failure(answer, request.means.masked())

    answer = request.means.retried(attempt)
    if inputs.access_token_kind == "api-token":
        request.means.say("For git, the user name of an API token is x-bitbucket-api-token-auth.")
    return AccessToken(
        value=inputs.access_token, scopes=granted_scopes(answer), expires_in=None, obtained_at=datetime.now(UTC)
    )


def _authorization(inputs: Inputs) -> Secret:
    token = inputs.access_token.reveal()
    if inputs.access_token_kind == "access-token":
        return Secret(f"Bearer {token}")
    return Secret("Basic " + b64encode(f"{inputs.username}:{token}".encode()).decode())
