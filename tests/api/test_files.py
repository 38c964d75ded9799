"""Files on their way: downloads and logs, never held whole, and never half there."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from sandbox.certificates import FILES
from sandbox.repositories import Repository
from tests.api.conftest import DOWNLOADS, HELLO, Caller, digest, writer, written
from tests.oracle import Oracle
from tests.program import run_program

LARGE = 64 * 1024 * 1024


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
