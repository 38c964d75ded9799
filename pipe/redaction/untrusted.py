"""Text from outside is shown to a person only after it was made harmless."""

import re
from collections.abc import Sequence

from pipe.redaction.secret import MASK, redact

LONGEST = 200
"""Characters of a server's text that are shown at most."""

# Letters and marks that fill no space: a viewer shows what stands around them as if they were not there.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)

_NO_LETTERS = re.compile("[^\x21-\x7e]+")

# Characters. Anything shorter is also found in innocent text once that has no spaces.
_SHORTEST_IN_PIECES = 12

# The starts of workflow commands (`::`, `##[`, `##vso[`, `##teamcity[`) all begin with a doubled character.
_DOUBLED = re.compile(r"([:#])(?=\1)")


def harmless(text: str, masks: Sequence[str]) -> str:
    """Return `text` as one line without secrets, control characters and workflow commands.

    Control characters become visible before secrets are looked for again, and nothing is ever taken out: what a
    server splits or pads cannot come together.
    """
    return _DOUBLED.sub(r"\1 ", redact(_one_line(redact(text, masks)), masks))


def show(text: str, masks: Sequence[str]) -> str:
    """Return a server's text made harmless and cut to `LONGEST` characters; nothing of it if it spells a secret out.

    A secret can stand there in pieces, such as base64 that is broken into lines.
    """
    shown = harmless(text, masks)
    joined = _NO_LETTERS.sub("", shown)
    if any(
        mask in joined for mask in (_NO_LETTERS.sub("", mask) for mask in masks) if len(mask) >= _SHORTEST_IN_PIECES
    ):
        return MASK
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def _one_line(text: str) -> str:
    """Put a replacement character for each control, format and white-space character but the plain space."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() and character not in _INVISIBLE else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
