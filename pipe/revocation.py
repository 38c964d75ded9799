"""A token is given back before its lifetime ends (RFC 7009)."""

from collections.abc import Sequence

from pipe.http import Http
from pipe.secret import Secret
from pipe.token_endpoint import Client, client_authentication, failure


def revoke(http: Http, url: str, client: Client, token: Secret, masks: Sequence[str]) -> None:
    """Ask the revocation endpoint at `url` once to make `token` worthless (section 2.1).

    A server that does not know the token says so by nothing (section 2.2): what was wanted is the case. Raises
    `RefusedError`, `AnswerError` or `UnreachableError`, and then the token has to be taken for one that still works.
    """
    headers, credentials = client_authentication(client)
    form = {"token": token.reveal(), "token_type_hint": "access_token", **credentials}
    answer = http.post_form(url, form, headers)
    if not 200 <= answer.status < 300:
        raise failure(answer, client, url, masks)
