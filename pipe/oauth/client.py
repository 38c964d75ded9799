"""Who asks an OAuth 2.0 server, and which server that is, as the inputs say it."""

from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.oauth.endpoints import Server, is_cloud, token_endpoint
from pipe.oauth.token_endpoint import Client


def asks_cloud(inputs: Inputs) -> bool:
    """Whether the server is Bitbucket Cloud."""
    return not inputs.issuer and is_cloud(inputs.token_url or inputs.base_url)


def require_client(inputs: Inputs) -> None:
    """Raise `InputError` unless there is all that the client authenticates with, before anything is sent."""
    inputs.require("consumer-key")
    if inputs.client_auth != "private_key_jwt":
        inputs.require("consumer-secret")
        return
    inputs.require("private-key")
    from pipe.oauth.client_assertion import client_assertion  # noqa: PLC0415 - most runs have a secret instead

    client_assertion(inputs.consumer_key, inputs.private_key, inputs.key_id, "")


def server_of(inputs: Inputs, context: Context) -> Server:
    """The server's endpoints: as it describes itself if `issuer` names it, else as the other inputs say."""
    if inputs.issuer:
        from pipe.oauth.discovery import discover  # noqa: PLC0415 - most runs know the address

        return discover(inputs.issuer, context)
    return Server(inputs.token_url or token_endpoint(inputs.base_url))


def client_of(inputs: Inputs, context: Context, server: Server) -> Client:
    """The client for one request. An assertion is new each time, and masked before it is used."""
    if inputs.client_auth != "private_key_jwt":
        return Client(inputs.consumer_key, inputs.consumer_secret, _way(inputs))
    from pipe.oauth.client_assertion import client_assertion  # noqa: PLC0415

    context.say(f"Signing an assertion for {server.token_endpoint}.")
    assertion = client_assertion(inputs.consumer_key, inputs.private_key, inputs.key_id, server.token_endpoint)
    context.mask(assertion)
    return Client(inputs.consumer_key, assertion, inputs.client_auth)


def _way(inputs: Inputs) -> str:
    """Bitbucket Cloud compares key and secret as they are; RFC 6749 section 2.3.1 has them form-encoded first."""
    if inputs.client_auth != "basic":
        return inputs.client_auth
    return "basic-raw" if asks_cloud(inputs) else "basic-encoded"
