"""What is fetched from elsewhere than the API, with the token or without it; and what the heads of answers say."""

import io
import os
import subprocess
import tarfile

import pytest

from sandbox.certificates import FILES
from tests import parts
from tests.api.conftest import API, HELLO, Caller
from tests.program import run_program

ARCHIVE = "https://bitbucket.org/team/hello/get/main.tar.gz"


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
