"""Where a failure comes from, for a person who is looking for a cause: types and places, never a foreign text.

What a library writes into an exception is not known beforehand: http.client and urllib3 put there what a server sent
(`InvalidChunkLength` the chunk that was no length, `BadStatusLine` the line, `HeaderParsingError` the headers), urllib3
the address with what is in it, json the document. All of it can hold a token that nobody knows of yet.
"""

import errno
from collections.abc import Iterator

from pipe.errors import PipeError


def trace(error: BaseException) -> list[str]:
    """Return `error` and what it was made from, the first cause first, as lines without the text of any of them.

    Each is told by its type, and by the file, line and function of each place on its way; a `PipeError` also by what
    it says to people, and an error of the operating system by the name of its number.
    """
    lines: list[str] = []
    for link in reversed([*_chain(error)]):
        lines.append("Traceback (most recent call last):")
        lines += _places(link)
        lines.append(_title(link))
    return lines


def _places(error: BaseException) -> Iterator[str]:
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        yield f"  {code.co_filename}:{place.tb_lineno} in {code.co_qualname}"
        place = place.tb_next


def _title(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, PipeError):
        return f"{kind}: {error.what}"
    # OpenSSL has numbers of its own.
    name = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) and "ssl" not in kind else None
    return f"{kind}: {name}" if name else kind


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what Python would show before it (`raise ... from`, or another one that was being handled)."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
