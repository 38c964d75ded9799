"""The ways to mask a log, and what each must make of it, worked out byte by byte."""

from collections.abc import Callable, Sequence

from pipe.export.env_file import _lines
from tests.envfile.shells import Tools
from tests.parts import need

PIECE = 16
BASICS = ("cat", "mkdir", "mkfifo", "rm", "sleep")


def _awk(name: str, *more: str) -> Callable[[Tools], None]:
    def add(tools: Tools) -> None:
        need(name)
        tools.add(*BASICS, *more, links={"awk": name})

    return add


# Each with the programs that a machine must have, and no others that could be taken.
WAYS: dict[str, Callable[[Tools], None]] = {
    "perl": lambda tools: tools.add(*BASICS, "perl"),
    "gawk": _awk("gawk"),
    "busybox": lambda tools: tools.add(*BASICS, "sed", "awk", busybox=True),
    "mawk and GNU sed": _awk("mawk", "sed"),
    "original-awk and GNU sed": _awk("original-awk", "sed"),
    "mawk": _awk("mawk"),
    "original-awk": _awk("original-awk"),
    "GNU sed": lambda tools: tools.add(*BASICS, "sed"),
}
KNOW_NO_PIECES = {"GNU sed"}
LOSE_WHAT_IS_BEHIND_NUL = {"mawk", "original-awk"}


def masked(text: bytes, masks: Sequence[str]) -> bytes:
    """Return `text` with each stretch of pieces of the masks, and each short mask, replaced by `***`."""
    forms = [form.encode() for form in _lines(masks)]
    pieces = {form[at : at + PIECE] for form in forms for at in range(len(form) - PIECE + 1)}
    short = [form for form in forms if len(form) < PIECE]
    return b"\n".join(_masked_line(line, pieces, short) for line in text.split(b"\n"))


def _masked_line(line: bytes, pieces: set[bytes], short: Sequence[bytes]) -> bytes:
    stretches: list[list[int]] = []
    for at in range(len(line) - PIECE + 1):
        if line[at : at + PIECE] not in pieces:
            continue
        if stretches and at < stretches[-1][1]:
            stretches[-1][1] = at + PIECE
        else:
            stretches.append([at, at + PIECE])
    between = zip([0, *(end for _, end in stretches)], [*(start for start, _ in stretches), len(line)], strict=True)
    return b"***".join(_without(line[start:end], short) for start, end in between)


def _without(text: bytes, short: Sequence[bytes]) -> bytes:
    for form in short:
        text = text.replace(form, b"***")
    return text
