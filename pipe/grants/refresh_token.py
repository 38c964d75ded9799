"""The refresh-token grant (RFC 6749 section 6): a token from one that a person has once allowed.

Bitbucket Cloud rotates refresh tokens since May 2026: each use brings a new one, the old one works for about ten
minutes more, and one that nobody uses ends after three months (git-credential-manager, pull request 2433).
"""

from contextlib import nullcontext

from pipe.bitbucket.endpoints import is_cloud
from pipe.errors import ExportError, InputError
from pipe.grants.oauth import ask
from pipe.grants.request import TokenRequest
from pipe.stores.store import Store
from pipe.token import AccessToken


def acquire(request: TokenRequest) -> AccessToken:
    """Get a token, and hand a new refresh token to its store before anything else is done.

    The store is locked meanwhile where it can be, and what it holds is newer than the input: two runs at once use one
    refresh token after the other. Raises `ExportError` if a new one cannot be stored.
    """
    inputs, store = request.inputs, request.store
    if store is None and is_cloud(inputs.token_url or inputs.base_url):
        raise InputError(
            "refresh-token-store is missing.",
            "Bitbucket Cloud replaces a refresh token at each use, and the next run needs the new one.",
            "Set refresh-token-store, for instance to repository:WORKSPACE/REPOSITORY/NAME.",
        )
    with store.locked() if store else nullcontext():
        current = (store.newest() if store else None) or inputs.refresh_token
        if not current:
            inputs.require("refresh-token")
        request.means.learn(current)
        token = ask(request, {"refresh_token": current.reveal()})
        if token.refresh_token and token.refresh_token != current:
            hand_back(request, _required(store), token)
    return token


def hand_back(request: TokenRequest, store: Store, token: AccessToken) -> None:
    """Mask the refresh token that came with `token`, and put it into `store`."""
    if token.refresh_token:
        request.means.learn(token.refresh_token)
        request.means.learn(token.value)
        store.keep(token.refresh_token, token.value)
        request.means.say(f"Stored the new refresh token in {store.place}.")


def _required(store: Store | None) -> Store:
    if store is None:
        raise ExportError(
            "The server replaced the refresh token, and there is no place for the new one.",
            "refresh-token-store is not set, and this server rotates refresh tokens.",
            "Set refresh-token-store, and get a new refresh token (bitbucket-token login); the old one may be used up.",
        )
    return store
