"""The client-credentials grant (RFC 6749 section 4.4): the consumer's own key and secret, no user involved."""

from pipe.grants import Grant
from pipe.grants.oauth import ask
from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.oauth.token import AccessToken


def acquire(inputs: Inputs, context: Context) -> AccessToken:
    """Get a token, trying again where that can help. Wrong credentials are tried once.

    Since 4 May 2026 Bitbucket Cloud issues no refresh token for this grant; before, it did, and it is ignored.
    """
    return ask(inputs, context, {})


GRANT = Grant(acquire=acquire)
