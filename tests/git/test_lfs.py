"""Large files: git-lfs asks the same host for more, and is sent no more than git."""

import hashlib
from collections.abc import Callable

import pytest

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
