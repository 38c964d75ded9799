"""What a run saves for the end of its job: enough to give the token back, and nothing where that cannot be done."""

from pipe.grants import makes_tokens, taking_back
from pipe.inputs import Inputs
from pipe.secret import Secret
from pipe.token import AccessToken

TOKEN = "token"
NAME = "token_name"
ENDS = "expires_at"
"""The names under which a CI system keeps them."""


def can_be_given_back(inputs: Inputs) -> bool:
    """Whether the token is one that the run itself has got, from a server that may take it back."""
    if taking_back(inputs.grant) is not None:
        return True
    return makes_tokens(inputs.grant) and bool(inputs.revocation_url or inputs.issuer)


def to_save(inputs: Inputs, token: AccessToken) -> dict[str, str | Secret]:
    """What to save: the name under which the server lists the token, or else the token; and its end."""
    if not inputs.revoke or not can_be_given_back(inputs):
        return {}
    kept: dict[str, str | Secret] = {NAME: token.name} if token.name else {TOKEN: token.value}
    return {**kept, ENDS: token.expires_at}
