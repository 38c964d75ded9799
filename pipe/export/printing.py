"""The token on standard output, for `$(docker run ... --print raw)` and `eval "$(docker run ... --print sh)"`."""

import json

from pipe.export import env_file as envfile
from pipe.export.variables import Export
from pipe.redaction.secret import Secret


def render(form: str, export: Export) -> str:
    """Return what `print` shows in `form`: `raw`, `json`, `sh` or `dotenv`."""
    if form == "raw":
        return export.token.value.reveal() + "\n"
    if form == "json":
        return _json(export)
    if form == "sh":
        return envfile.render(
            export.variables(), masks=export.masks, mask_log=export.mask_log, remove=None, git=export.git
        )
    return "".join(f"{name}={_dotenv_quoted(value)}\n" for name, value in export.variables().items())


def _json(export: Export) -> str:
    """The members of a token response (RFC 6749 section 5.1), and the moment of expiry."""
    token = export.token
    members: dict[str, object] = {"access_token": token.value.reveal(), "token_type": "bearer"}
    if token.expires_in is not None:
        members |= {"expires_in": token.expires_in, "expires_at": token.expires_at}
    if token.scopes is not None:
        members["scope"] = " ".join(token.scopes)
    return json.dumps(members) + "\n"


def _dotenv_quoted(value: str | Secret) -> str:
    """Single-quoted, as python-dotenv reads it without interpolation; `${` has no escape that would survive one."""
    text = value.reveal() if isinstance(value, Secret) else value
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
