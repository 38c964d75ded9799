"""The authorization-code grant (RFC 6749 section 4.1) with PKCE (RFC 7636): a code that a person got in the browser."""

from contextlib import nullcontext

from pipe.grants.oauth import ask, hand_back
from pipe.grants.request import TokenRequest
from pipe.oauth.token import AccessToken


def acquire(request: TokenRequest) -> AccessToken:
    """Exchange the code for a token, and hand the refresh token that comes with it to its store, if there is one.

    A code works once, and for ten minutes at most: after a lost answer, a second try may be refused.
    """
    inputs = request.inputs
    inputs.require("code")
    parameters = {"code": inputs.code.reveal()}
    if inputs.redirect_uri:
        parameters["redirect_uri"] = inputs.redirect_uri
    if inputs.code_verifier:
        parameters["code_verifier"] = inputs.code_verifier.reveal()
    with request.store.locked() if request.store else nullcontext():
        token = ask(request, parameters)
        if request.store:
            hand_back(request, request.store, token)
    if token.refresh_token and not request.store:
        request.means.learn(token.refresh_token)
        request.means.say("A refresh token came too; it is dropped, since refresh-token-store is not set.")
    return token


def uses_up(_request: TokenRequest) -> str:
    """Say why a check must not ask for a token."""
    return "a code works once, and a run still needs it"
