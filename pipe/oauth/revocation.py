"""A token is given back before its lifetime ends (RFC 7009)."""

import re
from collections.abc import Sequence

from pipe.http.answers import json_object
from pipe.http.client import Answer, Http
from pipe.oauth.token_endpoint import Client, client_authentication, failure
from pipe.redaction.secret import Secret

_INVALID = re.compile(r'\berror="?invalid_token\b')


def revoke(http: Http, url: str, client: Client, token: Secret, masks: Sequence[str]) -> bool:
    """Ask the revocation endpoint at `url` once to make `token` worthless (section 2.1).

    A server that does not know the token says so by nothing (section 2.2): what was wanted is the case. It is too if
    the server says, against that section, that the token is not valid: then this returns False. Raises `RefusedError`,
    `AnswerError` or `UnreachableError`, and then the token has to be taken for one that still works.
    """
    headers, credentials = client_authentication(client)
    form = {"token": token.reveal(), "token_type_hint": "access_token", **credentials}
    answer = http.post_form(url, form, headers)
    if 200 <= answer.status < 300:
        return True
    if answer.status in (400, 401) and _says_invalid(answer):
        return False
    raise failure(answer, client, url, masks)


def _says_invalid(answer: Answer) -> bool:
    """Whether the answer names the error of an expired or revoked token (RFC 6750 section 3.1).

    Only by that name: a 401 without it may as well be for the client, whose token then still works.
    """
    named = (json_object(answer.body) or {}).get("error") == "invalid_token"
    return named or _INVALID.search(answer.headers.get("WWW-Authenticate", "")) is not None
