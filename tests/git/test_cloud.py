"""Bitbucket Cloud: plain git clones, fetches, pushes and gets submodules, and no other host gets the token."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox import Fault
from tests import parts
from tests.git.conftest import Job
from tests.program import ROOT

HELLO = "https://bitbucket.org/team/hello.git"


def test_a_later_step_clones_fetches_and_pushes(job: Job) -> None:
    """With plain commands, and with the address that Bitbucket's own button copies, which names a user."""
    job.get_token()
    work = job.world.work
    job.succeed("git", "clone", HELLO, "one")
    job.succeed("git", "clone", "https://alice@bitbucket.org/team/hello.git", "two")
    (work / "one" / "more").write_text("more\n")
    for command in (("add", "."), ("commit", "-m", "More"), ("push",), ("tag", "v1"), ("push", "origin", "v1")):
        job.succeed("git", *command, cwd=work / "one")
    job.succeed("git", "pull", cwd=work / "two")

    assert (work / "two" / "more").read_text() == "more\n"
    assert "v1" in job.succeed("git", "ls-remote", "--tags", HELLO)


def test_submodules_of_a_clone_come_with_it(job: Job) -> None:
    """Those with an address of their own, and those beside the repository."""
    job.get_token()
    work = job.world.work
    job.succeed("git", "clone", HELLO, "one")
    for address in ("../service-01.git", "https://bitbucket.org/team/service-02.git"):
        job.succeed("git", "submodule", "add", address, cwd=work / "one")
    for command in (("commit", "-m", "Parts"), ("push",)):
        job.succeed("git", *command, cwd=work / "one")
    job.succeed("git", "clone", "--recurse-submodules", HELLO, "two")
    job.succeed("git", "clone", HELLO, "three")
    job.succeed("git", "submodule", "update", "--init", cwd=work / "three")

    for clone in ("two", "three"):
        for part in ("service-01", "service-02"):
            assert (work / clone / part / "README.md").read_text().startswith("# Hello")


def test_another_home_and_another_user_make_no_difference(job: Job) -> None:
    """The program ran as this user with a HOME of its own; the later step has neither, and needs no file of it."""
    outcome = job.get_token()
    place = job.world.work / "theirs"
    place.mkdir()
    job.world.root.chmod(0o711)
    ca_file = place / "ca.pem"
    ca_file.write_bytes(job.world.sandbox.ca_file.read_bytes())
    job.env["GIT_SSL_CAINFO"] = str(ca_file)
    user = 65534 if os.geteuid() == 0 else None
    if user:
        os.chown(place, user, user)
    job.succeed("git", "clone", HELLO, cwd=place, user=user)
    job.succeed("git", "clone", HELLO, "again", cwd=place, user=user, HOME=str(place))

    assert set(outcome.files) == {"runner/env", "runner/output", "runner/summary"}
    assert (place / "hello" / "README.md").exists()


def test_the_helpers_of_the_machine_are_not_told_the_token(job: Job) -> None:
    """One that writes down what it is told is not asked for this host; for others it is as before."""
    job.get_token()
    home = job.world.root / "runner" / "home"
    home.mkdir()
    told = home / "told"
    (home / ".gitconfig").write_text(f'[credential]\n\thelper = "!f() {{ cat >>{told}; }}; f"\n')
    job.succeed("git", "clone", HELLO, HOME=str(home))
    assert not told.exists()

    status, _ = job.run("git", "ls-remote", f"{job.world.sandbox.url}/team/hello.git", HOME=str(home))
    assert status == 128
    assert "host=127.0.0.1" in told.read_text()


def test_another_host_is_sent_nothing(job: Job) -> None:
    """The stand-in itself would take the token under another name too."""
    job.get_token()
    status, output = job.run("git", "clone", f"{job.world.sandbox.url}/team/hello.git")

    assert status == 128
    assert "could not read Username" in output
    assert job.told_to("127.0.0.1") == []


REFUSE = Fault("/team/moved.git/info/refs", status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})


@pytest.mark.parametrize("first", [[], [REFUSE]], ids=["at once", "once the token was sent"])
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_to_another_host_takes_no_token_along(job: Job, first: list[Fault], status: int) -> None:
    """Git follows it, is asked for a password there, and has none; bitbucket.org gets the token as before."""
    job.get_token()
    target = f"https://localhost:{job.world.sandbox.port}/team/hello.git/info/refs?service=git-upload-pack"
    moved = Fault("/team/moved.git/*", "redirect", times=None, status=status, location=target)
    job.world.sandbox.faults.add(*first, moved)
    code, output = job.run("git", "clone", "https://bitbucket.org/team/moved.git")

    assert code == 128
    assert "could not read Username for 'https://localhost" in output or "Authentication failed" in output
    assert job.told_to("localhost") == []
    assert len(job.told_to("bitbucket.org")) == len(first)


def test_the_recipe_for_older_git_works_and_tells_no_other_host(job: Job) -> None:
    """As docs/git.md has it, without `configure-git`: neither a redirect nor another address gets the token."""
    page = (ROOT / "docs" / "git.md").read_text()
    [recipe] = [block for block in page.split("```")[1::2] if "credential." in block and "x-token-auth" in block]
    recipe = recipe.removeprefix("sh\n").replace("WORKSPACE/REPOSITORY", "team/hello")
    job.get_token()
    job.env = {"BITBUCKET_ACCESS_TOKEN": job.env["BITBUCKET_ACCESS_TOKEN"]}
    job.succeed("sh", "-euc", recipe)
    assert (job.world.work / "hello" / "README.md").exists()

    other = f"https://localhost:{job.world.sandbox.port}/team/hello.git"
    target = f"{other}/info/refs?service=git-upload-pack"
    job.world.sandbox.faults.add(Fault("/team/moved.git/*", "redirect", times=None, status=301, location=target))
    for address in ("https://bitbucket.org/team/moved.git", other):
        status, output = job.run("sh", "-euc", recipe.replace(HELLO, f"{address} elsewhere"))
        assert status == 128
        assert "could not read Username for 'https://localhost" in output
    assert job.told_to("localhost") == []


def test_a_redirect_of_what_is_pushed_takes_no_token_along(job: Job) -> None:
    """Not even the commits go there."""
    job.get_token()
    clone = job.world.work / "hello"
    job.succeed("git", "clone", HELLO)
    job.succeed("git", "commit", "--allow-empty", "-m", "More", cwd=clone)
    target = f"https://localhost:{job.world.sandbox.port}/team/hello.git/git-receive-pack"
    fault = Fault("/team/hello.git/git-receive-pack", "redirect", times=None, status=307, location=target)
    job.world.sandbox.faults.add(fault)
    status, _ = job.run("git", "push", cwd=clone)

    assert status != 0
    assert not any(request.host.startswith("localhost") for request in job.world.sandbox.requests)


def test_a_token_that_has_expired_is_refused_by_git_at_once(job: Job) -> None:
    """It does not ask again and again, and no other token is tried."""
    job.get_token()
    job.world.sandbox.tokens[0].expire()
    status, output = job.run("git", "clone", HELLO)

    assert status == 128
    assert "Authentication failed" in output


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
@pytest.mark.parametrize(
    ("end", "answers"), [("2026-01-01T00:00:00Z", False), ("2999-01-01T00:00:00Z", True), ("", True), (None, True)]
)
def test_a_token_whose_end_has_passed_is_not_shown(job: Job, shell: str, end: str | None, answers: bool) -> None:
    """Git is told why, and asks nobody else; where no end is known, the token is tried."""
    job.get_token()
    job.env.pop("BITBUCKET_ACCESS_TOKEN_EXPIRES_AT")
    job.env |= {} if end is None else {"BITBUCKET_ACCESS_TOKEN_EXPIRES_AT": end}
    command = [parts.need(shell), *(["sh"] if shell == "busybox" else []), "-c"]
    helper = job.env["GIT_CONFIG_VALUE_1"].removeprefix("!")
    done = subprocess.run(
        [*command, f"{helper} get"],
        env={"PATH": os.environ["PATH"], **job.env},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if answers:
        token = job.env["BITBUCKET_ACCESS_TOKEN"]
        assert (done.stdout, done.stderr) == (f"username=x-token-auth\npassword={token}\n", "")
        return
    assert done.stdout == "quit=1\n"
    status, output = job.run("git", "clone", HELLO, GIT_ASKPASS="/bin/false")
    assert status == 128
    assert f"the token in BITBUCKET_ACCESS_TOKEN expired at {end}; get another, see docs/long-jobs.md." in output
    assert job.told_to("bitbucket.org") == []


def test_without_the_variable_the_helper_says_nothing(job: Job) -> None:
    """A step that was not given the token falls back to what git does without a helper."""
    job.get_token()
    del job.env["BITBUCKET_ACCESS_TOKEN"]
    status, output = job.run("git", "clone", HELLO)

    assert status == 128
    assert "could not read Username" in output


def test_a_second_token_takes_the_place_of_the_first(job: Job) -> None:
    """A job that lives longer than a token gets another one, under the same name or a new one."""
    job.get_token()
    settings = int(job.env["GIT_CONFIG_COUNT"])
    job.world.sandbox.tokens[0].expire()
    job.get_token()
    job.succeed("git", "clone", HELLO, "one")
    job.world.sandbox.tokens[1].expire()
    job.get_token("--env-name", "ANOTHER")
    job.succeed("git", "clone", HELLO, "two")

    assert int(job.env["GIT_CONFIG_COUNT"]) == 3 * settings


def test_settings_that_are_there_already_stay(job: Job) -> None:
    """Git counts on, and sees both."""
    job.env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Somebody"}
    job.get_token()

    assert int(job.env["GIT_CONFIG_COUNT"]) > 1
    assert "Somebody" in job.succeed("git", "config", "user.name")
    job.succeed("git", "clone", HELLO)


def test_an_api_token_is_sent_under_its_own_user_name(job: Job) -> None:
    """As Bitbucket wants a person's API token."""
    token = job.world.sandbox.api_token("me@example.com", "read:user:bitbucket", "repository")
    given = {"ACCESS_TOKEN": token.value, "ACCESS_TOKEN_KIND": "api-token", "USERNAME": "me@example.com"}
    job.get_token("--grant", "access_token", env=given)
    job.succeed("git", "clone", HELLO)

    assert (job.world.work / "hello" / "README.md").exists()


@pytest.mark.parametrize("name", ["A", "_9", "Token"])
def test_the_helper_reads_the_variable_of_that_name(job: Job, name: str) -> None:
    """`env-name` is the user's choice."""
    job.get_token("--env-name", name)
    job.succeed("git", "clone", HELLO)

    assert Path(job.world.work, "hello").is_dir()
