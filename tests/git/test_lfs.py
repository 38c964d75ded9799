"""Large files: git-lfs asks the same host for more, and is sent no more than git."""

import hashlib
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
    """git-lfs follows it, whatever git is told of redirects, and is sent nothing to show there."""
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
    status, _ = job.run("git", "clone", address, "three", HOME=str(world.root / "runner" / "home"))

    assert status == 128
    assert job.told_to("localhost") == []
