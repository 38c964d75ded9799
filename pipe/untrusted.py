"""Text from outside is shown to a person only after it was made harmless."""

import re
from collections.abc import Sequence

from pipe.secret import redact

LONGEST = 200
"""Characters of a server's text that are shown at most."""

# Everything that a terminal or a log viewer does not show as one plain character.
_UNPRINTABLE = re.compile("[^\x20-\x7e\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufdff]")

# The starts of workflow commands (`::`, `##[`, `##vso[`, `##teamcity[`) all begin with a doubled character.
_DOUBLED = re.compile(r"([:#])(?=\1)")


def harmless(text: str, masks: Sequence[str]) -> str:
    """Return `text` as one line without secrets, control characters and workflow commands.

    Control characters become visible before secrets are looked for again, and nothing is ever taken out: what a
    server splits or pads cannot come together.
    """
    return _DOUBLED.sub(r"\1 ", redact(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", redact(text, masks)), masks))


def show(text: str, masks: Sequence[str]) -> str:
    """Return a server's text made harmless and cut to `LONGEST` characters."""
    shown = harmless(text, masks)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
