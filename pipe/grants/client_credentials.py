"""The client-credentials grant (RFC 6749 section 4.4): the consumer's own key and secret, no user involved."""

from urllib.parse import urlsplit

from pipe.bitbucket.endpoints import is_cloud, token_endpoint
from pipe.grants.request import TokenRequest
from pipe.inputs import Inputs
from pipe.token import AccessToken
from pipe.token_endpoint import Client, request_token


def acquire(request: TokenRequest) -> AccessToken:
    """Get a token, trying again where that can help. Wrong credentials are tried once.

    Since 4 May 2026 Bitbucket Cloud issues no refresh token for this grant; before, it did, and it is ignored.
    """
    inputs = request.inputs
    inputs.require("consumer-key")
    inputs.require("consumer-secret")
    url = inputs.token_url or token_endpoint(inputs.base_url)
    client = Client(inputs.consumer_key, inputs.consumer_secret, _client_auth(inputs))
    form = {"grant_type": "client_credentials"}
    if inputs.scope:
        form["scope"] = " ".join(inputs.scope)
    request.say(f"Asking {urlsplit(url).netloc} for a token (client_credentials).")
    return request.retried(lambda: request_token(request.http, url, client, form, request.masks, asked=inputs.scope))


def _client_auth(inputs: Inputs) -> str:
    """Bitbucket Cloud compares key and secret as they are; RFC 6749 section 2.3.1 has them form-encoded first."""
    if inputs.client_auth != "basic":
        return inputs.client_auth
    cloud = not inputs.token_url and is_cloud(inputs.base_url)
    return "basic-raw" if cloud or is_cloud(inputs.token_url) else "basic-encoded"
