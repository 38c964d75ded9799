"""Two Bitbuckets in one job, whose tokens come under one name: neither is handed to the other server."""

import pytest

from tests import parts
from tests.git.conftest import Job
from tests.grants.center import Center
from tests.program import run_program

HELLO = "https://bitbucket.org/team/hello.git"


def of_data_center(job: Job) -> dict[str, str]:
    """What has the next step get a Data Center's token."""
    center = Center(job.world)
    address = {"GRANT": "http_access_token", "BASE_URL": job.world.sandbox.data_center_url}
    return {**address, **center.by_password, "CA_FILE": str(job.world.sandbox.ca_file)}


@pytest.mark.parametrize("configured", ["true", "false"])
def test_git_does_not_send_one_servers_token_to_the_other(job: Job, configured: str) -> None:
    """The later one has taken the variable's place; with a token of its own again, git goes on."""
    job.get_token()
    job.get_token(env={**of_data_center(job), "CONFIGURE_GIT": configured})
    assert job.env["BITBUCKET_ACCESS_TOKEN_ORIGIN"] == f"https://127.0.0.1:{job.world.sandbox.port}"
    status, output = job.run("git", "clone", HELLO)
    assert status == 128
    assert "could not read Username for 'https://bitbucket.org'" in output
    assert job.told_to("bitbucket.org") == []

    job.get_token()
    assert job.env["BITBUCKET_ACCESS_TOKEN_ORIGIN"] == "https://bitbucket.org"
    job.succeed("git", "clone", HELLO)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_nor_where_env_files_bring_them(job: Job, shell: str) -> None:
    """In whatever order they are loaded."""
    world = job.world
    for name, env in {"cloud": world.consumer, "center": of_data_center(job)}.items():
        given = {**env, "OUTPUT_FILE": name, "KEEP_FILE": "true", "CONFIGURE_GIT": "true"}
        assert run_program(world, env=given).code == 0
    command = [parts.need(shell), *(["sh"] if shell == "busybox" else []), "-euc"]
    status, _ = job.run(*command, f". ./cloud; . ./center; git clone {HELLO}")
    assert status == 128
    assert job.told_to("bitbucket.org") == []

    status, output = job.run(*command, f". ./center; . ./cloud; git clone {HELLO}")
    assert status == 0, output


def test_two_names_serve_both(job: Job) -> None:
    """As docs/git.md advises."""
    job.get_token()
    job.get_token("--env-name", "CENTER_TOKEN", env=of_data_center(job))
    job.succeed("git", "clone", HELLO)
    job.succeed("git", "clone", f"{job.world.sandbox.data_center_url}/scm/PRJ/hello.git", "other")


def test_a_job_that_hands_on_the_token_alone_still_has_git(job: Job) -> None:
    """Where nothing is said of the server, as in a container that got the variable and git's settings by name."""
    job.get_token()
    del job.env["BITBUCKET_ACCESS_TOKEN_ORIGIN"]
    job.succeed("git", "clone", HELLO)
