"""The access token and what the server said of it."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipe.secret import Secret, forms


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
    users: tuple[str, ...] = ()
    """The user names that it is a password for, beside `x-token-auth`."""

    @property
    def expires_at(self) -> str:
        """The token's end in RFC 3339, UTC, to the second; empty if the server named no lifetime."""
        if self.expires_in is None:
            return ""
        end = self.obtained_at.astimezone(UTC) + timedelta(seconds=self.expires_in)
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def forms(self) -> tuple[str, ...]:
        """All that has to be masked, longest first: the token, and what Basic authentication makes of it."""
        found = {form for user in (None, *self.users) for form in forms(self.value, key=user)}
        return tuple(sorted(found, key=lambda form: (-len(form), form)))
