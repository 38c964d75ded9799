"""How a client authenticates at the token endpoint (RFC 6749 section 3.2), and what the endpoint's answer means."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus, urlsplit

from pipe.errors import AnswerError, InputError, PipeError, RefusedError
from pipe.http.responses import TRY_AGAIN, Response, in_trouble, json_object, redirected, retry_after
from pipe.oauth.advice import rate_limited, refused
from pipe.oauth.token import AccessToken, parse_token_response
from pipe.redaction.log import show
from pipe.redaction.secret import Secret

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TRY_AGAIN_ERRORS = frozenset({"temporarily_unavailable", "server_error"})


class Client(NamedTuple):
    """The OAuth client: its id (Bitbucket says key), its secret or an assertion for it, and how they are sent."""

    key: str
    secret: Secret
    auth: str
    """`basic-raw`, `basic-encoded`, `body` or `private_key_jwt`."""
    origins: str = ""
    """From where key and secret are: whole sentences for whoever has to find out why the server refuses them."""


def token_in(
    answer: Response, client: Client, url: str, masks: Sequence[str], *, asked: tuple[str, ...]
) -> AccessToken:
    """Return the token in an answer of the token endpoint at `url` to `client`, who `asked` for these scopes.

    `masks` are the texts that no error may repeat. Raises `RefusedError` or `AnswerError` if there is none; their
    `again` says whether another try could help.
    """
    content = json_object(answer.body)
    if 200 <= answer.status < 300 and not _error_code(content):
        if content is None:
            raise _not_json(answer, url)
        return parse_token_response(content, answer.host, asked, datetime.now(UTC))
    raise failure(answer, client, url, masks)


def client_authentication(client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the form fields that authenticate the client (RFC 6749 section 2.3.1).

    One of them is empty: a server may refuse a client that authenticates in two ways.
    """
    key, secret = client.key, client.secret.reveal()
    if client.auth == "body":
        return {}, {"client_id": key, "client_secret": secret}
    if client.auth == "private_key_jwt":
        # RFC 7521 section 4.2 leaves client_id to the client; some servers want it.
        return {}, {"client_id": key, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": secret}
    if client.auth == "basic-encoded":
        key, secret = quote_plus(key), quote_plus(secret)
    elif ":" in key:
        raise InputError(
            "consumer-key holds a colon, which raw Basic authentication cannot carry.",
            "RFC 7617 ends the user name at the first colon.",
            "Check that key and secret are not swapped or joined; or set client-auth to basic-encoded or body.",
        )
    return {"Authorization": "Basic " + b64encode(f"{key}:{secret}".encode()).decode()}, {}


def _error_code(content: Mapping[str, object] | None) -> str:
    """The `error` member of RFC 6749 section 5.2; Bitbucket's API puts an object there, which is an error too."""
    error = (content or {}).get("error")
    if isinstance(error, str):
        return error
    return "error" if error else ""


def _description(content: Mapping[str, object] | None) -> str:
    """What the server says of its error, in the shapes of OAuth and of Bitbucket's API."""
    content = content or {}
    nested = content.get("error")
    for value in (
        content.get("error_description"),
        nested.get("message") if isinstance(nested, dict) else None,
    ):
        if isinstance(value, str):
            return value
    return ""


def failure(answer: Response, client: Client, url: str, masks: Sequence[str]) -> PipeError:
    """Return what an answer of the endpoint at `url` means that does not grant what `client` asked for."""
    content = json_object(answer.body)
    error = _error_code(content)
    said = show(_description(content) or (error if error != "error" else ""), masks)
    if answer.status == 429:
        return rate_limited(answer.host, retry_after(answer))
    if error in TRY_AGAIN_ERRORS or answer.status in TRY_AGAIN or answer.status >= 500:
        return in_trouble(answer, said, again=error in TRY_AGAIN_ERRORS or answer.status in TRY_AGAIN)
    if 300 <= answer.status < 400:
        return redirected(answer, masks)
    if client.auth == "private_key_jwt" and (error == "invalid_client" or (answer.status == 401 and not error)):
        return _with_origins(_assertion_refused(answer, said, url), client)
    if error or answer.status == 401:
        return _with_origins(refused(answer.host, answer.status, error, said), client)
    if answer.status == 403:
        return RefusedError(
            f"{answer.host} forbids the request (HTTP 403) and does not say why in JSON.",
            "A firewall, a proxy or an allow-list of IP addresses stands before the server.",
            "Check whether this runner's address may reach the server.",
        )
    return _not_json(answer, url) if content is None else _odd(answer)


def _with_origins(error: RefusedError, client: Client) -> RefusedError:
    return error.because(f"{error.why} {client.origins}", error.now) if client.origins else error


def _assertion_refused(answer: Response, said: str, url: str) -> RefusedError:
    return RefusedError(
        f"{answer.host} refused (HTTP {answer.status}){f': {said}' if said else ''}.",
        "The server does not know the public key that belongs to private-key, or not by this key-id; or it wants "
        "another audience than its token endpoint's address; or this machine's clock is wrong.",
        f"Compare the client's public key with openssl pkey -in key.pem -pubout, then consumer-key and key-id. The "
        f"assertion was for {url}.",
    )


def _not_json(answer: Response, url: str) -> AnswerError:
    kind = answer.headers.get("Content-Type", "").lower()
    page = "an HTML page" if "html" in kind or answer.body.lstrip()[:1] == b"<" else "something that is no JSON object"
    path = urlsplit(url).path
    return AnswerError(
        f"{answer.host} answered with {page} (HTTP {answer.status}).",
        "The address is not that of a token endpoint, or a login page, proxy or firewall answered in its place.",
        f"Check base-url or token-url (asked was the path {path or '/'}); for Bitbucket Cloud leave both out.",
    )


def _odd(answer: Response) -> AnswerError:
    return AnswerError(
        f"{answer.host} answered with HTTP {answer.status} and no OAuth error.",
        "The address is not that of a token endpoint.",
        "Check base-url or token-url; for Bitbucket Cloud leave both out.",
    )
