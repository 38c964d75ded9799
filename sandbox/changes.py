"""What a pull request changes: twelve new files.

Its `diff`, `patch` and `diffstat` are redirects to those of the repository, as the documentation has it ("Redirects to
the repository diff with the revspec that corresponds to the pull request"). Addresses look as one was seen in a bug
report: `.../diffstat/team/hello:58f9fea0ad1b%0Dd0d4e592bd73?from_pullrequest_id=1763&topic=true`. Whether a real one
hands on the query of the request is not known; this one does not.
"""

from hashlib import sha256

from sandbox import paging
from sandbox.messages import Request, Response, text_response

KINDS = ("diff", "patch", "diffstat")

_FILES = [f"docs/chapter-{number:02}.md" for number in range(1, 13)]


def redirect(request: Request, repository: str, number: str, kind: str) -> Response:
    """Lead from a pull request of `repository` (`team/hello`) to the same of the repository."""
    source, destination = (sha256(f"{side} {number}".encode()).hexdigest()[:12] for side in ("source", "main"))
    there = f"{request.scheme}://{request.host}/2.0/repositories/{repository}/{kind}/"
    there += f"{repository}:{source}%0D{destination}?from_pullrequest_id={number}&topic=true"
    return Response(302, b"", {"Location": there})


def shown(request: Request, kind: str) -> Response:
    """Return the changes themselves: text, or pages of JSON."""
    if kind == "diffstat":
        return paging.page(request, [_stat(name) for name in _FILES])
    head = "From 58f9fea0ad1b Mon Sep 17 00:00:00 2001\nSubject: [PATCH] Begin to write\n\n" if kind == "patch" else ""
    return text_response(200, head + "".join(map(_diff, _FILES)))


def _stat(name: str) -> dict[str, object]:
    new = {"type": "commit_file", "path": name, "escaped_path": name}
    return {"type": "diffstat", "status": "added", "lines_added": 1, "lines_removed": 0, "old": None, "new": new}


def _diff(name: str) -> str:
    return f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+Hello\n"
