"""Lists of the REST API that are not as its documentation has them ("Pagination"), or go by a cursor."""

from hashlib import sha256

from sandbox import paging
from sandbox.messages import Request, Response

_PIPELINES = 21
_COMMITS = 25
_FOUND = 1234
_MOST_FOUND = 1000


def pipelines(request: Request) -> Response:
    """Pipelines: none of their pages names the next one (BCLOUD-20639)."""
    values = [{"type": "pipeline", "build_number": number} for number in range(1, _PIPELINES + 1)]
    return paging.page(request, values, following="absent")


def commits(request: Request) -> Response:
    """Commits: neither counted nor numbered (lvermeulen/Bitbucket.Cloud.Net issue 16)."""
    values = [{"type": "commit", "hash": sha256(bytes([number])).hexdigest()[:40]} for number in range(_COMMITS)]
    return paging.page_by_cursor(request, values, "hash")


def code_search(request: Request) -> Response:
    """What a search in code finds: the second page names no next one, and not all is ever given (BCLOUD-23644)."""
    values = [{"type": "code_search_result", "content_match_count": number} for number in range(_MOST_FOUND)]
    first = request.parameters.get("page", "1") == "1"
    return paging.page(request, values, following="named" if first else "absent", size=_FOUND)
