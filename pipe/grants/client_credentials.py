"""The client-credentials grant (RFC 6749 section 4.4): the consumer's own key and secret, no user involved."""

from pipe.grants.oauth import ask
from pipe.grants.request import TokenRequest
from pipe.oauth.token import AccessToken


def acquire(request: TokenRequest) -> AccessToken:
    """Get a token, trying again where that can help. Wrong credentials are tried once.

    Since 4 May 2026 Bitbucket Cloud issues no refresh token for this grant; before, it did, and it is ignored.
    """
    return ask(request, {})
