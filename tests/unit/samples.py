"""Values that many unit tests start from."""

from datetime import UTC, datetime
from pathlib import Path

from pipe.export.variables import Export
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import Secret, forms

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

TOKEN = "eyJ0eXAi.token-of-the-tests_~+/==.c2lnbmF0dXJl"


def token(
    value: str = TOKEN,
    *,
    scopes: tuple[str, ...] | None = ("repository", "pullrequest:write"),
    expires_in: int | None = 7200,
) -> AccessToken:
    return AccessToken(Secret(value), scopes, expires_in, NOW)


def export(
    *,
    value: str = TOKEN,
    scopes: tuple[str, ...] | None = ("repository", "pullrequest:write"),
    expires_in: int | None = 7200,
    env_name: str = "BITBUCKET_ACCESS_TOKEN",
    export_env: bool = True,
    output_file: Path | None = None,
) -> Export:
    return Export(
        token=token(value, scopes=scopes, expires_in=expires_in),
        env_name=env_name,
        export_env=export_env,
        output_file=output_file,
        masks=forms(Secret(value)),
    )
