"""Forms: uploads to Downloads, commits through `/src`, and fields without a file."""

import json
import os
import subprocess

import pytest

from sandbox import Fault
from sandbox.repositories import Repository
from tests import parts
from tests.api.conftest import API, DOWNLOADS, HELLO, Caller, asked, writer, written


def test_a_file_is_uploaded_to_downloads(caller: Caller, hello: Repository) -> None:
    """Byte for byte, with its length known beforehand, and its media type by its name."""
    content = bytes(range(256)) * 300 + b"\r\n--x\r\n"
    written(caller, "hello.tar.gz", content)
    outcome = caller.run(DOWNLOADS, "--form", "files=@hello.tar.gz", env=writer(caller))

    assert (outcome.code, outcome.out) == (0, "")
    assert hello.downloads == {"hello.tar.gz": content}
    assert asked(outcome) == [f"POST /2.0/{DOWNLOADS}"]
    assert outcome.requests[0].header("Content-Length") == str(len(outcome.requests[0].body))
    assert outcome.requests[0].header("Transfer-Encoding") is None
    assert b"\r\nContent-Type: application/gzip\r\n" in outcome.requests[0].body[:400]


def test_a_form_is_the_one_that_curl_sends(caller: Caller) -> None:
    """Byte for byte but for the boundary, with quotes and a backslash in names, and media types that curl knows."""
    curl = parts.need("curl")
    words = ("message=Text & more\r\nand a line", 'a "b" c=x', "/docs/\u00fc\\d.md=y", "empty=")
    for name in ("plain.txt", 'a "b" \u00fc.png', "x.bin"):
        written(caller, name, name.encode())
    ours = [*words, "files=@plain.txt", 'files=@a "b" \u00fc.png', "/x/y=@x.bin"]
    theirs = [*words, "files=@plain.txt", 'files=@"a \\"b\\" \u00fc.png"', "/x/y=@x.bin"]
    caller.fault("/2.0/*", times=2, status=201, body="")
    outcome = caller.run("x", *(word for form in ours for word in ("--form", form)))
    subprocess.check_call(
        [curl, "-sS", *(word for form in theirs for word in ("-F", form)), f"{API}/x"],
        env={**caller.world.sandbox.environment(), "PATH": os.defpath},
        cwd=caller.world.work,
    )
    bodies = []
    for request in caller.world.sandbox.requests[-2:]:
        kind, _, boundary = (request.header("Content-Type") or "").partition("; boundary=")
        bodies.append((kind, request.body.replace(boundary.encode(), b"BOUNDARY")))

    assert outcome.code == 0
    assert bodies[0][0] == "multipart/form-data"
    assert bodies[0] == bodies[1]


def test_several_files_are_one_form(caller: Caller, hello: Repository) -> None:
    """RFC 7578 section 4.3: they have the same name."""
    for name in ("one.txt", "two.bin"):
        written(caller, name, name.encode())
    outcome = caller.run(DOWNLOADS, "--form", "files=@one.txt", "--form", "files=@two.bin", env=writer(caller))

    assert outcome.code == 0
    assert hello.downloads == {"one.txt": b"one.txt", "two.bin": b"two.bin"}


def test_a_commit_is_made_by_a_form(caller: Caller) -> None:
    """Files by their paths, words about it beside them; the new commit is named in a header."""
    written(caller, "a.md", b"# \xff\n")
    words = ("message=Write & more = better", "branch=docs", "author=Ann <ann@example.com>", "/docs/b.txt=A text")
    options = [word for form in (*words, "/docs/a.md=@a.md") for word in ("--form", form)]
    outcome = caller.run(f"{HELLO}/src", *options, "--include", env=writer(caller))

    directory = caller.world.sandbox.repositories.git_directory("team", "hello")
    revision, shown = (
        subprocess.check_output(["git", "-C", directory, *command]).rstrip(b"\n")
        for command in (("rev-parse", "docs"), ("show", "-s", "--format=%an|%s", "docs"))
    )
    assert outcome.code == 0
    assert outcome.out.startswith("HTTP/1.1 201 Created\r\n")
    assert f"\nLocation: {API}/{HELLO}/commit/{revision.decode()}\r\n" in outcome.out
    assert shown == b"Ann|Write & more = better"
    for path, content in (("docs/a.md", b"# \xff\n"), ("docs/b.txt", b"A text")):
        assert subprocess.check_output(["git", "-C", directory, "show", f"docs:{path}"]) == content


def test_a_form_without_a_file_is_form_encoded(caller: Caller) -> None:
    """As `/src` takes it, too; the text of a file is one of its values, and nothing repeats that."""
    caller.file("text", "secret & line\nnumber = 2\n")
    caller.fault(status=400, body=json.dumps({"error": {"message": "What is secret & line\nnumber = 2?"}}))
    forms = ("--form", "/a b.txt=<text", "--form", "message=ü + é", "--form", "n=", "--form", "n=1")
    refused = caller.run(f"{HELLO}/src", *forms, env=writer(caller))
    outcome = caller.run(f"{HELLO}/src", *forms, env=writer(caller))
    by_stdin = caller.run(f"{HELLO}/src", "--form", "a=<-", stdin=b"x\n", env=writer(caller))

    assert (refused.code, outcome.code, by_stdin.code) == (5, 0, 0)
    assert '"What is ***?"' in refused.failure
    assert outcome.requests[0].media_type == "application/x-www-form-urlencoded"
    assert outcome.requests[0].body == (b"%2Fa+b.txt=secret+%26+line%0Anumber+%3D+2&message=%C3%BC+%2B+%C3%A9&n=&n=1")
    assert by_stdin.requests[0].body == b"a=x"


@pytest.mark.parametrize(
    "options",
    [
        *(["--form", "x"], ["--form", "=x"], ["--form", "a=@nothing"], ["--form", "a=@"], ["--form", "a=@."]),
        *(["--form", "a=@pipe"], ["--form", "a=@-"], ["--form", "a=<nothing"], ["--form", "a=<-", "--form", "b=<-"]),
        *(["--form", "a\nb=@file"], ["--form", "a\rb=@file"], ["--form", "a=@line\nend"], ["--form", "a=@locked/x"]),
        *(["--form", "a=b", "--field", "c=d"], ["--form", "a=b", "--input", "file"], ["--form", "a=b", "--paginate"]),
        *(["--output", "x", "--paginate"], ["--output", ""], ["--output", "-"], ["--output", "x", "user"]),
        ["--include", "--paginate"],
    ],
)
def test_what_makes_no_sense_is_refused(caller: Caller, options: list[str]) -> None:
    """Exit 2; nothing is sent. A pipe has no size, and a line end in a name would be another header."""
    written(caller, "file", b"x")
    written(caller, "line\nend", b"x")
    os.mkfifo(caller.world.work / "pipe")
    outcome = caller.run("user", *options, stdin=b"")

    assert outcome.code == 2
    assert outcome.requests == []


def test_an_upload_is_sent_again_where_the_server_did_nothing(caller: Caller, hello: Repository) -> None:
    """It refused for the pace: from the file's beginning again."""
    content = os.urandom(300_000)
    written(caller, "x.bin", content)
    caller.fault(status=429, retry_after=0)
    outcome = caller.run(DOWNLOADS, "--form", "files=@x.bin", env=writer(caller))

    assert outcome.code == 0
    assert len(outcome.requests) == 2
    assert outcome.requests[0].body == outcome.requests[1].body
    assert hello.downloads == {"x.bin": content}


@pytest.mark.parametrize("fault", [Fault(status=503, times=None), Fault(kind="close", times=None)])
@pytest.mark.parametrize(("method", "tries"), [("POST", 1), ("PUT", 3)])
def test_no_upload_is_done_twice(caller: Caller, fault: Fault, method: str, tries: int) -> None:
    """The server may have kept it; a PUT does no harm twice."""
    written(caller, "x.bin", b"x" * 100_000)
    caller.world.sandbox.faults.add(fault)
    outcome = caller.run(DOWNLOADS, "--method", method, "--form", "files=@x.bin", env=writer(caller))

    assert outcome.code == (5 if fault.status else 4)
    assert len(outcome.requests) == tries
    assert ("Look first whether the server has done it" in outcome.failure) == (tries == 1)
