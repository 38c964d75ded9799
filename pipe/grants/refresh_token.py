"""The refresh-token grant (RFC 6749 section 6): a token from one that a person has once allowed.

Bitbucket Cloud rotates refresh tokens since May 2026: each use brings a new one, the old one works for about ten
minutes more, and one that nobody uses ends after three months (git-credential-manager, pull request 2433). So a second
try after a lost answer succeeds there. A server without such a grace refuses it, and a person has to log in again.
"""

from contextlib import nullcontext

from pipe.errors import ExportError, InputError, RefusedError
from pipe.export.stores import store_of
from pipe.export.stores.store import Store
from pipe.grants import Grant
from pipe.grants.oauth import ask, hand_back
from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.oauth.client import asks_cloud
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import Secret


def acquire(inputs: Inputs, context: Context) -> AccessToken:
    """Get a token, and hand a new refresh token to its store before anything else is done.

    The store is locked meanwhile where it can be, and what it holds is newer than the input: two runs at once use one
    refresh token after the other. Raises `ExportError` if a new one cannot be stored.
    """
    store = store_of(inputs.refresh_token_store, context)
    if store is None and asks_cloud(inputs):
        raise InputError(
            "refresh-token-store is missing.",
            "Bitbucket Cloud replaces a refresh token at each use, and the next run needs the new one.",
            "Set refresh-token-store, for instance to repository:WORKSPACE/REPOSITORY/NAME.",
        )
    with store.locked() if store else nullcontext():
        stored = store.newest() if store else None
        if not stored:
            inputs.require("refresh-token")
        current = stored or inputs.refresh_token
        context.mask(current)
        try:
            token = ask(inputs, context, {"refresh_token": current.reveal()})
        except RefusedError as error:
            if store and stored and stored != inputs.refresh_token:
                raise _of_the_store(error, store) from error
            raise
        if _is_new(token, current):
            hand_back(context, _required(store), token)
    return token


def uses_up(inputs: Inputs) -> str:
    """Say why a check must not ask for a token, if nothing would keep the next refresh token."""
    if inputs.refresh_token_store:
        return ""
    return "the server may replace the refresh token, and refresh-token-store is not set"


def _is_new(token: AccessToken, current: Secret) -> bool:
    return token.refresh_token is not None and token.refresh_token != current


def _of_the_store(error: RefusedError, store: Store) -> RefusedError:
    """Say that the token came from the store, since otherwise a user would renew the input in vain."""
    return RefusedError(
        error.what,
        f"{error.why} The refresh token came from {store.place}, not from the input refresh-token.",
        f"{error.now} To start over, remove {store.place} and set refresh-token anew.",
    )


def _required(store: Store | None) -> Store:
    if store is None:
        raise ExportError(
            "The server replaced the refresh token, and there is no place for the new one.",
            "refresh-token-store is not set, and this server rotates refresh tokens.",
            "Set refresh-token-store, and get a new refresh token with bitbucket-token login: the old one may be used "
            "up.",
        )
    return store


GRANT = Grant(acquire=acquire, uses_up=uses_up)
