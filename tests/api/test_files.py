"""Files on their way there and back: uploads, commits, downloads, logs, archives; never held whole, nor half there."""

import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from sandbox import Fault
from sandbox.certificates import FILES
from sandbox.repositories import Repository
from tests import parts
from tests.api.conftest import API, Caller, asked
from tests.oracle import Oracle
from tests.program import run_program

HELLO = "repositories/team/hello"
DOWNLOADS = f"{HELLO}/downloads"
ARCHIVE = "https://bitbucket.org/team/hello/get/main.tar.gz"
LARGE = 64 * 1024 * 1024


@pytest.fixture
def hello(caller: Caller) -> Repository:
    return caller.world.sandbox.repositories.of("team")[0]


def written(caller: Caller, name: str, content: bytes) -> Path:
    path = caller.world.work / name
    path.write_bytes(content)
    return path


def writer(caller: Caller) -> dict[str, str]:
    return {"BITBUCKET_ACCESS_TOKEN": caller.token("repository:write", "pipeline")}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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


@pytest.mark.parametrize("way", ["--output", "stdout"])
def test_a_download_is_fetched_without_the_token(caller: Caller, hello: Repository, way: str) -> None:
    """From the host that keeps it, whose signed address takes no other credentials; byte for byte, JSON too."""
    content = b'{"a" : 1}\n  text' + (b"\x00\xff\r\n" if way == "--output" else b"")
    hello.downloads["build 1.json"] = content
    options = ("--output", "got") if way == "--output" else ()
    outcome = caller.run(f"{DOWNLOADS}/build%201.json", *options)

    assert outcome.code == 0
    assert outcome.connects == ["api.bitbucket.org:443 200", f"{FILES}:443 200"]
    assert [request.authorization[0] for request in outcome.requests] == ["bearer", ""]
    if options:
        assert (caller.world.work / "got").read_bytes() == content
        assert (caller.world.work / "got").stat().st_mode & 0o777 == 0o600
        assert f"Wrote {len(content)} bytes to got." in outcome.told
    else:
        assert outcome.out.encode() == content


def test_the_log_of_a_step_is_fetched(caller: Caller, hello: Repository) -> None:
    """By a redirect as well."""
    hello.logs["{p}/{s}"] = b"+ make\nall is well\n"
    outcome = caller.run(f"{HELLO}/pipelines/{{p}}/steps/{{s}}/log", env=writer(caller))

    assert (outcome.code, outcome.out) == (0, "+ make\nall is well\n")


def test_an_archive_is_fetched_with_the_token(caller: Caller) -> None:
    """From the site itself, which takes it there and nowhere else."""
    outcome = caller.run(ARCHIVE, "--output", "hello.tar.gz")

    assert outcome.code == 0
    assert [request.authorization[0] for request in outcome.requests] == ["bearer"]
    content = (caller.world.work / "hello.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert "team-hello-main/README.md" in archive.getnames()


@pytest.mark.parametrize(
    ("address", "token", "code", "said"),
    [
        (ARCHIVE.replace("hello/get", "none/get"), ("repository",), 6, "does not exist, is misspelt"),
        (ARCHIVE, ("account",), 3, "its owner may not do this"),
        (ARCHIVE, (), 5, "It leads to a login page"),
    ],
)
def test_a_refused_archive_leaves_no_file(
    caller: Caller, address: str, token: tuple[str, ...], code: int, said: str
) -> None:
    """What is refused is told as the API's own refusals are; a login page is no archive."""
    text = caller.token(*token) if token else "an-unknown-token-of-the-tests"
    outcome = caller.run(address, "--output", "x.tar.gz", BITBUCKET_ACCESS_TOKEN=text)

    assert outcome.code == code
    assert said in outcome.failure
    assert outcome.files == {}


@pytest.mark.parametrize(
    "address",
    [
        *(
            "https://bitbucket.org/team/hello",
            "https://bitbucket.org/team/get/main.zip",
            "https://bitbucket.org/get/a/b",
        ),
        *("https://bitbucket.org/team/hello/get/", "https://bitbucket.org/team/hello/get/../../../account/x"),
        *("http://bitbucket.org/team/hello/get/x", "https://bitbucket.org:444/team/hello/get/x"),
        *(f"https://{FILES}/team/hello/get/x", "https://x@bitbucket.org/team/hello/get/x"),
    ],
)
def test_no_other_address_of_the_site_gets_the_token(caller: Caller, address: str) -> None:
    """Exit 2; nothing is sent."""
    outcome = caller.run(address, "--output", "x")

    assert outcome.code == 2
    assert outcome.connects == []


def test_a_redirect_to_an_archive_is_followed_with_the_token(caller: Caller) -> None:
    """As one within the API is."""
    caller.fault("/2.0/x", kind="redirect", location=ARCHIVE)
    outcome = caller.run("x", "--output", "x.tar.gz")

    assert outcome.code == 0
    assert [request.authorization[0] for request in outcome.requests] == ["bearer", "bearer"]


@pytest.mark.parametrize(("count", "code"), [(5, 0), (6, 5)])
def test_so_many_redirects_are_followed_on_the_way(caller: Caller, count: int, code: int) -> None:
    """Five in all, and the token is not sent again once it was left behind."""
    caller.fault("/2.0/x", kind="redirect", location=f"https://{FILES}/1")
    for number in range(1, count):
        caller.fault(f"/{number}", kind="redirect", location=f"/{number + 1}")
    caller.fault(f"/{count}", status=200, body="file")
    outcome = caller.run("x", "--output", "got")

    assert outcome.code == code
    assert len(outcome.requests) == 6
    assert [request.authorization[0] for request in outcome.requests] == ["bearer", *[""] * 5]
    assert set(outcome.files) == (set() if code else {"work/got"})


@pytest.mark.parametrize(
    "location", [f"{API}/user", ARCHIVE, "http://files.example/x", f"http://{FILES}/x", "https://bitbucket.org/x", ""]
)
def test_another_server_leads_neither_back_nor_into_the_open(caller: Caller, location: str) -> None:
    """Whoever keeps the file has no say in what is asked of Bitbucket; and without https anybody could answer."""
    caller.fault("/2.0/x", kind="redirect", location=f"https://{FILES}/1")
    caller.fault("/1", kind="redirect", location=location)
    outcome = caller.run("x", "--output", "got")

    assert outcome.code == 5
    assert len(outcome.requests) == 2
    assert outcome.files == {}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"kind": "html"}, 5, "a page for people"),
        ({"status": 403, "body": "<Error/>"}, 5, "where the file is kept, refused (HTTP 403)"),
        ({"status": 503, "times": None}, 5, f"{FILES} is in trouble (HTTP 503)"),
        ({"kind": "close", "times": None}, 4, f"The connection to {FILES}"),
    ],
)
def test_a_server_of_files_that_fails_is_named(caller: Caller, answer: dict[str, object], code: int, said: str) -> None:
    """And its address is not, which opens the file to whoever has it."""
    caller.fault("/2.0/x", kind="redirect", location=f"https://{FILES}/1?Signature=opens-the-file-to-anybody")
    caller.fault("/1", **answer)
    outcome = caller.run("x", "--output", "got", secrets=["opens-the-file-to-anybody"])

    assert outcome.code == code
    assert said in outcome.failure
    assert outcome.files == {}


def test_a_download_that_breaks_off_is_begun_anew(caller: Caller, hello: Repository) -> None:
    """The file has what the last answer had, and nothing of the one before."""
    content = os.urandom(3_000_000)
    hello.downloads["x"] = content
    caller.fault("/0c9e/x", kind="truncated")
    outcome = caller.run(f"{DOWNLOADS}/x", "--output", "x")

    assert outcome.code == 0
    assert "Attempt 1" in outcome.told
    assert digest((caller.world.work / "x").read_bytes()) == digest(content)


@pytest.mark.parametrize(("size", "code"), [(500_000, 0), (3_000_000, 4)])
def test_what_is_printed_cannot_be_taken_back(caller: Caller, hello: Repository, size: int, code: int) -> None:
    """A short answer is held until it is whole; a long one that breaks off is told, and not begun a second time."""
    hello.downloads["x"] = b"x" * size
    caller.fault("/0c9e/x", kind="truncated")
    outcome = caller.run(f"{DOWNLOADS}/x")

    assert outcome.code == code
    assert len(outcome.out) == size if not code else 1_000_000 < len(outcome.out) < size
    assert len(outcome.requests) == (3 if not code else 2)


@pytest.mark.parametrize("before", [None, b"as it was"])
def test_a_failure_leaves_what_was_there(caller: Caller, hello: Repository, before: bytes | None) -> None:
    """Nothing half written under that name, and nothing beside it."""
    hello.downloads["x"] = b"x" * 3_000_000
    if before:
        written(caller, "x", before)
    caller.fault("/0c9e/x", kind="truncated", times=None)
    outcome = caller.run(f"{DOWNLOADS}/x", "--output", "x")

    assert outcome.code == 4
    assert outcome.files == {}
    assert [path.name for path in caller.world.work.iterdir()] == (["x"] if before else [])


def test_the_deadline_holds_while_a_file_comes(caller: Caller) -> None:
    """However steadily it drips; nothing of it stays."""
    caller.fault(kind="drip-body", body="x" * 10_000, interval=0.05)
    outcome = caller.run("x", "--output", "x", DEADLINE="2", TIMEOUT="60")

    assert outcome.code == 4
    assert "within the deadline of 2 s" in outcome.failure
    assert list(caller.world.work.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_file(caller: Caller, number: signal.Signals) -> None:
    """While half of it is there."""
    caller.fault(kind="drip-body", body="x" * 10_000, interval=0.05)

    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        caller.world.sandbox.journal.wait_for(lambda requests: len(requests) == 1, timeout=20)
        process.send_signal(number)

    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", "x", "--output", "x", env=env, during=interrupt)

    assert outcome.code == 128 + number
    assert list(caller.world.work.iterdir()) == []


@pytest.mark.parametrize("name", ["none/x", "a-directory", "link", "pipe", "file/x", "/dev/null", "/proc/x"])
def test_a_file_that_cannot_be_written_is_told_beforehand(caller: Caller, name: str) -> None:
    """Exit 7; a link or a device is not replaced by a file."""
    written(caller, "file", b"")
    (caller.world.work / "a-directory").mkdir()
    (caller.world.work / "link").symlink_to("elsewhere")
    os.mkfifo(caller.world.work / "pipe")
    outcome = caller.run("user", "--output", name)

    assert outcome.code == 7
    assert "that --output names cannot be written" in outcome.failure
    assert (outcome.requests, outcome.files) == ([], {})


def test_a_full_disk_leaves_no_file(caller: Caller, hello: Repository) -> None:
    """Exit 7; a limit on the size of files fails a write just so."""
    hello.downloads["x"] = b"x" * 3_000_000
    shell = ("/bin/sh", "-c", 'ulimit -f 1000; trap "" XFSZ; exec "$@"', "sh")
    env = {"BITBUCKET_ACCESS_TOKEN": caller.token()}
    outcome = run_program(caller.world, "api", f"{DOWNLOADS}/x", "--output", "x", env=env, prefix=shell)

    assert outcome.code == 7
    assert "cannot be written (File too large)" in outcome.failure
    assert outcome.files == {}


def test_a_file_replaces_one_of_its_name(caller: Caller, hello: Repository) -> None:
    """In a directory that a link leads to, as well."""
    hello.downloads["x"] = b"new"
    (caller.world.work / "real").mkdir()
    (caller.world.work / "real" / "x").write_bytes(b"an older one, and longer")
    (caller.world.work / "link").symlink_to("real")
    outcome = caller.run(f"{DOWNLOADS}/x", "--output", "link/x")

    assert outcome.code == 0
    assert (caller.world.work / "real" / "x").read_bytes() == b"new"


def test_an_answer_goes_into_a_file_as_it_comes(caller: Caller) -> None:
    """JSON with all its spaces; its head is on standard output if it is asked for."""
    caller.fault(body='{"a" :\n 1}', headers={"X-Odd": "##[error] \x1b[2J \u00fc"})
    outcome = caller.run("x", "--output", "x.json", "--include")

    assert outcome.code == 0
    assert outcome.files["work/x.json"] == '{"a" :\n 1}'
    assert outcome.out.startswith("HTTP/1.1 200 OK\r\n")
    assert "\nContent-Type: application/json\r\n" in outcome.out
    assert "\nX-Odd: # #[error] ?[2J " in outcome.out
    assert outcome.out.endswith("\r\n\r\n")


def test_the_head_comes_before_the_answer(caller: Caller) -> None:
    """As curl's -i has it, for each path; what repeats the token does not show it."""
    token = caller.token()
    for number in (1, 2):
        caller.fault(f"/2.0/{number}", body=str(number), headers={"X-Number": f"{number} {token}"})
    outcome = caller.run("1", "2", "--include", BITBUCKET_ACCESS_TOKEN=token)

    heads = [part.partition("\r\n\r\n") for part in outcome.out.split("HTTP/1.1 200 OK\r\n")[1:]]
    assert outcome.code == 0
    assert [body for _, _, body in heads] == ["1\n", "2\n"]
    assert all(f"X-Number: {number} ***" in head for number, (head, _, _) in enumerate(heads, 1))


def test_the_head_is_what_curl_shows(caller: Caller) -> None:
    """Line for line, but for the date."""
    curl = parts.need("curl")
    token = caller.token()
    caller.fault(times=2, body="1", headers={"Set-Cookie": "a=b", "X-Empty": ""})
    ours, theirs = os.pipe()
    outcome = run_program(caller.world, "api", "x", "--include", env={"BITBUCKET_ACCESS_TOKEN": token}, stdout=theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as shown:
        printed = shown.read()
    expected = subprocess.check_output(
        [curl, "-sS", "-i", "--suppress-connect-headers", "-H", f"Authorization: Bearer {token}", f"{API}/x"],
        env={**caller.world.sandbox.environment(), "PATH": os.defpath},
    )

    def undated(data: bytes) -> list[bytes]:
        return [line for line in data.split(b"\r\n") if not line.startswith(b"Date: ")]

    assert outcome.code == 0
    assert undated(printed.removesuffix(b"\n")) == undated(expected)


def test_the_token_is_hidden_in_what_is_printed_wherever_it_is_cut(caller: Caller, hello: Repository) -> None:
    """Two megabytes of text with the token at odd places; in a file it stays, which is for data."""
    token = caller.token()
    text = b"".join(b"x" * (number * 977) + token.encode() for number in range(70))
    hello.downloads["x.txt"] = text
    outcome = caller.run(f"{DOWNLOADS}/x.txt", BITBUCKET_ACCESS_TOKEN=token)

    assert outcome.code == 0
    assert outcome.out.encode() == text.replace(token.encode(), b"***")
    Oracle([token]).check("standard output", outcome.out)


@pytest.mark.parametrize("way", ["upload", "file", "stdout"])
def test_memory_does_not_grow_with_the_file(caller: Caller, hello: Repository, tmp_path: Path, way: str) -> None:
    """64 MiB need no more than a sixteenth of that beside what 1 MiB does: a copy of all would be far beyond."""
    env = {"BITBUCKET_ACCESS_TOKEN": caller.token("repository:write")}

    def peak(size: int) -> int:
        content = os.urandom(1024) * (size // 1024)
        there = tmp_path / "x"
        if way == "upload":
            there.write_bytes(content)
            outcome = run_program(caller.world, "api", DOWNLOADS, "--form", f"files=@{there}", env=env)
            there.write_bytes(hello.downloads["x"])
        else:
            hello.downloads["x"] = content
            options = ("--output", str(there)) if way == "file" else ()
            with (there if way == "stdout" else Path(os.devnull)).open("wb") as into:
                outcome = run_program(caller.world, "api", f"{DOWNLOADS}/x", *options, env=env, stdout=into.fileno())
        assert outcome.code == 0
        assert digest(there.read_bytes()) == digest(content)
        return outcome.peak

    small = peak(1024 * 1024)
    assert peak(LARGE) - small < LARGE // 16


def test_a_resource_that_takes_no_consumers_token_says_so(caller: Caller) -> None:
    """Repository group permissions by OAuth; with a token that lacks a scope it is that which counts."""
    path = f"{HELLO}/permissions-config/groups/developers"
    for error in ({"message": "Forbidden"}, {"message": "x", "detail": {"required": ["repository:admin"]}}):
        caller.answer({"type": "error", "error": error}, f"/2.0/{path}", status=403)
    refused = caller.run(path, "--method", "PUT", "--field", "permission=write")
    unfit = caller.run(path, "--method", "PUT", "--field", "permission=write")

    assert (refused.code, unfit.code) == (3, 6)
    assert "only with a person's API token" in refused.failure
    assert "API token" not in unfit.failure
