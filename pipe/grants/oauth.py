"""What the grants of RFC 6749 share: which token endpoint is asked, as which client, and what becomes of its answer."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from pipe.errors import ExportError, PipeError
from pipe.export.stores.store import LOST, Store
from pipe.http.context import Context
from pipe.http.retry import with_retries
from pipe.inputs.inputs import Inputs
from pipe.oauth.client import client_of, require_client, server_of
from pipe.oauth.token import AccessToken
from pipe.oauth.token_endpoint import client_authentication, token_in

_NONE: Mapping[str, str] = MappingProxyType({})


def ask(inputs: Inputs, context: Context, parameters: Mapping[str, str] = _NONE) -> AccessToken:
    """Send a grant's `parameters` to the token endpoint of the inputs, as their client; try again where that helps."""
    require_client(inputs, context.say)
    server = server_of(inputs, context)
    form = {"grant_type": inputs.grant, **parameters}
    # RFC 6749 section 3.3, no standard, RFC 8707 section 2
    wanted = {"scope": " ".join(inputs.scope), "audience": inputs.audience, "resource": inputs.resource}
    form |= {name: value for name, value in wanted.items() if value}
    context.say(f"Asking {urlsplit(server.token_endpoint).netloc} for a token ({inputs.grant}).")

    def attempt() -> AccessToken:
        client = client_of(inputs, context, server)
        headers, credentials = client_authentication(client)
        answer = context.http.send("POST", server.token_endpoint, headers=headers, form={**form, **credentials})
        return token_in(answer, client, server.token_endpoint, context.masks(), asked=inputs.scope)

    return with_retries(attempt, context.retries)


def hand_back(context: Context, store: Store, token: AccessToken) -> None:
    """Mask the refresh token that came with `token`, and put it into `store`.

    An interrupt waits for that. Raises `ExportError` if it is not kept; if the deadline ends the run meanwhile, the
    user is told what that means.
    """
    if token.refresh_token is None:
        context.say(f"No refresh token came; {store.place} stays as it is.")
        return
    context.mask(token.refresh_token)
    context.mask(token.value)
    with context.uninterrupted():
        try:
            store.keep(token.refresh_token, token.value)
        except PipeError as error:
            raise ExportError(
                f"The new refresh token could not be stored in {store.place}: {error.what}",
                error.why,
                f"{error.now} {LOST}",
            ) from error
        except BaseException:
            context.say(f"The new refresh token may not have reached {store.place}. {LOST}")
            raise
        context.say(f"Stored the new refresh token in {store.place}.")
