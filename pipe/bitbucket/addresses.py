"""Where the REST API is, and which addresses get the token."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from pipe.errors import AnswerError, InputError
from pipe.http.proxies import USUAL_PORTS
from pipe.http.responses import Response

LONGEST_ADDRESS = 16 * 1024
"""Characters: servers take no longer ones, and a `next` that grows from page to page has an end."""

# Beside the unreserved ones; what stands percent-encoded stays so. Braces stand around Bitbucket's UUIDs.
_KEPT = "%/?:;&=,+$!*'()[]~@"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")
_ASCII = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


class RestApi(NamedTuple):
    """One REST API: paths are `below` `base`, those that begin with `rooted` right at `base`."""

    base: str
    below: str
    rooted: str
    cloud: bool

    @property
    def host(self) -> str:
        """Return its name, with the port if that is not the usual one."""
        return urlsplit(self.base).netloc


CLOUD = RestApi("https://api.bitbucket.org", "/2.0", "/2.0/", cloud=True)


def data_center_at(base_url: str) -> RestApi:
    """Return the API of a Data Center."""
    return RestApi(base_url, "/rest/api/latest", "/rest/", cloud=False)


def address(place: RestApi, text: str) -> str:
    """Return the address that a user's PATH stands for; raise `InputError`, which does not repeat it, for none.

    PATH is below the API, or an absolute address of it or of a repository's archive. The token goes to nobody else, and
    `..` leads nowhere.
    """
    path, mark, query = text.partition("?")
    if _CONTROL.search(text) or "#" in text or not path or len(text) > LONGEST_ADDRESS:
        raise _wrong("is empty or too long, or holds a control character, a backslash or a `#`")
    if "@" in path:
        raise _wrong("holds an `@` before its `?`")
    if _climbs(path):
        raise _wrong("holds `.` or `..` as a part of its own")
    if "://" in path:
        absolute = quote(text, safe=_KEPT)
        found = on_same_server(absolute, place.base) or archive(absolute, place)
        if not found:
            raise _wrong(f"is the address of another server than {urlsplit(place.base).netloc}, or not https")
        return found
    path = "/" + path.lstrip("/")
    start = place.base if path.startswith(place.rooted) else place.base + place.below
    return start + quote(path + mark + query, safe=_KEPT)


def on_same_server(url: str, base: str) -> str:
    """Return `url` if it is on the server of `base`: the same scheme, host and port; else an empty text.

    It is put together anew behind that very host, so that no two readings of an odd address can differ.
    """
    if not is_plain(url):
        return ""
    try:
        there, here = urlsplit(url), urlsplit(base)
        names = [(part.scheme, part.hostname, part.port or USUAL_PORTS.get(part.scheme)) for part in (there, here)]
    except ValueError:
        return ""
    if names[0] != names[1] or "@" in there.netloc:
        return ""
    return f"{here.scheme}://{here.netloc}{there.path or '/'}" + (f"?{there.query}" if there.query else "")


def within_api(url: str, place: RestApi) -> str:
    """Return `url`, put together anew, if it is on the server of `place` and below its API; else an empty text.

    A Data Center's host may have other applications beside Bitbucket, which the token is not for.
    """
    found = on_same_server(url, place.base)
    path = found.partition("?")[0]
    return found if path.startswith(place.base + place.rooted) and not _climbs(path) else ""


# `get` is no name of a repository's page but this one: https://bitbucket.org/WORKSPACE/REPOSITORY/get/REVISION.zip
_ARCHIVE = re.compile(r"/[^/]+/[^/]+/get/[^?]+")
_SITE = "https://bitbucket.org"


def archive(url: str, place: RestApi) -> str:
    """Return `url`, put together anew, if it is that of an archive of Cloud, which takes bearer tokens; else nothing.

    It is the one thing beside the API that is asked with the token; the rest of the site is pages for people. A Data
    Center has archives within its API.
    """
    found = on_same_server(url, _SITE) if place.cloud else ""
    path = found.removeprefix(_SITE).partition("?")[0]
    return found if _ARCHIVE.fullmatch(path) and not _climbs(path) else ""


def is_plain(text: str) -> bool:
    """Whether a server's text could be an address that is sent as it is: not empty, and printable ASCII."""
    return len(text) <= LONGEST_ADDRESS and "#" not in text and bool(_ASCII.fullmatch(text))


def with_parameters(url: str, wanted: Mapping[str, str]) -> str:
    """Return `url` with those of `wanted` that it has no value for already; those that are empty are left out."""
    there = names_in(url)
    more = {name: value for name, value in wanted.items() if value and name not in there}
    if not more:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(more, quote_via=quote)


def with_parameter(url: str, name: str, value: str) -> str:
    """Return `url` with this value for `name`, in place of any other."""
    path, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and unquote(part.partition("=")[0]) != name]
    return f"{path}?{'&'.join([*kept, urlencode({name: value}, quote_via=quote)])}"


def names_in(url: str) -> dict[str, str]:
    """Return the parameters in the query of `url` and their values, as they are once decoded."""
    parts = (part.partition("=") for part in url.partition("?")[2].split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in parts}


def _climbs(path: str) -> bool:
    """Whether a part of `path` is `.` or `..`, as any server may read it: Tomcat also takes `..;x` for `..`."""
    return any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", unquote(path)))


def _wrong(what: str) -> InputError:
    return InputError(
        f"A PATH {what}.",
        "The token is sent there, so it has to be plain where that is.",
        "Give a path below the API such as /repositories/WORKSPACE, or the API's https address. Write @, # and spaces "
        "in names as %40, %23 and %20.",
    )


FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""The statuses that name another address (RFC 9110 section 15.4)."""
FOLLOWERS = frozenset({"GET", "HEAD"})
"""The methods that go on there: they change nothing, wherever that is."""
MOST = 5
"""Redirects in a row."""

# Of a server elsewhere: what no two readers take apart in two ways.
_NAME = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
# What the options ask for. Whether Bitbucket hands it on when it redirects is not documented.
_WISHES = ("q", "sort", "fields", "pagelen", "limit")


def target_of(answer: Response, url: str, place: RestApi) -> str:
    """Return the address that `answer`, to a request for `url`, leads to; an empty text if the token is not for it.

    That is one within the API, which is asked for the same fields, order and length of pages as `url` is, unless it
    has others; or one of an archive.
    """
    location = _location(answer, url)
    wanted = names_in(url)
    if found := within_api(location, place):
        return with_parameters(found, {name: wanted.get(name, "") for name in _WISHES})
    return archive(location, place)


def elsewhere(answer: Response, url: str, place: RestApi) -> str:
    """Return the address that `answer` leads to if that is another server's, who must not get the token; else nothing.

    Only with https, and without a name or a password in it. On Bitbucket's own server it would be a page for people:
    a login, as a rule.
    """
    location = _location(answer, url)
    try:
        there = urlsplit(location)
        name, _ = there.hostname, there.port
    except ValueError:
        return ""
    own = {urlsplit(place.base).hostname, *([urlsplit(_SITE).hostname] if place.cloud else [])}
    if there.scheme != "https" or not name or name in own or "@" in there.netloc or not _NAME.fullmatch(there.netloc):
        return ""
    return location


def _location(answer: Response, url: str) -> str:
    """Where `answer` to a request for `url` leads, resolved against that (RFC 9110 section 10.2.2)."""
    location = answer.headers.get("Location", "")
    if not is_plain(location):
        return ""
    if location.startswith("//"):
        location = f"{url.partition(':')[0]}:{location}"
    # `urljoin` itself takes an address with a scheme, but without a host, for a relative one.
    return location if _SCHEME.match(location) else urljoin(url, location)


def endless(answer: Response, *, circle: bool) -> AnswerError:
    """Return the failure of a redirect that is one too many, or leads back to where one of the others came from."""
    return AnswerError(
        f"{answer.host} redirects {'in a circle' if circle else f'more than {MOST} times in a row'} "
        f"(HTTP {answer.status}).",
        "The server is faulty, or something before it sends requests back.",
        "Run the step again; check proxies in between.",
    )
