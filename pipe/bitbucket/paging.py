"""Lists that come in pages: Cloud names the next page by its address, a Data Center by the number it starts at."""

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
SHORT_PAGE_LENGTH = 50
"""The most that some of its lists give, such as that of pull requests."""


def length_parameter(*, cloud: bool) -> str:
    """What the number of values on a page is called."""
    return "pagelen" if cloud else "limit"


def naming_next(fields: str) -> str:
    """Return `fields` with `next` among them, without which a list of wanted fields ends after its first page.

    A list that only adds (`+`) and leaves out (`-`) keeps the rest; it must not leave out `next` itself.
    """
    names = [name.strip() for name in fields.split(",")]
    if "-next" in names:
        fields = ",".join("+next" if name == "-next" else name for name in names)
    wanted = {name for name in names if name and name[0] not in "+-"}
    return f"{fields},next" if wanted and not wanted & {"next", "*"} else fields


def pages(ask: Ask, api: RestApi, url: str) -> Iterator[list[object]]:
    """The values of a list, page by page, in constant memory; an object that is no list is the one value there is.

    `ask` returns the answer to a GET and the address that gave it, which is another one after a redirect. Pages have
    `PAGE_LENGTH` values unless `url` says otherwise. Raises `AnswerError` for what is no page, and for a list that
    leads in a circle or to another server, which does not get the token.
    """
    if fields := names_in(url).get("fields"):
        url = with_parameter(url, "fields", naming_next(fields))
    url, answer = _first(ask, api, url)
    page = _page(answer)
    if "values" not in page:
        yield [page]
        return
    yield from _from(ask, api, url, answer, page)


def objects(ask: Ask, api: RestApi, url: str) -> Iterator[dict[str, object]]:
    """The objects of a list of the program's own, such as that of the variables; raises as `pages` does.

    What is no object is left out. Raises `AnswerError` too for what is no list, or has more than `MOST_PAGES` pages.
    """
    host = urlsplit(url).netloc
    url, answer = ask(url, ())
    for number, values in enumerate(_from(ask, api, url, answer, _page(answer))):
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
    while True:
        yield _values(answer, page)
        following = page.get("next")
        if following is None:
            return
        url = on_same_server(following, api.base) if isinstance(following, str) else ""
        if not url:
            raise AnswerError(
                f"{answer.host} names another host, or nothing sensible, as the next page: it does not get the token.",
                "The answer was changed on its way, or the server is faulty.",
                "Run the step again; check proxies in between.",
            )
        if _digest(url) in passed:
            raise _circle(answer)
        passed.add(_digest(url))
        _, answer = ask(url, ())
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

    It has the usual length if none was asked for; where the server refuses that, the short one.
    """
    name = length_parameter(cloud=api.cloud)
    if name in names_in(url):
        return ask(url, ())
    usual, short = (with_parameters(url, {name: str(length)}) for length in (PAGE_LENGTH, SHORT_PAGE_LENGTH))
    there, answer = ask(usual, (400,))
    return (there, answer) if answer.status != 400 else ask(short, ())


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


def _circle(answer: Response) -> AnswerError:
    return AnswerError(
        f"{answer.host} names a page that was there before as the next one.",
        "The server is faulty: the list would never end.",
        "Run the step again; what was printed so far may be there twice.",
    )
