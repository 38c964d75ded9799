"""Addresses of Bitbucket Cloud in other forms, and what other steps have left in git's settings."""

from pathlib import Path

import pytest

from tests.git.conftest import Job
from tests.program import ROOT

pytestmark = pytest.mark.usefixtures("home")

HELLO = "https://bitbucket.org/team/hello.git"
OLD = "OLD-token-of-yesterday"
PAGE = (ROOT / "docs" / "git.md").read_text()

OTHER_NAMES = (
    "http://bitbucket.org/team/hello.git",
    "git@bitbucket.org:team/hello.git",
    "git@bitbucket.org:/team/hello.git",
    "ssh://git@bitbucket.org/team/hello.git",
    "ssh://git@bitbucket.org:22/team/hello.git",
    "ssh://git@altssh.bitbucket.org/team/hello.git",
    "ssh://git@altssh.bitbucket.org:443/team/hello.git",
    "git@altssh.bitbucket.org:team/hello.git",
)


@pytest.fixture
def home(job: Job) -> Path:
    """A HOME for the later steps; ssh says that it was asked, and goes nowhere."""
    home = job.world.runner / "home"
    home.mkdir()
    job.env |= {"HOME": str(home), "GIT_SSH_COMMAND": "echo ssh was asked >&2; false"}
    return home


def recipe(name: str) -> str:
    """A line of docs/git.md, with the repository of the tests in it."""
    [line] = [line for line in PAGE.splitlines() if name in line and line.startswith("git ")]
    return line.replace("WORKSPACE/REPOSITORY", "team/hello").replace("WORKSPACE", "team").replace("OLD", OLD)


@pytest.mark.parametrize("address", OTHER_NAMES)
def test_the_repository_is_reached_by_every_name_that_it_has(job: Job, address: str) -> None:
    """Over https alone, with the token, to clone as to push; submodules and git-lfs go by the same rules."""
    job.get_token()
    clone = job.world.work / "one"
    job.succeed("git", "clone", address, "one")
    job.succeed("git", "commit", "--allow-empty", "-m", "More", cwd=clone)
    job.succeed("git", "push", "origin", "HEAD", cwd=clone)

    requests = [request for request in job.world.sandbox.requests if ".git/" in request.path]
    assert {(request.scheme, request.host) for request in requests} == {("https", "bitbucket.org")}
    assert address in job.succeed("git", "config", "remote.origin.url", cwd=clone)


def test_the_proxy_of_bitbucket_pipelines_is_not_in_the_way(job: Job, home: Path) -> None:
    """In a step, `origin` goes through a local proxy that has the step's own rights: with the token it must not."""
    job.get_token()
    (home / ".gitconfig").write_text(
        '[http "http://bitbucket.org/team/hello.git"]\n\tproxy = http://localhost:29418/\n'
        '[http "http://bitbucket.org"]\n\tproxy = http://host.docker.internal:29418/\n'
    )
    clone = job.world.work / "one"
    job.succeed("git", "clone", "http://bitbucket.org/team/hello.git", "one")
    job.succeed("git", "tag", "v1.2.3", cwd=clone)
    job.succeed("git", "push", "origin", "v1.2.3", cwd=clone)

    assert "v1.2.3" in job.succeed("git", "ls-remote", "--tags", HELLO)


def test_a_submodule_that_is_named_by_ssh_comes_with_the_clone(job: Job) -> None:
    """No setting of the user's is needed."""
    job.get_token()
    one = job.world.work / "one"
    job.succeed("git", "clone", HELLO, "one")
    job.succeed("git", "submodule", "add", "git@bitbucket.org:team/service-01.git", cwd=one)
    job.succeed("git", "commit", "-m", "Part", cwd=one)
    job.succeed("git", "push", cwd=one)
    job.succeed("git", "clone", "--recurse-submodules", HELLO, "two")

    assert (job.world.work / "two" / "service-01" / "README.md").exists()


@pytest.mark.parametrize("address", ["git@bitbucket.org.example.com:team/hello.git", "git@gitlab.com:team/hello.git"])
def test_other_hosts_are_reached_by_ssh_as_before(job: Job, address: str) -> None:
    """Only the names of Bitbucket Cloud are others for the same."""
    job.get_token()
    status, output = job.run("git", "clone", address)

    assert status == 128
    assert "ssh was asked" in output


@pytest.mark.parametrize("name", ["url.git@bitbucket.org:.insteadOf", "url.git@bitbucket.org:WORKSPACE/.insteadOf"])
def test_who_wants_ssh_all_the_same_has_it_by_one_line(job: Job, name: str) -> None:
    """As docs/git.md has it, for all repositories or for those of one workspace."""
    job.get_token()
    job.succeed("sh", "-euc", recipe(name))
    status, output = job.run("git", "clone", "git@bitbucket.org:team/hello.git")

    assert status == 128
    assert "ssh was asked" in output
    job.succeed("git", "clone", HELLO)


@pytest.mark.parametrize("key", ["http.extraHeader", "http.https://bitbucket.org/.extraHeader"])
def test_a_header_that_another_step_has_left_is_not_sent(job: Job, key: str) -> None:
    """Without the settings it is refused; with them, the token goes instead."""
    job.succeed("git", "config", "--global", key, f"Authorization: Bearer {OLD}")
    status, _ = job.run("git", "clone", HELLO)
    assert status == 128
    assert job.told_to("bitbucket.org") == [f"Bearer {OLD}"]

    job.get_token()
    known = len(job.told_to("bitbucket.org"))
    job.succeed("git", "clone", HELLO)
    assert {sent.partition(" ")[0] for sent in job.told_to("bitbucket.org")[known:]} == {"Basic"}


STALE = {
    "http.https://bitbucket.org/WORKSPACE/.extraHeader": (
        f"git config --global http.https://bitbucket.org/team/.extraHeader 'Authorization: Bearer {OLD}'",
        "git config --global --unset-all http.https://bitbucket.org/WORKSPACE/.extraHeader",
    ),
    "credentials in the remote": (
        f"git remote set-url origin https://x-token-auth:{OLD}@bitbucket.org/team/hello.git",
        "git remote set-url origin",
    ),
    "credentials in a rule": (
        f"git config --global url.https://x-token-auth:{OLD}@bitbucket.org/.insteadOf https://bitbucket.org/",
        "git config --global --remove-section",
    ),
}


@pytest.mark.parametrize("kind", STALE)
def test_what_git_puts_before_the_settings_is_mended_by_a_line(job: Job, kind: str) -> None:
    """What docs/git.md says stands in the way does, and the line that it names ends that."""
    job.get_token()
    clone = job.world.work / "one"
    job.succeed("git", "clone", HELLO, "one")
    spoil, mend = STALE[kind]
    job.run("sh", "-euc", spoil, cwd=clone)
    status, output = job.run("git", "fetch", cwd=clone)
    assert status == 128
    assert "Authentication failed" in output

    job.run("sh", "-euc", recipe(mend), cwd=clone)
    job.succeed("git", "fetch", cwd=clone)
