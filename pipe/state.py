"""What a run saves for the end of its job: enough to give the token back, and nothing where that cannot be done."""

from pipe.grants import makes_tokens, taking_back
from pipe.inputs import Inputs
from pipe.secret import Secret
from pipe.token import AccessToken

TOKEN = "token"
NAME = "token_name"
ENDS = "expires_at"
"""The names under which a CI system keeps them."""


def taken_back_by(inputs: Inputs) -> str:
    """The server that may take back the token which the run itself gets; empty if there is none."""
    if taking_back(inputs.grant) is not None:
        return inputs.base_url
    return (inputs.revocation_url or inputs.issuer) if makes_tokens(inputs.grant) else ""


def to_save(inputs: Inputs, token: AccessToken) -> dict[str, str | Secret]:
    """What to save: the name under which the server lists the token, or else the token; and its end."""
    if not inputs.revoke or not taken_back_by(inputs):
        return {}
    kept: dict[str, str | Secret] = {NAME: token.name} if token.name else {TOKEN: token.value}
    return {**kept, ENDS: token.expires_at}
