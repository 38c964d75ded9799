"""Whether the token is the one that was asked for."""

import pytest

from pipe.errors import UnfitTokenError
from pipe.oauth.checks import check_token
from tests.unit.samples import token


def failure(
    *, scopes: tuple[str, ...] | None = (), expires_in: int | None = 7200, required: str = "", least: float = 0
) -> UnfitTokenError:
    with pytest.raises(UnfitTokenError) as caught:
        check_token(
            token(scopes=scopes, expires_in=expires_in), required_scopes=tuple(required.split()), min_lifetime=least
        )
    assert caught.value.exit_code == 6
    assert not caught.value.again
    return caught.value


@pytest.mark.parametrize(
    ("granted", "required"),
    [
        ("repository", "repository"),
        ("repository account", "account repository"),
        ("repository:write", "repository"),
        ("pullrequest:write", "pullrequest repository:write repository"),
        ("project", "repository"),
        ("pipeline:variable account:write team:write", "pipeline pipeline:write account email team"),
        ("anything", ""),
    ],
)
def test_granted_scopes_and_what_they_imply_are_enough(granted: str, required: str) -> None:
    """In any order."""
    check_token(token(scopes=tuple(granted.split())), required_scopes=tuple(required.split()), min_lifetime=0)


@pytest.mark.parametrize(
    ("granted", "required", "missing"),
    [
        ("repository", "repository:write", "repository:write"),
        ("repository:admin", "repository", "repository"),
        ("repository account", "repository pipeline runner", "pipeline runner"),
        ("", "account", "account"),
        ("Repository", "repository", "repository"),
    ],
)
def test_what_is_missing_is_named(granted: str, required: str, missing: str) -> None:
    """And only that."""
    error = failure(scopes=tuple(granted.split()), required=required)

    assert error.what == f"The token lacks the scopes {missing}; granted are {granted or 'none'}."
    assert "OAuth consumers" in error.now
    assert "required-scopes" in error.now


@pytest.mark.parametrize(
    ("granted", "required", "related"),
    [
        ("project:write account", "project", "project:write"),
        ("pipeline:everything wiki", "pipeline webhook", "pipeline:everything"),
        ("repo", "repo:status", "repo"),
    ],
)
def test_a_relation_that_nobody_knows_is_not_denied(granted: str, required: str, related: str) -> None:
    """It does not count; what was granted is told, and how to find out."""
    error = failure(scopes=tuple(granted.split()), required=required)

    assert error.what.endswith(f"; granted are {granted}.")
    assert f"It is not known whether {related} implies any of them" in error.why
    assert "bitbucket-token api PATH" in error.now


@pytest.mark.parametrize(
    ("granted", "required"),
    [
        ("repository:admin repository:delete", "repository"),
        ("write:repository:bitbucket", "read:repository:bitbucket"),
        ("read:user:bitbucket", "read:repository:bitbucket"),
        ("account", "account:write"),
        ("REPO_READ", "REPO_WRITE"),
        ("project:write", "repository"),
    ],
)
def test_a_relation_that_is_known_not_to_be_is_denied(granted: str, required: str) -> None:
    """The advice is to tick the scope."""
    assert "Tick them" in failure(scopes=tuple(granted.split()), required=required).now


def test_scopes_that_are_not_told_cannot_be_compared() -> None:
    """Silence is no consent."""
    error = failure(scopes=None, required="account")

    assert "did not say which scopes" in error.what
    assert "required-scopes" in error.now


def test_a_lifetime_that_just_fits_is_enough() -> None:
    """Fewer seconds fail, as many do not."""
    check_token(token(expires_in=3600), required_scopes=(), min_lifetime=3600)
    assert failure(expires_in=3599, least=3600).what == "The token lives for 3599 s; required are 3600 s."


def test_a_lifetime_that_is_not_told_is_too_short() -> None:
    """Nothing is guessed."""
    assert "did not say how long" in failure(expires_in=None, least=1).what


def test_without_demands_every_token_will_do() -> None:
    """Even one of which the server said nothing."""
    check_token(token(scopes=None, expires_in=None), required_scopes=(), min_lifetime=0)
    check_token(token(scopes=(), expires_in=0), required_scopes=(), min_lifetime=0)
