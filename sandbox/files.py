"""Files that come and go: forms, Downloads, commits by `/src`, archives, and the host that keeps what was uploaded.

Sources: "Downloads", "Source" and "Pipelines" of the REST API's documentation. Downloads are answered with a redirect
to an address of Amazon S3 that is signed, and S3 refuses a request that brings an Authorization header as well.
"""

import mimetypes
import re
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from sandbox import api_errors
from sandbox.certificates import FILES
from sandbox.messages import Request, Response, html_response, json_response
from sandbox.repositories import Repositories
from sandbox.scopes import implied
from sandbox.tokens import Tokens

_META = frozenset({"message", "author", "branch", "parents", "files"})


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form."""

    name: str
    content: bytes
    file_name: str | None = None
    media_type: str = ""


def form(request: Request) -> list[Part] | None:
    """Return the fields of a form in either encoding, None if the body is no form, or a broken one."""
    kind = Message()
    kind["Content-Type"] = request.header("Content-Type") or ""
    if kind.get_content_type() == "application/x-www-form-urlencoded":
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        return [Part(name, value.encode()) for name, value in pairs]
    boundary = kind.get_param("boundary")
    if kind.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        return None
    # RFC 2046 section 5.1.1: the line end before a delimiter belongs to that.
    first, *parts = (b"\r\n" + request.body).split(f"\r\n--{boundary}".encode())
    if first or not parts or parts.pop() != b"--\r\n":
        return None
    return [_part(part.removeprefix(b"\r\n")) for part in parts]


def _part(data: bytes) -> Part:
    head, _, content = data.partition(b"\r\n\r\n")
    parsed = BytesHeaderParser().parsebytes(head)
    file_name = parsed.get_param("filename", header="Content-Disposition")
    return Part(
        _unquoted(parsed.get_param("name", header="Content-Disposition")),
        content,
        None if file_name is None else _unquoted(file_name),
        parsed.get("Content-Type", ""),
    )


def _unquoted(value: object) -> str:
    return str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace").replace("%22", '"')


def upload(request: Request, downloads: dict[str, bytes]) -> Response:
    """Keep the files that are called `files`; a name that is there already is overwritten."""
    found = form(request)
    if found is None:
        return api_errors.bad_fields(["files"])
    uploaded = {part.file_name: part.content for part in found if part.name == "files" and part.file_name}
    if not uploaded:
        return api_errors.bad_fields(["files"])
    downloads.update(uploaded)
    return Response(201)


def commit(request: Request, repository: Path, address: str) -> Response:
    """Commit a form: each field that is no word about the commit is a file, by its path; `files` alone removes one."""
    found = form(request)
    if found is None:
        return api_errors.bad_fields(["files"])
    said = {part.name: part.content.decode() for part in found if part.name in _META and part.file_name is None}
    written = {part.name.lstrip("/"): part.content for part in found if part.name not in _META}
    removed = [part.content.decode().lstrip("/") for part in found if part.name == "files"]
    changes = _changes(written, [path for path in removed if path not in written])
    if not changes:
        return api_errors.bad_fields(["files"])
    branch, message = said.get("branch", "main"), said.get("message", "Committed through the API").encode()
    base = branch if _git(repository, "rev-parse", "--verify", "-q", f"refs/heads/{branch}") else "main"
    stream = (
        f"commit refs/heads/{branch}\ncommitter {said.get('author', 'Team <team@example.com>')} 1767225600 +0000\n"
        f"data {len(message)}\n"
    ).encode()
    stream += message + f"\nfrom refs/heads/{base}^0\n".encode() + changes
    subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], input=stream, check=True)
    revision = (_git(repository, "rev-parse", f"refs/heads/{branch}") or b"").decode().strip()
    return Response(201, b"", {"Location": f"{address}/commit/{revision}"})


def _changes(written: Mapping[str, bytes], removed: list[str]) -> bytes:
    put = b"".join(
        f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n" for path, data in written.items()
    )
    return put + b"".join(f"D {path}\n".encode() for path in removed)


def at(repository: Path, revision: str, path: str) -> bytes | None:
    """Return a file as it is in a commit, None if there is none."""
    return _git(repository, "show", f"{revision}:{path}")


def raw(path: str, content: bytes) -> Response:
    """Return a file as it is."""
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Response(200, content, {"Content-Type": kind})


def _git(repository: Path, *command: str) -> bytes | None:
    done = subprocess.run(["git", "-C", repository, *command], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


class Files:
    """The host that keeps uploads. Each address that it is given out by is signed, and good for this sandbox's life."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes]] = {}

    def keep(self, name: str, content: bytes) -> str:
        """Return an address at which `content` can be had as an attachment called `name`."""
        signature = secrets.token_urlsafe(20)
        self._kept[signature] = name, content
        disposition = quote(f'attachment; filename="{name}"', safe="")
        return f"https://{FILES}/0c9e/{quote(name)}?response-content-disposition={disposition}&Signature={signature}"

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.header("Authorization") is not None:
            return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        found = self._kept.get(request.parameters.get("Signature", ""))
        if found is None or request.method != "GET":
            return _refused(403, "SignatureDoesNotMatch", "The request signature does not match")
        name, content = found
        disposition = request.parameters.get("response-content-disposition", "")
        kind = mimetypes.guess_type(name)[0] or "binary/octet-stream"
        return Response(200, content, {"Content-Type": kind, "Content-Disposition": disposition, "Server": "AmazonS3"})


def _refused(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(status, body.encode(), {"Content-Type": "application/xml", "Server": "AmazonS3"})


class Archives:
    """`https://bitbucket.org/{workspace}/{repository}/get/{revision}.{zip,tar.gz}`, for a bearer token.

    Any other way to say who asks is answered with a redirect to the login, as was seen with x-token-auth.
    """

    _PATH = re.compile(r"/([^/]+)/([^/]+)/get/(.+)\.(zip|tar\.gz)")

    def __init__(self, repositories: Repositories, tokens: Tokens) -> None:
        self._repositories = repositories
        self._tokens = tokens

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        scheme, credentials = request.authorization
        token = self._tokens.find(credentials) if scheme == "bearer" else None
        if token is None or token.email or self._tokens.is_expired(token):
            return Response(302, b"", {"Location": f"https://bitbucket.org/account/signin/?next={quote(request.path)}"})
        found = self._PATH.fullmatch(unquote(request.path))
        repository = self._repositories.find(found[1], found[2]) if found else None
        if not found or repository is None or found[1] != token.consumer.workspace:
            return html_response(404, "Repository not found")
        if "repository" not in implied(token.scopes):
            return json_response(403, {"type": "error", "error": {"message": "Access denied"}})
        directory = self._repositories.git_directory(found[1], found[2])
        prefix = f"{found[1]}-{found[2]}-{found[3][:12]}"
        content = _git(directory, "archive", f"--format={found[4]}", f"--prefix={prefix}/", found[3])
        if content is None:
            return html_response(404, "Commit not found")
        kind = "application/zip" if found[4] == "zip" else "application/x-tar-gz"
        disposition = f"attachment; filename={prefix}.{found[4]}"
        return Response(200, content, {"Content-Type": kind, "Content-Disposition": disposition})
