"""What the grants of RFC 6749 share: which token endpoint is asked, as which client, and what becomes of its answer."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pipe.bitbucket.endpoints import is_cloud, token_endpoint
from pipe.errors import ExportError, PipeError
from pipe.grants.request import TokenRequest
from pipe.inputs import Inputs
from pipe.stores.store import LOST, Store
from pipe.token import AccessToken
from pipe.token_endpoint import Client, request_token


def ask(request: TokenRequest, parameters: Mapping[str, str]) -> AccessToken:
    """Send `parameters` to the token endpoint of the inputs, as their client; try again where that can help."""
    inputs = request.inputs
    inputs.require("consumer-key")
    inputs.require("consumer-secret")
    url = inputs.token_url or token_endpoint(inputs.base_url)
    client = Client(inputs.consumer_key, inputs.consumer_secret, _client_auth(inputs))
    form = {"grant_type": inputs.grant, **parameters}
    if inputs.scope:
        form["scope"] = " ".join(inputs.scope)
    request.means.say(f"Asking {urlsplit(url).netloc} for a token ({inputs.grant}).")
    return request.means.retried(
        lambda: request_token(request.means.http, url, client, form, request.means.masked(), asked=inputs.scope)
    )


def hand_back(request: TokenRequest, store: Store, token: AccessToken) -> None:
    """Mask the refresh token that came with `token`, and put it into `store`.

    Raises `ExportError` if it is not kept; whatever else ends the run meanwhile, the user is told what that means.
    """
    if token.refresh_token is None:
        request.means.say(f"No refresh token came; {store.place} stays as it is.")
        return
    request.means.learn(token.refresh_token)
    request.means.learn(token.value)
    try:
        store.keep(token.refresh_token, token.value)
    except PipeError as error:
        raise ExportError(
            f"The new refresh token could not be stored in {store.place}: {error.what}",
            error.why,
            f"{error.now} {LOST}",
        ) from error
    except BaseException:
        request.means.say(f"The new refresh token may not have reached {store.place}. {LOST}")
        raise
    request.means.say(f"Stored the new refresh token in {store.place}.")


def _client_auth(inputs: Inputs) -> str:
    """Bitbucket Cloud compares key and secret as they are; RFC 6749 section 2.3.1 has them form-encoded first."""
    if inputs.client_auth != "basic":
        return inputs.client_auth
    return "basic-raw" if is_cloud(inputs.token_url or inputs.base_url) else "basic-encoded"
