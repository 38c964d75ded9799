"""A token that nobody needs any more is given back, where the server takes it.

The server takes it by RFC 7009 for OAuth 2.0, and by the deletion of an HTTP access token at a Data Center.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from pipe import grants
from pipe.errors import PipeError
from pipe.http.client import Http
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.http.retry import with_retries
from pipe.inputs.inputs import Inputs
from pipe.oauth.client import asks_cloud, client_of, require_client, server_of
from pipe.oauth.token import AccessToken
from pipe.oauth.token_endpoint import Client, client_authentication, failure
from pipe.redaction.secret import Secret

TOKEN = "token"
NAME = "token_name"
ENDS = "expires_at"
"""The names under which a CI system keeps them."""


def taken_back_by(inputs: Inputs) -> str:
    """The server that may take back the token which the run itself gets; empty if there is none."""
    if grants.called(inputs.grant).delete is not None:
        return inputs.base_url
    return (inputs.revocation_url or inputs.issuer) if grants.called(inputs.grant).makes_tokens else ""


def to_save(inputs: Inputs, token: AccessToken) -> dict[str, str | Secret]:
    """What to save: the name under which the server lists the token, or else the token; and its end."""
    if not inputs.revoke or not taken_back_by(inputs):
        return {}
    kept: dict[str, str | Secret] = {NAME: token.name} if token.name else {TOKEN: token.value}
    return {**kept, ENDS: token.expires_at}


class HeldToken(NamedTuple):
    """The token that is to be given back, as far as it is known here, and its end as it was told."""

    token: Secret
    end: str = ""

    def works_until(self) -> str:
        """Return in words when the token ends."""
        return self.end or "its lifetime ends"

    def has_ended(self) -> bool:
        """Whether its end is known, and is past."""
        return bool(self.end) and datetime.fromisoformat(self.end) <= datetime.now(UTC)


def give_back(inputs: Inputs, context: Context, held: HeldToken) -> bool:
    """Give the token back, and say so; return whether there is a way to, as far as is known.

    Raises a `PipeError` if the inputs lack something, or the server does not do it.
    """
    if held.has_ended():
        context.say(f"Nothing to revoke: the token has ended by itself, at {held.end}.")
        return True
    if (delete := grants.called(inputs.grant).delete) is not None:
        context.say(_deleted(inputs, *delete(inputs, context)))
        return True
    if asks_cloud(inputs) and not inputs.revocation_url:
        context.say(f"Bitbucket Cloud has no way to revoke a token: this one works until {held.works_until()}.")
        return True
    require_client(inputs, context.say)
    return _revoke(inputs, context, held.token)


def give_back_unused(inputs: Inputs, context: Context, token: AccessToken) -> None:
    """Give back `token`, which no later step gets, if the server takes it. What goes wrong with that is a warning."""
    if not inputs.revoke or not taken_back_by(inputs):
        return
    inputs = inputs._replace(token_name=token.name or inputs.token_name)
    held = HeldToken(token.value, token.expires_at)
    try:
        if not give_back(inputs, context, held):
            context.say(no_way_to_revoke(held))
    except PipeError as error:
        context.warn(not_given_back(inputs, held, error))


def no_way_to_revoke(held: HeldToken) -> str:
    """Return what to say if `give_back` knows no way."""
    return f"The token is not revoked, and works until {held.works_until()}: no revocation-url is known."


def not_given_back(inputs: Inputs, held: HeldToken, error: PipeError) -> str:
    """Return what to say if `give_back` has failed."""
    named = f" called {inputs.token_name}" if inputs.token_name else ""
    done = "revoked" if grants.called(inputs.grant).delete is None else "deleted"
    return f"The token{named} is not {done}, and works until {held.works_until()}: {error.what}"


def _deleted(inputs: Inputs, name: str, count: int) -> str:
    """What to say of the tokens of a name, of which this job has created one."""
    if count:
        return f"Deleted the token called {name}."
    if inputs.token_name:
        return f"There is no token called {name} any more."
    return f"There is no token called {name}. If another step made it, give both steps the same token-name."


def _revoke(inputs: Inputs, context: Context, token: Secret) -> bool:
    """Return whether the server says where it revokes tokens, and then has done so."""
    server = server_of(inputs, context)
    url = inputs.revocation_url or server.revocation_endpoint
    if not url:
        return False
    host = urlsplit(url).netloc
    context.say(f"Asking {host} to revoke the token.")
    worked = with_retries(
        lambda: revoke(context.http, url, client_of(inputs, context, server), token, context.masks()), context.retries
    )
    context.say(f"{host} has revoked the token." if worked else f"{host} says that the token has ended already.")
    return True


_INVALID = re.compile(r'\berror="?invalid_token\b')


def revoke(http: Http, url: str, client: Client, token: Secret, masks: Sequence[str]) -> bool:
    """Ask the revocation endpoint at `url` once to make `token` worthless (section 2.1).

    A server that does not know the token says so by nothing (section 2.2): what was wanted is the case. It is too if
    the server says, against that section, that the token is not valid: then this returns False. Raises `RefusedError`,
    `AnswerError` or `UnreachableError`, and then the token has to be taken for one that still works.
    """
    headers, credentials = client_authentication(client)
    form = {"token": token.reveal(), "token_type_hint": "access_token", **credentials}
    answer = http.send("POST", url, headers=headers, form=form)
    if 200 <= answer.status < 300:
        return True
    if answer.status in (400, 401) and _says_invalid(answer):
        return False
    raise failure(answer, client, url, masks)


def _says_invalid(answer: Response) -> bool:
    """Whether the answer names the error of an expired or revoked token (RFC 6750 section 3.1).

    Only by that name: a 401 without it may as well be for the client, whose token then still works.
    """
    named = (json_object(answer.body) or {}).get("error") == "invalid_token"
    return named or _INVALID.search(answer.headers.get("WWW-Authenticate", "")) is not None
