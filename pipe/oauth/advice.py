"""Bitbucket's own error texts, and what to do about each.

The texts were observed in bug reports and source code of Bitbucket's clients; each is named where it is matched.
"""

from typing import NamedTuple

from pipe.errors import AnswerError, RefusedError

_WHERE = "Bitbucket: Workspace settings, OAuth consumers"


class _Known(NamedTuple):
    """A piece of a server's text in lower case, and what it means."""

    piece: str
    why: str
    now: str


# 400 unauthorized_client "Invalid OAuth client credentials" (harness issue 1650)
_WRONG_CREDENTIALS = _Known(
    "invalid oauth client credentials",
    "Key or secret is wrong: mistyped, swapped, of a deleted consumer, or an old secret after a new one was made.",
    f"Copy key and secret anew from the consumer ({_WHERE}) into the pipeline's secrets. A user name, password, "
    "API token or access token does not work here.",
)

# invalid_grant "Unsupported grant type: None" (site/master issue 16249)
_UNKNOWN_GRANT = _Known(
    "unsupported grant type",
    "The server does not know the grant that was asked for, or something on the way changed the request's body.",
    "Check grant, and that base-url or token-url is Bitbucket's own; check proxies in between.",
)

_KNOWN = (
    # 400 invalid_request "No callback uri defined for the OAuth client." (composer PR 5335, soba issue 50)
    _Known(
        "no callback uri",
        "The consumer has no callback URL. Bitbucket wants one even where it is never called.",
        f"Open the consumer ({_WHERE}), enter any https address as callback URL, for instance "
        "https://localhost, and save.",
    ),
    # "Cannot use client_credentials with a consumer marked as "public". ..." (bitbucket-build-status-notifier PR 47)
    _Known(
        'consumer marked as "public"',
        "The consumer is public. Only a private one may use its key and secret alone.",
        f"Open the consumer ({_WHERE}), tick 'This is a private consumer', and save.",
    ),
    _WRONG_CREDENTIALS,
    # unauthorized_client "Requests must be authenticated using OAuth client credentials" (p2/OAuth2 issue 96)
    _Known(
        "must be authenticated using oauth client credentials",
        "The server did not see key and secret: something on the way removed the Authorization header, or the "
        "server wants them in another form.",
        "Check proxies in between; set client-auth to body if the server wants the form.",
    ),
    # invalid_request "Invalid refresh_token" (readthedocs.org issue 2992)
    _Known(
        "invalid refresh_token",
        "The refresh token is not the newest: it was used before, nobody has used it for three months, or the access "
        "was taken back; or it belongs to another consumer.",
        "Log in again with bitbucket-token login, and store the refresh token that brings.",
    ),
    _UNKNOWN_GRANT,
)

_BY_CODE = {
    "invalid_client": _WRONG_CREDENTIALS,
    "unauthorized_client": _Known(
        "",
        "The consumer may not use this grant, or key and secret are wrong.",
        f"Check the consumer ({_WHERE}): private, with a callback URL; copy key and secret anew.",
    ),
    "invalid_scope": _Known(
        "",
        "A scope in `scope` is unknown, misspelt, or not ticked at the consumer.",
        f"Leave scope out, or tick the scopes at the consumer ({_WHERE}).",
    ),
    "unsupported_grant_type": _UNKNOWN_GRANT,
    "invalid_grant": _Known(
        "",
        "The code or refresh token has expired, was used before, or belongs to another consumer.",
        "Get a new one, and use the newest.",
    ),
    "invalid_request": _Known(
        "",
        "A parameter is missing or wrong for this server.",
        "Check scope, client-auth and base-url or token-url against the server's documentation.",
    ),
}

_ANY = _Known(
    "",
    "The consumer, its key and secret, or the address does not fit.",
    f"Check base-url or token-url, and the consumer ({_WHERE}): private, with a callback URL and scopes.",
)


def refused(host: str, status: int, error: str, said: str) -> RefusedError:
    """Return the advice for a refusal of `host`: its OAuth `error` code, and what it `said`, already harmless."""
    known = next((known for known in _KNOWN if known.piece in said.lower()), None)
    advice = known or _BY_CODE.get(error) or (_WRONG_CREDENTIALS if status == 401 else _ANY)
    quoted = f': "{said}"' if said else ""
    return RefusedError(f"{host} refused (HTTP {status}){quoted}.", advice.why, advice.now)


def rate_limited(host: str, retry_after: float | None) -> AnswerError:
    """Return the advice for HTTP 429. All jobs with the same consumer share one allowance, counted over an hour."""
    when = f"in {retry_after:.0f} s" if retry_after is not None else "in some minutes"
    return AnswerError(
        f"{host} has had too many requests (HTTP 429).",
        "All jobs that use the same OAuth consumer share one allowance an hour.",
        f"Run the step again {when}; give busy pipelines consumers of their own, or start fewer jobs at once.",
        again=True,
        retry_after=retry_after,
        rate_limited=True,
    )
