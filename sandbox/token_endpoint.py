"""Bitbucket's token endpoint, with the words of its errors, and one of another OAuth 2.0 server."""

import base64
import binascii
import hmac
from collections.abc import Callable, Collection, Sequence
from typing import Literal
from urllib.parse import unquote_plus

from sandbox.allowance import Allowance
from sandbox.consumers import Consumer
from sandbox.messages import RATE_LIMITED, Request, Response, html_response, json_response, text_response
from sandbox.scopes import highest
from sandbox.tokens import LIFETIME, Tokens

# "may-2026": `scope`, and no refresh token for client credentials.
# "before": `scopes`, `state` and a refresh token.
Era = Literal["may-2026", "before"]

_UNAUTHENTICATED = "Requests must be authenticated using OAuth client credentials"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenEndpoint:
    """`POST /site/oauth2/access_token`.

    Where the status or the error code of an answer was never published, it is what the server's other
    refusals have: 400 and `unauthorized_client`.
    """

    def __init__(
        self, consumers: Sequence[Consumer], tokens: Tokens, era: Era, allowance: Allowance | None = None
    ) -> None:
        self._consumers = consumers
        self._tokens = tokens
        self._allowance = allowance
        self.era: Era = era

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method != "POST":
            return html_response(405, "Method Not Allowed", {"Allow": "POST"})
        if self._allowance is not None and not self._allowance.grant():
            return text_response(429, RATE_LIMITED)
        scheme, credentials = request.authorization
        if scheme not in ("", "basic"):
            return html_response(400, "Bad Request")
        pair = _basic(credentials) if scheme else _body_pair(request)
        if pair is None:
            return _error("unauthorized_client", _UNAUTHENTICATED)
        consumer = _find(self._consumers, *pair)
        if consumer is None:
            return _error("unauthorized_client", "Invalid OAuth client credentials")
        return self._grant(consumer, request.form)

    def _grant(self, consumer: Consumer, form: dict[str, str]) -> Response:
        grant = form.get("grant_type")
        match grant:
            case "client_credentials":
                refusal = _refusal(consumer)
                if refusal is not None:
                    return refusal
            case "refresh_token":
                if not self._tokens.use_refresh_token(form.get("refresh_token", ""), consumer):
                    # The code as it was seen, against RFC 6749 section 5.2 (readthedocs.org issue 2992).
                    return _error("invalid_request", "Invalid refresh_token")
            case "authorization_code":
                code, verifier = form.get("code", ""), form.get("code_verifier")
                if not self._tokens.use_code(code, consumer, form.get("redirect_uri"), verifier):
                    return _error("invalid_grant", "The specified code is not valid.")
            case _:
                return _error("invalid_grant", f"Unsupported grant type: {grant}")
        return self._success(consumer, grant, form.get("refresh_token", ""))

    def _success(self, consumer: Consumer, grant: str, replaced: str) -> Response:
        token = self._tokens.mint(consumer, grant)
        answer: dict[str, object] = {
            "scopes" if self.era == "before" else "scope": " ".join(highest(token.scopes)),
            "access_token": token.value,
            "expires_in": LIFETIME,
            "token_type": "bearer",
        }
        if self.era == "before":
            answer["state"] = grant
        if self.era == "before" or grant != "client_credentials":
            answer["refresh_token"] = self._tokens.mint_refresh_token(consumer, replaced)
        return json_response(200, answer, _NO_STORE)


def rfc_token_endpoint(
    consumers: Sequence[Consumer], tokens: Tokens, *, grants: Collection[str] = ("client_credentials",)
) -> Callable[[Request], Response]:
    """Return the token endpoint of a server true to RFC 6749, form-encoded Basic included."""

    def answer(request: Request) -> Response:
        scheme, credentials = request.authorization
        pair = _basic(credentials) if scheme == "basic" else _body_pair(request)
        if pair is not None and scheme == "basic":
            pair = (unquote_plus(pair[0]), unquote_plus(pair[1]))
        consumer = _find(consumers, *pair) if pair is not None else None
        if consumer is None:
            challenge = {"WWW-Authenticate": 'Basic realm="oauth2"'} if scheme else {}
            return json_response(401, {"error": "invalid_client"}, {**_NO_STORE, **challenge})
        form = request.form
        grant = form.get("grant_type", "")
        if grant not in grants:
            return json_response(400, {"error": "unsupported_grant_type"}, _NO_STORE)
        asked = tuple(form.get("scope", "").split())
        if not set(asked) <= set(consumer.scopes):
            return json_response(400, {"error": "invalid_scope"}, _NO_STORE)
        if not _allowed(tokens, consumer, form):
            return json_response(400, {"error": "invalid_grant"}, _NO_STORE)
        token = tokens.mint(consumer, grant, scopes=asked)
        granted = {"scope": " ".join(token.scopes), "expires_in": LIFETIME, "token_type": "Bearer"}
        if grant != "client_credentials":
            granted["refresh_token"] = tokens.mint_refresh_token(consumer, form.get("refresh_token", ""))
        return json_response(200, {"access_token": token.value, **granted}, _NO_STORE)

    return answer


def _allowed(tokens: Tokens, consumer: Consumer, form: dict[str, str]) -> bool:
    """Whether what was handed in for a token is good."""
    if form["grant_type"] == "refresh_token":
        return tokens.use_refresh_token(form.get("refresh_token", ""), consumer)
    if form["grant_type"] == "authorization_code":
        return tokens.use_code(form.get("code", ""), consumer, form.get("redirect_uri"), form.get("code_verifier"))
    return True


def _refusal(consumer: Consumer) -> Response | None:
    if not consumer.callback_url:
        return _error("invalid_request", "No callback uri defined for the OAuth client.")
    if not consumer.private:
        return _error(
            "unauthorized_client",
            'Cannot use client_credentials with a consumer marked as "public". '
            "Calls for auto generated consumers should use urn:bitbucket:oauth2:jwt instead.",
        )
    return None


def _error(code: str, description: str) -> Response:
    return json_response(400, {"error_description": description, "error": code}, _NO_STORE)


def _basic(credentials: str) -> tuple[str, str] | None:
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def _body_pair(request: Request) -> tuple[str, str] | None:
    form = request.form
    if "client_id" not in form or "client_secret" not in form:
        return None
    return form["client_id"], form["client_secret"]


def _find(consumers: Sequence[Consumer], key: str, secret: str) -> Consumer | None:
    for consumer in consumers:
        if consumer.key == key and hmac.compare_digest(consumer.secret.encode(), secret.encode()):
            return consumer
    return None
