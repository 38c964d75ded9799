"""An access token and its end."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.oauth.token import LONGEST_LIFETIME, AccessToken
from pipe.redaction.secret import Secret
from tests.unit.samples import NOW, TOKEN, token


def test_the_end_is_told_in_utc_to_the_second() -> None:
    """RFC 3339, wherever the machine's clock stands."""
    obtained = datetime(2026, 12, 31, 23, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=-5)))

    assert AccessToken(Secret(TOKEN), None, 7200, obtained).expires_at == "2027-01-01T06:30:00Z"


def test_no_end_is_told_without_a_lifetime() -> None:
    """An empty text, and not a date that somebody made up."""
    assert token(expires_in=None).expires_at == ""


@given(st.integers(0, LONGEST_LIFETIME))
def test_every_lifetime_has_an_end(seconds: int) -> None:
    """The longest that is taken over does not leave the calendar."""
    end = datetime.fromisoformat(token(expires_in=seconds).expires_at)

    assert end - NOW == timedelta(seconds=seconds)


@pytest.mark.parametrize("show", [repr, str, "{}".format])
def test_a_token_is_not_shown(show: type[str]) -> None:
    """Its scopes and its end are, its text is not."""
    shown = show(token())

    assert "***" in shown
    assert "repository" in shown
    assert TOKEN[:6] not in shown
