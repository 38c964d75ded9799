"""Who commits, if `git-identity` says so."""

import pytest

from tests import parts
from tests.git.conftest import Job
from tests.program import World, run_program

HELLO = "https://bitbucket.org/team/hello.git"
WHO = "Jürgen O'Neil <bot+ci@example.com>"


def who_commits(job: Job) -> str:
    """Make a commit, as in a step that says nothing of who it is, and return author and committer."""
    for name in [name for name in job.env if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]:
        del job.env[name]
    script = f"""
        unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_TRACE GIT_CURL_VERBOSE
        git clone -q {HELLO} one && cd one
        git config user.name Another && git config user.email another@example.com
        git commit -q --allow-empty -m More && git log -1 --format='%an <%ae>, %cn <%ce>'
    """
    return job.succeed("sh", "-euc", script, LC_ALL="C.UTF-8").splitlines()[-1]


def test_commits_are_made_by_it(job: Job) -> None:
    """Whatever the settings of the repository say."""
    job.get_token("--git-identity", WHO)

    assert who_commits(job) == f"{WHO}, {WHO}"


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_env_file_brings_it(world: World, shell: str) -> None:
    """With a quote in it, for a shell to trip over."""
    given = {**world.consumer, "CONFIGURE_GIT": "true", "GIT_IDENTITY": WHO}
    assert run_program(world, env=given).code == 0
    job = Job(world, parts.need("git"))
    command = [parts.need(shell), *(["sh"] if shell == "busybox" else [])]
    job.succeed(*command, "-euc", '. ./.bitbucket-token/env; [ "$(git config user.name)" = "Jürgen O\'Neil" ]')


def test_without_it_the_repository_says_who(job: Job) -> None:
    """As by default."""
    job.get_token()

    assert who_commits(job) == "Another <another@example.com>, Another <another@example.com>"


@pytest.mark.parametrize(
    "given",
    [
        "Bot",
        "bot@example.com",
        "<bot@example.com>",
        "Bot <>",
        "Bot <bot@example.com",
        "Bot bot@example.com>",
        "Bot <a@example.com> <b@example.com>",
        "Bot <a@example.com>, Other <b@example.com>",
        "Bot <<a@example.com>>",
        "Bot <a b@example.com>",
        "Bot <a@example.com> x",
        "... <a@example.com>",
        "Bot <.,;>",
        "Bot\n<a@example.com>",
        "Bot <a@example.com>\n[core]",
        "Bot\x1b[31m <a@example.com>",
    ],
)
def test_what_is_no_identity_is_refused(world: World, given: str) -> None:
    """By name of the input, before anything is sent."""
    outcome = run_program(world, "--configure-git", "true", env={**world.consumer, "GIT_IDENTITY": given})

    assert outcome.code == 2
    assert "git-identity (from GIT_IDENTITY) " in outcome.failure
    assert outcome.requests == []
