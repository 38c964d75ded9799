"""Where a redirect of the REST API leads, and whether the token may go there.

Cloud has everyday resources at two addresses: `diff`, `patch` and `diffstat` of a pull request answer 302 to those of
the repository, `src` to that of a commit.
"""

import re
from urllib.parse import urljoin

from pipe.errors import AnswerError
from pipe.http import Answer
from pipe.rest.addresses import Place, is_plain, names_in, with_parameters, within_api

FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""The statuses that name another address (RFC 9110 section 15.4)."""
FOLLOWERS = frozenset({"GET", "HEAD"})
"""The methods that go on there: they change nothing, wherever that is."""
MOST = 5
"""Redirects in a row."""

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
# What the options ask for. Whether Bitbucket hands it on when it redirects is not documented.
_WISHES = ("q", "sort", "fields", "pagelen", "limit")


def target_of(answer: Answer, url: str, place: Place) -> str:
    """Return the address that `answer`, to a request for `url`, leads to; an empty text unless it is within the API.

    A relative one is resolved against `url` (RFC 9110 section 10.2.2). It asks for the same fields, order and length
    of pages as `url` does, unless it has others.
    """
    location = answer.headers.get("Location", "")
    if not is_plain(location):
        return ""
    if location.startswith("//"):
        location = f"{url.partition(':')[0]}:{location}"
    # `urljoin` itself takes an address with a scheme, but without a host, for a relative one.
    found = within_api(location if _SCHEME.match(location) else urljoin(url, location), place)
    wanted = names_in(url)
    return with_parameters(found, {name: wanted.get(name, "") for name in _WISHES}) if found else ""


def endless(answer: Answer, *, circle: bool) -> AnswerError:
    """Return the failure of a redirect that is one too many, or leads back to where one of the others came from."""
    return AnswerError(
        f"{answer.host} redirects {'in a circle' if circle else f'more than {MOST} times in a row'} "
        f"(HTTP {answer.status}).",
        "The server is faulty, or something before it sends requests back.",
        "Run the step again; check proxies in between.",
    )
