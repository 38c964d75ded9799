"""The authorization-code grant (RFC 6749 section 4.1) with PKCE (RFC 7636): a code that a person got in the browser."""

from contextlib import nullcontext

from pipe.export.stores import store_of
from pipe.grants import Grant
from pipe.grants.oauth import ask, hand_back
from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.oauth.token import AccessToken


def acquire(inputs: Inputs, context: Context) -> AccessToken:
    """Exchange the code for a token, and hand the refresh token that comes with it to its store, if there is one.

    A code works once, and for ten minutes at most: after a lost answer, a second try may be refused.
    """
    store = store_of(inputs.refresh_token_store, context)
    inputs.require("code")
    parameters = {"code": inputs.code.reveal()}
    if inputs.redirect_uri:
        parameters["redirect_uri"] = inputs.redirect_uri
    if inputs.code_verifier:
        parameters["code_verifier"] = inputs.code_verifier.reveal()
    with store.locked() if store else nullcontext():
        token = ask(inputs, context, parameters)
        if store:
            hand_back(context, store, token)
    if token.refresh_token and not store:
        context.mask(token.refresh_token)
        context.say("A refresh token came too; it is dropped, since refresh-token-store is not set.")
    return token


def uses_up(_inputs: Inputs) -> str:
    """Say why a check must not ask for a token."""
    return "a code works once, and a run still needs it"


GRANT = Grant(acquire=acquire, uses_up=uses_up)
