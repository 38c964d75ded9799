"""Who asks an OAuth 2.0 server, and which server that is: as the inputs say it, or as the server describes itself.

A server describes itself in its metadata (RFC 8414), or as OpenID Connect Discovery 1.0 has it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from pipe.errors import AnswerError, InputError
from pipe.http.context import Context
from pipe.http.responses import TRY_AGAIN, Response, in_trouble, json_object, redirected
from pipe.http.retry import with_retries
from pipe.inputs.inputs import Inputs
from pipe.inputs.table import BY_NAME
from pipe.inputs.values import Given, Origin, parse_url
from pipe.oauth.endpoints import Endpoints, is_cloud, token_endpoint
from pipe.oauth.token_endpoint import Client
from pipe.redaction.log import show


def asks_cloud(inputs: Inputs) -> bool:
    """Whether the server is Bitbucket Cloud."""
    return not inputs.issuer and is_cloud(inputs.token_url or inputs.base_url)


def require_client(inputs: Inputs, say: Callable[[str], None]) -> None:
    """Raise `InputError` unless there is all that the client authenticates with, before anything is sent.

    If it comes by an alias, that is said: other programs use such names too.
    """
    if inputs.origins.get("consumer-key", Origin()).source.startswith(BY_NAME["consumer-key"].aliases):
        say(_told(inputs))
    inputs.require("consumer-key")
    if inputs.client_auth != "private_key_jwt":
        inputs.require("consumer-secret")
        return
    inputs.require("private-key")
    from pipe.oauth.client_assertion import client_assertion  # noqa: PLC0415 - most runs have a secret instead

    client_assertion(inputs.consumer_key, inputs.private_key, inputs.key_id, "")


def server_of(inputs: Inputs, context: Context) -> Endpoints:
    """The server's endpoints: as it describes itself if `issuer` names it, else as the other inputs say."""
    if inputs.issuer:
        return discover(inputs.issuer, context)
    return Endpoints(inputs.token_url or token_endpoint(inputs.base_url))


def client_of(inputs: Inputs, context: Context, server: Endpoints) -> Client:
    """The client for one request. An assertion is new each time, and masked before it is used."""
    if inputs.client_auth != "private_key_jwt":
        return Client(inputs.consumer_key, inputs.consumer_secret, _way(inputs), _told(inputs))
    from pipe.oauth.client_assertion import client_assertion  # noqa: PLC0415

    context.say(f"Signing an assertion for {server.token_endpoint}.")
    assertion = client_assertion(inputs.consumer_key, inputs.private_key, inputs.key_id, server.token_endpoint)
    context.mask(assertion)
    return Client(inputs.consumer_key, assertion, inputs.client_auth, _told(inputs))


def _told(inputs: Inputs) -> str:
    """From where the client's credentials are."""
    proof = "private-key" if inputs.client_auth == "private_key_jwt" else "consumer-secret"
    return inputs.told_origins("consumer-key", proof)


def _way(inputs: Inputs) -> str:
    """Return how key and secret are sent: Bitbucket Cloud takes them as they are, RFC 6749 (2.3.1) form-encoded."""
    if inputs.client_auth != "basic":
        return inputs.client_auth
    return "basic-raw" if asks_cloud(inputs) else "basic-encoded"


def discover(issuer: str, context: Context) -> Endpoints:
    """Return the endpoints of the server called `issuer`. Raises `AnswerError` if it gives no description to rely on.

    It is asked before anything secret is sent, and decides where that goes. So the description counts only if it names
    the very issuer that the user named, and leads to no open wire. RFC 8414 comes first. A server that only knows
    OpenID may answer there with 404, a redirect, or a page for people.
    """
    context.say(f"Asking {urlsplit(issuer).netloc} where its token endpoint is.")
    answers = []
    for url in _addresses(issuer):
        answer = with_retries(partial(_ask, url, context), context.retries)
        found = json_object(answer.body) if answer.status == 200 else None
        if found is not None:
            return _endpoints(found, issuer, answer.host, context.masks())
        answers.append(answer)
    raise _no_description(answers, context.masks())


def _addresses(issuer: str) -> tuple[str, str]:
    """RFC 8414 section 3.1 puts its path between host and path, OpenID (section 4) behind both; neither doubles a /."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
        f"{parts.scheme}://{parts.netloc}{path}/.well-known/openid-configuration",
    )


def _ask(url: str, context: Context) -> Response:
    answer = context.http.send("GET", url, headers={})
    if answer.status in TRY_AGAIN:
        raise in_trouble(answer, "", again=True)
    return answer


def _endpoints(found: Mapping[str, object], issuer: str, host: str, masks: tuple[str, ...]) -> Endpoints:
    named = found.get("issuer")
    if named != issuer:
        # RFC 8414 section 3.3: compared character by character, or one server could pass for another.
        says = f"'{show(named, masks)}'" if isinstance(named, str) else "none"
        raise AnswerError(
            f"{host} describes another server: the issuer in its metadata is {says}.",
            "issuer is written in another way than the server writes it, often a slash at the end, or it is misspelt.",
            "Set issuer to exactly what the server's documentation says.",
        )
    return Endpoints(
        token_endpoint=_endpoint(found, "token_endpoint", issuer, host),
        revocation_endpoint=_endpoint(found, "revocation_endpoint", issuer, host, optional=True),
    )


def _endpoint(found: Mapping[str, object], name: str, issuer: str, host: str, *, optional: bool = False) -> str:
    """The URL called `name`, held to the same rules as an input. Only an http issuer, a loopback one, leads to http."""
    value = found.get(name)
    if value is None and optional:
        return ""
    try:
        url = parse_url(name, Given(value if isinstance(value, str) else "", f"the metadata of {host}"))
    except InputError as error:
        raise AnswerError(error.what, "The server's metadata is faulty.", _NAME_THE_ENDPOINT) from error
    if issuer.startswith("https:") and not url.startswith("https:"):
        raise AnswerError(
            f"{name} (from the metadata of {host}) is not https.",
            "The server believes that it is reached without TLS: a proxy before it says nothing of https.",
            _NAME_THE_ENDPOINT,
        )
    return url


_NAME_THE_ENDPOINT = "Have the server's metadata corrected; or set token-url instead of issuer."


def _no_description(answers: list[Response], masks: tuple[str, ...]) -> AnswerError:
    last = answers[-1]
    if 300 <= last.status < 400:
        return redirected(last, masks)
    statuses = " and ".join(f"HTTP {answer.status}" for answer in answers)
    return AnswerError(
        f"{last.host} does not describe itself: it answers with {statuses}, and with no JSON object.",
        "issuer is not the address of an OAuth 2.0 server, a part of its path is missing, or the server knows neither "
        "RFC 8414 nor OpenID Connect Discovery.",
        "Check issuer against the server's documentation; or set token-url instead.",
    )
