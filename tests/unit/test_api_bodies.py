"""Forms: what parsers of others read in them is what was given, and they are the same however often they are sent."""

import io
import os
from collections.abc import Collection
from contextlib import closing
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.formparser import parse_form_data

from pipe.errors import InputError
from pipe.verbs.api.bodies import Body, Multipart, from_forms, media_type_of

# All but control characters and halves of surrogate pairs.
CHARACTERS: Collection[Any] = ("L", "M", "N", "P", "S", "Z", "Cf", "Co")
NAMES = st.text(st.characters(categories=CHARACTERS, exclude_characters="=\\"), min_size=1, max_size=12)
VALUES = st.text(st.characters(categories=(*CHARACTERS, "Cc")), max_size=30).filter(lambda text: text[:1] not in "@<")
FILE_NAMES = NAMES.filter(lambda name: "/" not in name and name not in (".", "..") and len(name.encode()) < 99)


def refuse(name: str) -> bytes:
    raise AssertionError(name)


def sent(body: Body) -> bytes:
    """The body as the network library gets it from a request."""
    prepared = requests.Request("POST", "https://host/", data=body.content).prepare()
    assert prepared.headers["Content-Length"] == str(len(body.content))
    assert "Transfer-Encoding" not in prepared.headers
    assert isinstance(body.content, Multipart)
    assert body.content is cast("object", prepared.body)
    data = b"".join(body.content)
    assert len(data) == len(body.content)
    return data


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), NAMES, FILE_NAMES, st.binary(max_size=200))
@example([("a", "--bitbucket-token-"), ("a", "\r\n--\r\n")], "files", 'with "quotes"; x=y.txt', b"\r\n--\r\n")
@example([], "/docs/\u00fc.md", "\U0001f600 %22.bin", b"")
def test_two_parsers_read_what_was_given(
    tmp_path_factory: pytest.TempPathFactory, fields: list[tuple[str, str]], name: str, file_name: str, content: bytes
) -> None:
    """Python's own for MIME and Werkzeug's for forms (RFC 7578): each field in its order, and a file byte for byte."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / file_name).write_bytes(content)
    body = from_forms([*(f"{one}={value}" for one, value in fields), f"{name}=@{file_name}"], folder, refuse)
    data = sent(body)

    def read(text: str) -> str:
        return text.replace("%22", '"')  # Which of both it was cannot be told: HTML has it so.

    environ = {"wsgi.input": io.BytesIO(data), "CONTENT_LENGTH": str(len(data)), "CONTENT_TYPE": body.media_type}
    _, form, files = parse_form_data({**environ, "REQUEST_METHOD": "POST"})
    assert sorted(form.items(multi=True)) == sorted((read(one), value) for one, value in fields)
    with closing(files[read(name)]) as found:
        assert (found.filename, found.read(), found.mimetype) == (read(file_name), content, media_type_of(file_name))

    head = f"Content-Type: {body.media_type}\r\nContent-Length: {len(data)}\r\n\r\n"
    parts: Any = BytesParser().parsebytes(head.encode() + data).get_payload()
    assert [type(part.get_param("name", header="Content-Disposition")) for part in parts] == [str] * (len(fields) + 1)
    assert parts[-1].get_payload(decode=True) == content


def test_a_form_is_the_same_however_often_it_is_sent(tmp_path: Path) -> None:
    """It may have to be sent again, and its length stands in a header."""
    (tmp_path / "x").write_bytes(os.urandom(200_000))
    body = from_forms(["a=b", "files=@x"], tmp_path, refuse)

    assert sent(body) == sent(body)
    assert from_forms(["a=b", "files=@x"], tmp_path, refuse).media_type != body.media_type


def test_a_large_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    """A file of a terabyte, which has no bytes on the disk, has its length at once."""
    with (tmp_path / "x").open("wb") as file:
        file.truncate(1 << 40)
    content = from_forms(["files=@x"], tmp_path, refuse).content
    assert isinstance(content, Multipart)
    pieces = iter(content)

    assert len(content) > 1 << 40
    assert max(len(next(pieces)) for _ in range(9)) <= 64 * 1024


@pytest.mark.parametrize("change", ["longer", "shorter", "other", "gone"])
def test_a_file_that_changes_meanwhile_is_not_sent_to_its_end(tmp_path: Path, change: str) -> None:
    """The length that was announced is not reached, so no server takes it for a whole request."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 200_000)
    os.utime(path, (1, 1))
    body = from_forms(["files=@x"], tmp_path, refuse)
    size = {"longer": 200_001, "shorter": 199_999, "other": 200_000}.get(change)
    path.unlink() if size is None else path.write_bytes(b"y" * size)
    if change == "longer":
        os.utime(path, (1, 1))  # Clocks of file systems are coarse.
    assert isinstance(body.content, Multipart)
    read: list[bytes] = []
    with pytest.raises(InputError, match="A file that --form names"):
        read.extend(body.content)

    assert sum(map(len, read)) < len(body.content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.txt", "text/plain"), ("a.tar.gz", "application/gzip"), ("a.tgz", "application/gzip")),
        *(("a.zip", "application/zip"), ("a.JSON", "application/json"), ("a.tar.bz2", "application/x-bzip2")),
        *(
            ("a.txt.xz", "application/x-xz"),
            ("a", "application/octet-stream"),
            ("a.x-", "application/octet-stream"),
        ),
        *(("a.Z", "application/octet-stream"), (".txt", "application/octet-stream"), ("a.png", "image/png")),
    ],
)
def test_a_media_type_is_that_of_the_name(name: str, kind: str) -> None:
    """Of the file itself, which may be a compressed one."""
    assert media_type_of(name) == kind


def test_bytes_that_are_no_text_stay_what_they_are(tmp_path: Path) -> None:
    """On a command line and in a file's name."""
    (tmp_path / os.fsdecode(b"\xff.bin")).write_bytes(b"x")
    odd = os.fsdecode(b"a=\xfe")

    assert from_forms([odd], tmp_path, refuse).content == b"a=%FE"
    assert b'filename="\xff.bin"' in sent(from_forms([odd, os.fsdecode(b"b=@\xff.bin")], tmp_path, refuse))
