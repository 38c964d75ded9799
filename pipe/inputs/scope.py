"""How scopes are written (RFC 6749 section 3.3), by users and by servers."""

import re
from collections.abc import Iterable

from pipe.redaction.untrusted import LONGEST

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def split(text: str) -> tuple[str, ...]:
    """Return the scopes in `text`, separated by spaces or commas, each once; `ValueError` if one cannot be a scope."""
    scopes = text.replace(",", " ").split()
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise ValueError("not a scope")
    return tuple(dict.fromkeys(scopes))


def shown(scopes: Iterable[str]) -> str:
    """Return `scopes` for a person, as many as fit; none is cut, for a part of a secret would not be known as one."""
    text = " ".join(scopes) or "none"
    return text if len(text) <= LONGEST else text[: LONGEST - 3].rpartition(" ")[0] + "..."
