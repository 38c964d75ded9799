"""Bitbucket's own error texts, as they were observed, and what to do about each."""

import pytest

from pipe.oauth.advice import rate_limited, refused

PUBLIC = (
    'Cannot use client_credentials with a consumer marked as "public". Calls for auto generated consumers should use '
    "urn:bitbucket:oauth2:jwt instead."
)

OBSERVED = [
    # status, error, error_description, words of why, words of now
    (
        400,
        "unauthorized_client",
        "Invalid OAuth client credentials",
        "Key or secret is wrong",
        "Copy key and secret anew",
    ),
    (
        400,
        "unauthorized_client",
        "Requests must be authenticated using OAuth client credentials",
        "removed the Authorization header",
        "client-auth to body",
    ),
    (400, "invalid_request", "No callback uri defined for the OAuth client.", "no callback URL", "https://localhost"),
    (400, "unauthorized_client", PUBLIC, "The consumer is public", "This is a private consumer"),
    (400, "invalid_request", "Invalid refresh_token", "not the newest", "Log in again with bitbucket-token login"),
    (400, "invalid_grant", "Unsupported grant type: None", "does not know the grant", "Check grant"),
]

BY_CODE = [
    (401, "invalid_client", "Key or secret is wrong", "Copy key and secret anew"),
    (400, "unauthorized_client", "may not use this grant", "private, with a callback URL"),
    (400, "invalid_scope", "unknown, misspelt, or not ticked", "Leave scope out"),
    (400, "unsupported_grant_type", "does not know the grant", "Check grant"),
    (400, "invalid_grant", "expired, was used before", "Get a new one"),
    (400, "invalid_request", "A parameter is missing or wrong", "client-auth"),
    (401, "", "Key or secret is wrong", "Copy key and secret anew"),
    (401, "unheard_of", "Key or secret is wrong", "Copy key and secret anew"),
    (400, "unheard_of", "does not fit", "Check base-url or token-url"),
]


@pytest.mark.parametrize(("status", "error", "said", "why", "now"), OBSERVED, ids=[row[2][:40] for row in OBSERVED])
def test_each_observed_text_has_its_own_advice(status: int, error: str, said: str, why: str, now: str) -> None:
    """The text says more than its code; what the server said is quoted."""
    advice = refused("bitbucket.org", status, error, said)

    assert why in advice.why
    assert now in advice.now
    assert advice.what == f'bitbucket.org refused (HTTP {status}): "{said}".'
    assert not advice.again


def test_no_two_of_them_have_the_same_advice() -> None:
    """A user who reads it knows which of these it was."""
    advices = [refused("bitbucket.org", *row[:3]) for row in OBSERVED]

    assert len({advice.why for advice in advices}) == len({advice.now for advice in advices}) == len(OBSERVED)


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda said: f"400 Client Error: {said} (x)"])
def test_the_text_is_known_in_any_case_and_amid_others(change: type[str]) -> None:
    """Servers have changed both before."""
    for status, error, said, why, _ in OBSERVED:
        assert why in refused("bitbucket.org", status, error, change(said)).why


@pytest.mark.parametrize(("status", "error", "why", "now"), BY_CODE)
def test_without_a_known_text_the_code_counts(status: int, error: str, why: str, now: str) -> None:
    """The codes of RFC 6749 section 5.2, and whatever else there may be."""
    advice = refused("id.example.com", status, error, "")

    assert why in advice.why
    assert now in advice.now
    assert advice.what == f"id.example.com refused (HTTP {status})."


def test_too_many_requests_share_one_allowance() -> None:
    """When to come back is told if the server did."""
    told, silent = rate_limited("bitbucket.org", 61.0), rate_limited("bitbucket.org", None)

    assert "same OAuth consumer" in told.why
    assert "in 61 s" in told.now
    assert "in some minutes" in silent.now
    assert (told.retry_after, silent.retry_after) == (61.0, None)
    assert told.again
    assert silent.again
