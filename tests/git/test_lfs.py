"""Large files: git-lfs asks the same host for more, and is sent no more than git."""

import hashlib
import json
from collections.abc import Callable

import pytest

from sandbox import Fault
from tests import parts
from tests.git.conftest import Job
from tests.git.test_data_center import CenterJob
from tests.program import World

LARGE = bytes(range(256)) * 5000
OID = hashlib.sha256(LARGE).hexdigest()


@pytest.fixture
def store(world: World) -> Callable[[Job, str], None]:
    """Push a large file from one clone, and get it with another."""
    parts.need("git-lfs")
    home = world.root / "runner" / "home"

    def push_and_get(job: Job, address: str) -> None:
        home.mkdir()
        # git-lfs shows a bearer token there, which git itself does not; a CI system's log masks it.
        job.env["GIT_CURL_VERBOSE"] = "0"
        work, here = world.work, str(home)
        job.succeed("git", "lfs", "install", HOME=here)
        job.succeed("git", "clone", address, "one", HOME=here)
        (work / "one" / "large.bin").write_bytes(LARGE)
        commands = [("lfs", "track", "*.bin"), ("add", "."), ("commit", "-m", "Large")]
        commands += [("config", "lfs.locksverify", "false"), ("push",)]
        for command in commands:
            job.succeed("git", *command, cwd=work / "one", HOME=here)
        job.succeed("git", "clone", address, "two", HOME=here)
        assert (work / "two" / "large.bin").read_bytes() == LARGE
        assert "oid sha256" in job.succeed("git", "show", "HEAD:large.bin", cwd=work / "two", HOME=here)

    return push_and_get


def test_large_files_go_with_the_token_on_cloud(job: Job, store: Callable[[Job, str], None]) -> None:
    """The files lie at the same host, which wants the token for each."""
    job.get_token()
    store(job, "https://bitbucket.org/team/hello.git")

    assert job.world.sandbox.git.lfs.objects == {OID: LARGE}


def test_large_files_are_locked_and_pulled_on_cloud(job: Job, store: Callable[[Job, str], None]) -> None:
    """Bitbucket answers 403, not 401, to who asks without a token, so git-lfs has to show it at once."""
    job.get_token()
    store(job, "https://bitbucket.org/team/hello.git")
    two = job.world.work / "two"
    job.env["HOME"] = str(job.world.root / "runner" / "home")
    lfs = job.world.sandbox.git.lfs
    job.succeed("git", "lfs", "lock", "large.bin", cwd=two)
    assert [lock["path"] for lock in lfs.locks.values()] == ["large.bin"]
    assert "large.bin" in job.succeed("git", "lfs", "locks", "--verify", cwd=two)
    job.succeed("git", "lfs", "unlock", "large.bin", cwd=two)
    assert lfs.locks == {}

    (two / "large.bin").write_bytes(LARGE[::-1])
    job.succeed("git", "commit", "--all", "-m", "Turned", cwd=two)
    job.succeed("git", "push", cwd=two)
    job.succeed("git", "pull", cwd=job.world.work / "one")
    assert (job.world.work / "one" / "large.bin").read_bytes() == LARGE[::-1]
    asked = [request for request in job.world.sandbox.requests if "/info/lfs/" in request.path]
    assert {request.authorization[0] for request in asked} == {"basic"}


def test_a_file_that_lies_at_another_host_is_fetched_without_the_token(
    job: Job, store: Callable[[Job, str], None]
) -> None:
    """As the batch names it, with what it needs in its address."""
    job.get_token()
    store(job, "https://bitbucket.org/team/hello.git")
    place = f"https://localhost:{job.world.sandbox.port}/elsewhere.git/{OID}"
    entry = {"oid": OID, "size": len(LARGE), "actions": {"download": {"href": f"{place}?key=its-own"}}}
    body = json.dumps({"transfer": "basic", "objects": [entry]})
    json_type = {"Content-Type": "application/vnd.git-lfs+json"}
    batch = Fault("/team/hello.git/info/lfs/objects/batch", status=200, headers=json_type, body=body)
    job.world.sandbox.faults.add(batch, Fault(f"/elsewhere.git/{OID}", status=200, body=LARGE))
    home = str(job.world.root / "runner" / "home")
    job.succeed("git", "clone", "https://bitbucket.org/team/hello.git", "three", HOME=home)

    assert (job.world.work / "three" / "large.bin").read_bytes() == LARGE
    assert job.told_to("localhost") == []


def test_git_lfs_does_not_go_on_with_a_token_that_has_ended(job: Job, store: Callable[[Job, str], None]) -> None:
    """It would for ever, up to 3.7, for it is not asked whether what was refused is what it is given again."""
    job.get_token()
    store(job, "https://bitbucket.org/team/hello.git")
    job.env["BITBUCKET_ACCESS_TOKEN_EXPIRES_AT"] = "2026-01-01T00:00:00Z"
    known = len(job.world.sandbox.requests)
    status, output = job.run(
        "git", "lfs", "locks", cwd=job.world.work / "two", HOME=str(job.world.root / "runner" / "home")
    )

    assert status != 0
    assert "the token in BITBUCKET_ACCESS_TOKEN expired at 2026-01-01T00:00:00Z; get another" in output
    assert job.world.sandbox.requests[known:] == []


def test_large_files_go_with_the_token_on_a_data_center(world: World, store: Callable[[Job, str], None]) -> None:
    """The batch is asked with the token; the files lie elsewhere, and want the header that the batch named, alone."""
    job = CenterJob(world, parts.need("git"))
    job.make_token()
    store(job, job.hello)

    assert world.sandbox.data_center_git.lfs.objects == {OID: LARGE}


@pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "data center"])
def test_a_redirect_to_another_host_takes_no_token_along(
    world: World, store: Callable[[Job, str], None], cloud: bool
) -> None:
    """git-lfs follows it, whatever git is told of redirects, and has nothing to show there."""
    job = Job(world, parts.need("git")) if cloud else CenterJob(world, parts.need("git"))
    if isinstance(job, CenterJob):
        job.make_token()
        address, path = job.hello, "/bitbucket/scm/PRJ/{}.git/info/lfs/objects/batch"
    else:
        job.get_token()
        address, path = "https://bitbucket.org/team/hello.git", "/team/{}.git/info/lfs/objects/batch"
    store(job, address)
    target = f"https://localhost:{world.sandbox.port}{path.format('elsewhere')}"
    world.sandbox.faults.add(Fault(path.format("hello"), "redirect", times=None, status=307, location=target))
    status, output = job.run("git", "clone", address, "three", HOME=str(world.root / "runner" / "home"))

    assert status == 128
    if cloud:
        # Told that there is something to show, it asks for that before it goes there.
        assert "could not read Username for 'https://localhost" in output
        assert not any(request.host.startswith("localhost") for request in world.sandbox.requests)
    else:
        assert job.told_to("localhost") == []
