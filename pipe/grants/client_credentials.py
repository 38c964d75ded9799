"""The client-credentials grant (RFC 6749 section 4.4): the consumer's own key and secret, no user involved.

Wrong credentials are tried once. Since 4 May 2026 Bitbucket Cloud issues no refresh token for this grant; before, it
did, and it is ignored.
"""

from pipe.grants import Grant
from pipe.grants.oauth import ask

GRANT = Grant(acquire=ask)
