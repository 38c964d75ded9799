"""Lists that come in pages: Cloud names the next page by its address, a Data Center by the number it starts at.

Some of Cloud's lists break what its documentation ("Pagination") says. Those of pipelines name no next page
(BCLOUD-20639), code search loses it half way, and the address that lists of Pipelines' variables name answers with an
error (BCLOUD-13806). Such lists count their pages (`page`) and values (`size`), and are read on by number. Lists
without `page`, or whose next page has a name that is no number, go by a cursor, which only the server can make.
"""

import sys
from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b
from urllib.parse import urlsplit

from pipe.bitbucket.addresses import RestApi, names_in, on_same_server, with_parameter, with_parameters
from pipe.errors import AnswerError
from pipe.http.responses import Response, parsed_json

Ask = Callable[[str, Collection[int]], tuple[str, Response]]
"""Sends a GET for an address, and returns a 2xx answer, or one with one of these statuses; raises for any other."""

MOST_PAGES = 100
"""Of what the program asks for itself: nobody has more variables or tokens, and a server that goes on is faulty."""
PAGE_LENGTH = 100
"""The most that Cloud gives ("Pagination")."""
SHORTER_PAGE_LENGTHS = (50, 25, 10)
"""What is asked for in its place, one after the other, where it is refused.

Each list has a maximum of its own (BCLOUD-13229), that of pull requests 50. Others give less than was asked for, and
say so by `pagelen`.
"""


def length_parameter(*, cloud: bool) -> str:
    """What the number of values on a page is called."""
    return "pagelen" if cloud else "limit"


_LEADING_ON = ("next", "page", "pagelen", "size")
# But for too many requests, which both addresses of a page share: that is waited for.
_FAILURES = frozenset(range(400, 600)) - {429}
# By these a list says that it has no page of a number.
_NO_SUCH_PAGE = (400, 404)


def naming_next(fields: str) -> str:
    """Return `fields` with all that leads to the next page, without which a list ends early, and nobody sees that.

    A list that only adds (`+`) and leaves out (`-`) keeps the rest; it must not leave out any of that itself.
    """
    names = [name.strip() for name in fields.split(",")]
    if kept := {f"-{name}" for name in _LEADING_ON} & set(names):
        fields = ",".join(f"+{name[1:]}" if name in kept else name for name in names)
    wanted = {name for name in names if name and name[0] not in "+-"}
    if not wanted or "*" in wanted:
        return fields
    return ",".join([fields, *(name for name in _LEADING_ON if name not in wanted)])


def pages(ask: Ask, api: RestApi, url: str) -> Iterator[list[object]]:
    """The values of a list, page by page, in constant memory; an object that is no list is the one value there is.

    `ask` returns the answer to a GET and the address that gave it, which is another one after a redirect. Pages have
    `PAGE_LENGTH` values unless `url` says otherwise. Raises `AnswerError` for what is no page, for a list that leads in
    a circle or to another server, which does not get the token, and for one that ends before it has given as many
    values as it says it has.
    """
    if fields := names_in(url).get("fields"):
        url = with_parameter(url, "fields", naming_next(fields))
    url, answer = _first(ask, api, url)
    page = _page(answer)
    if "values" not in page:
        yield [page]
        return
    yield from _from(ask, api, url, answer, page)


def objects(ask: Ask, api: RestApi, url: str, *, by_number: bool = False) -> Iterator[dict[str, object]]:
    """The objects of a list of the program's own, such as that of the variables; raises as `pages` does.

    `by_number` is for what has to be there although the list does not say so: then nothing that the list says of its
    length or its next page counts, and its pages are asked for by number until one is empty, or was there before.

    What is no object is left out. Raises `AnswerError` too for what is no list, or has more than `MOST_PAGES` pages.
    """
    host = urlsplit(url).netloc
    url, answer = _first(ask, api, url)
    page = _page(answer)
    found = _numbered(ask, url, answer, page) if by_number else _from(ask, api, url, answer, page)
    for number, values in enumerate(found):
        if number == MOST_PAGES:
            raise AnswerError(
                f"{host} answered with a list of more than {MOST_PAGES} pages.",
                "The server is faulty, or the answers are those of another program.",
                "Run the step again; check proxies in between.",
            )
        yield from (value for value in values if isinstance(value, dict))


def _from(ask: Ask, api: RestApi, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    """The values of `page`, which `url` gave in `answer`, and those of the pages after it."""
    return _by_address(ask, api, url, answer, page) if api.cloud else _by_number(ask, url, answer, page)


def _by_address(ask: Ask, api: RestApi, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    # Digests, because a list of a million values has ten thousand addresses.
    passed = {_digest(url)}
    seen = _before(url, page)
    broken = False
    while True:
        values = _values(answer, page)
        yield values
        seen += len(values)
        following, numbered = _named_next(api, answer, page), _numbered_next(url, page)
        if not following and not _has_more(page, seen):
            return
        if following and not (broken and numbered):
            # Only where there is another way is one try enough.
            _, answer = ask(_new(passed, following, answer), _FAILURES if numbered not in ("", following) else ())
            broken, url = answer.status >= 400, following
        if broken or not following:
            if not numbered or not values:
                raise _ends_early(answer, page, seen)
            _, answer = ask(_new(passed, numbered, answer), _NO_SUCH_PAGE)
            if answer.status in _NO_SUCH_PAGE or _page(answer).get("page") != int(names_in(numbered)["page"]):
                raise _ends_early(answer, page, seen)
            url = numbered
        page = _page(answer)


def _named_next(api: RestApi, answer: Response, page: dict[str, object]) -> str:
    """The address that `page` names as that of the next one; empty if it names none."""
    following = page.get("next")
    if following is None:
        return ""
    url = on_same_server(following, api.base) if isinstance(following, str) else ""
    if not url:
        raise AnswerError(
            f"{answer.host} names another host, or nothing sensible, as the next page: it does not get the token.",
            "The answer was changed on its way, or the server is faulty.",
            "Run the step again; check proxies in between.",
        )
    return url


def _numbered_next(url: str, page: dict[str, object]) -> str:
    """The address of the page after `page`, which `url` gave, by its number; empty if the list goes by a cursor."""
    number, following = _count(page, "page"), page.get("next")
    named = names_in(following).get("page") if isinstance(following, str) else None
    if number is None or named not in (None, str(number + 1)):
        return ""
    return with_parameter(url, "page", str(number + 1))


def _before(url: str, page: dict[str, object]) -> int:
    """How many values stand before those of `page`, which `url` gave; if nobody knows, more than a list can have."""
    number, length = _count(page, "page"), _count(page, "pagelen")
    if number is not None and length is not None:
        return (number - 1) * length
    return sys.maxsize if "page" in names_in(url) else 0


def _has_more(page: dict[str, object], seen: int) -> bool:
    """Whether the list has more than the `seen` values by its own account, which not every list gives."""
    return seen < (_count(page, "size") or 0)


def _count(page: dict[str, object], name: str) -> int | None:
    value = page.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _new(passed: set[bytes], url: str, answer: Response) -> str:
    """Return `url`, which `answer` led to, as one that was passed now; raise `AnswerError` if it was before."""
    if _digest(url) in passed:
        raise _circle(answer)
    passed.add(_digest(url))
    return url


def _numbered(ask: Ask, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    """The values of `page`, which `url` gave in `answer`, and those of all pages with other numbers than the first."""
    number, before = 1, list[object]()
    while (values := _values(answer, page)) and values != before:
        yield values
        number, before = number + 1, values
        _, answer = ask(with_parameter(url, "page", str(number)), _NO_SUCH_PAGE)
        if answer.status in _NO_SUCH_PAGE:
            return
        page = _page(answer)


def _by_number(ask: Ask, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    start = names_in(url).get("start", "")
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0
    while True:
        yield _values(answer, page)
        last, following = page.get("isLastPage"), page.get("nextPageStart")
        # A page that names the next one is not the last, even if it does not say so.
        if last is True or (last is not False and following is None):
            return
        if isinstance(following, bool) or not isinstance(following, int):
            raise no_page(answer)
        if following <= number:
            raise _circle(answer)
        number = following
        _, answer = ask(with_parameter(url, "start", str(number)), ())
        page = _page(answer)


def _digest(url: str) -> bytes:
    return blake2b(url.encode(), digest_size=16).digest()


def _first(ask: Ask, api: RestApi, url: str) -> tuple[str, Response]:
    """The first page and its address.

    It has the usual length if none was asked for; where the server refuses that, the longest one that it takes.
    """
    name = length_parameter(cloud=api.cloud)
    if name in names_in(url):
        return ask(url, ())
    *longer, shortest = (with_parameters(url, {name: str(length)}) for length in (PAGE_LENGTH, *SHORTER_PAGE_LENGTHS))
    for address in longer:
        there, answer = ask(address, (400,))
        if answer.status != 400:
            return there, answer
    return ask(shortest, ())


def _page(answer: Response) -> dict[str, object]:
    try:
        page = parsed_json(answer.body)
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict):
        raise no_page(answer)
    return page


def _values(answer: Response, page: dict[str, object]) -> list[object]:
    values = page.get("values")
    if not isinstance(values, list):
        raise no_page(answer)
    return values


def no_page(answer: Response) -> AnswerError:
    """Return the failure of an answer that makes no sense as a page of a list."""
    return AnswerError(
        f"{answer.host} answered with something that is no page of a list.",
        "The resource is no list, a proxy or firewall answered in the API's place, or the server is faulty.",
        "Run the step again; check the address, and proxies in between.",
    )


def _ends_early(answer: Response, page: dict[str, object], seen: int) -> AnswerError:
    """Return the failure of a list that has more than the `seen` values of `page` and those before it."""
    size = _count(page, "size")
    return AnswerError(
        f"{answer.host} gave {seen} values of a list{f' of {size}' if size else ''}, and no page with the rest.",
        "Some of Bitbucket's lists name no next page, or one that answers with an error, or end after 1000 values; and "
        "this one cannot be read on by the number of the page either.",
        "Run the step again. If it stays so, ask for less at once, such as by --query: what came is not all there is.",
    )


def _circle(answer: Response) -> AnswerError:
    return AnswerError(
        f"{answer.host} names a page that was there before as the next one.",
        "The server is faulty: the list would never end.",
        "Run the step again; what was printed so far may be there twice.",
    )
