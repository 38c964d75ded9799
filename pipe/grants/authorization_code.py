"""The authorization-code grant (RFC 6749 section 4.1) with PKCE (RFC 7636): a code that a person got in the browser."""

from pipe.grants.oauth import ask
from pipe.grants.refresh_token import hand_back
from pipe.grants.request import TokenRequest
from pipe.token import AccessToken


def acquire(request: TokenRequest) -> AccessToken:
    """Exchange the code for a token, and hand the refresh token that comes with it to its store, if there is one.

    A code works once, and for ten minutes at most: a try after a lost answer may be refused, and says so.
    """
    inputs = request.inputs
    inputs.require("code")
    parameters = {"code": inputs.code.reveal()}
    if inputs.redirect_uri:
        parameters["redirect_uri"] = inputs.redirect_uri
    if inputs.code_verifier:
        parameters["code_verifier"] = inputs.code_verifier.reveal()
    token = ask(request, parameters)
    if request.store:
        hand_back(request, request.store, token)
    elif token.refresh_token:
        request.means.say(
            "The server also handed out a refresh token; it is dropped, since refresh-token-store is not set."
        )
    return token
