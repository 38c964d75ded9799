"""Lists that come in pages: Cloud names the next page by its address, a Data Center by the number it starts at."""

from collections.abc import Iterator

from pipe.errors import AnswerError
from pipe.http.responses import Response
from pipe.verbs.api.addresses import names_in, on_same_server, with_parameter, with_parameters
from pipe.verbs.api.client import Client
from pipe.verbs.api.output import parsed

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


def pages(client: Client, url: str) -> Iterator[list[object]]:
    """The values of a list, page by page, in constant memory; an object that is no list is the one value there is.

    Pages have `PAGE_LENGTH` values unless `url` says otherwise. Raises `AnswerError` for what is no page, and for a
    list that leads in a circle or to another server, which does not get the token.
    """
    if fields := names_in(url).get("fields"):
        url = with_parameter(url, "fields", naming_next(fields))
    url, answer = _first(client, url)
    page = _page(answer)
    if "values" not in page:
        yield [page]
        return
    yield from (_by_address if client.place.cloud else _by_number)(client, url, answer, page)


def _by_address(client: Client, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    # Brent's way to notice a circle: the address kept is renewed ever more rarely, so one that comes back is found.
    kept, renewed_after, since = url, 1, 0
    while True:
        yield _values(answer, page)
        following = page.get("next")
        if following is None:
            return
        url = on_same_server(following, client.place.base) if isinstance(following, str) else ""
        if not url:
            raise AnswerError(
                f"{answer.host} names another server, or nothing sensible, as the next page: it does not get the "
                "token.",
                "The answer was changed on its way, or the server is faulty.",
                "Run the step again; check proxies in between.",
            )
        if url == kept:
            raise _circle(answer)
        since += 1
        if since == renewed_after:
            kept, renewed_after, since = url, renewed_after * 2, 0
        _, answer = client.ask("GET", url)
        page = _page(answer)


def _by_number(client: Client, url: str, answer: Response, page: dict[str, object]) -> Iterator[list[object]]:
    start = names_in(url).get("start", "")
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0
    while True:
        yield _values(answer, page)
        last, following = page.get("isLastPage"), page.get("nextPageStart")
        # A page that names the next one is not the last, even if it does not say so.
        if last is True or (last is not False and following is None):
            return
        if isinstance(following, bool) or not isinstance(following, int):
            raise _no_page(answer)
        if following <= number:
            raise _circle(answer)
        number = following
        _, answer = client.ask("GET", with_parameter(url, "start", str(number)))
        page = _page(answer)


def _first(client: Client, url: str) -> tuple[str, Response]:
    """The first page and its address, which is another one after a redirect.

    It has the usual length if none was asked for; where the server refuses that, the short one.
    """
    name = length_parameter(cloud=client.place.cloud)
    if name in names_in(url):
        return client.ask("GET", url)
    usual, short = (with_parameters(url, {name: str(length)}) for length in (PAGE_LENGTH, SHORT_PAGE_LENGTH))
    there, answer = client.ask("GET", usual, tolerated=(400,))
    return (there, answer) if answer.status != 400 else client.ask("GET", short)


def _page(answer: Response) -> dict[str, object]:
    try:
        page = parsed(answer.body)
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict):
        raise _no_page(answer)
    return page


def _values(answer: Response, page: dict[str, object]) -> list[object]:
    values = page.get("values")
    if not isinstance(values, list):
        raise _no_page(answer)
    return values


def _no_page(answer: Response) -> AnswerError:
    return AnswerError(
        f"{answer.host} answered with something that is no page of a list.",
        "The resource is no list, or a proxy or firewall answered in the API's place.",
        "Try the path without --paginate; check proxies in between.",
    )


def _circle(answer: Response) -> AnswerError:
    return AnswerError(
        f"{answer.host} names a page that was there before as the next one.",
        "The server is faulty: the list would never end.",
        "Run the step again; what was printed so far may be there twice.",
    )
