"""The access token and what the server said of it."""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipe.redaction.secret import Secret, forms

LONGEST_TOKEN = 64 * 1024
"""Characters."""
LONGEST_LIFETIME = 2**31 - 1
"""Seconds."""

TOKEN = re.compile(r"[\x21-\x7e]+")
"""What a bearer token may be made of: printable ASCII without space, which a header carries (RFC 6750 section 2.1)."""

GIT_USER = "x-token-auth"
"""The user name of an access token at Bitbucket Cloud's git ("Use OAuth on Bitbucket Cloud")."""


class AccessToken(NamedTuple):
    """A bearer token (RFC 6750), opaque: never parsed, never judged by its look.

    `scopes` is None when the server did not say which it granted; `expires_in` (seconds) when it named no lifetime.
    """

    value: Secret
    scopes: tuple[str, ...] | None
    expires_in: int | None
    obtained_at: datetime
    refresh_token: Secret | None = None
    """What the server handed out to get the next token with (RFC 6749 section 6), if it did."""
    api_user: str = ""
    """Who sends it to the REST API by Basic authentication; empty for a bearer token."""
    git_user: str = GIT_USER
    """Who sends it to Bitbucket Cloud's git."""
    name: str = ""
    """Under which the server lists it, where it does."""

    @property
    def expires_at(self) -> str:
        """The token's end in RFC 3339, UTC, to the second; empty if the server named no lifetime."""
        if self.expires_in is None:
            return ""
        end = self.obtained_at.astimezone(UTC) + timedelta(seconds=self.expires_in)
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def authorization(self) -> Secret:
        """The `Authorization` header with which the REST API takes the token (RFC 6750 section 2.1, RFC 7617)."""
        token = self.value.reveal()
        if not self.api_user:
            return Secret(f"Bearer {token}")
        return Secret("Basic " + b64encode(f"{self.api_user}:{token}".encode()).decode())

    def forms(self) -> tuple[str, ...]:
        """All that has to be masked, longest first: the token, and what Basic authentication makes of it."""
        others = {"", self.api_user, self.git_user} - {GIT_USER}
        found = {form for user in others for form in forms(self.value, key=user)}
        return tuple(sorted(found, key=lambda form: (-len(form), form)))
