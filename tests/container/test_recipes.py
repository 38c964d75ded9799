"""The recipes of the README, word for word, with plain Docker and against the stand-in."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipe import VERSION
from sandbox import Consumer, Sandbox
from tests import parts
from tests.container import engine, images
from tools.generate import IMAGE

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

README = (images.ROOT / "README.md").read_text()
TITLES = (
    "Clone another private repository",
    "Push a tag",
    "Open a pull request",
    "List all repositories of a workspace",
    "Set a secured pipeline variable",
    "Call the REST API with curl",
)


def recipe(title: str) -> str:
    """The commands below a heading of the README."""
    found = re.search(rf"^### {title}$.*?^```sh\n(.*?)^```$", README, re.M | re.S)
    assert found, title
    return found[1].replace("WORKSPACE", "team").replace("REPOSITORY", "hello")


@pytest.fixture
def bitbucket() -> Iterator[Sandbox]:
    """A Bitbucket whose consumer has the permissions that the README names."""
    consumer = Consumer(scopes=("repository:write", "pullrequest:write", "pipeline:variable"))
    with Sandbox(consumers=[consumer]) as sandbox:
        yield sandbox


@pytest.fixture
def shell(bitbucket: Sandbox, given: dict[str, str], ca: str, tmp_path: Path) -> Callable[[str], engine.Ran]:
    """Run commands in one shell, in which the step before has left token and settings of git."""

    def run(script: str) -> engine.Ran:
        where = f"--network=host --env=HTTPS_PROXY --env=CA_FILE {ca}"
        load = f"docker run --rm -e CONSUMER_KEY -e CONSUMER_SECRET {IMAGE}:{VERSION} --print sh --configure-git"
        text = f'eval "$({load})"\n{script}'.replace("docker run", f"docker run {where}")
        who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return engine.command(
            parts.need("dash"),
            "-euc",
            text.replace(f"{IMAGE}:{VERSION}", engine.PIPE_IMAGE),
            env={**bitbucket.environment(), **given, **who, "HOME": str(tmp_path)},
            cwd=tmp_path,
        )

    return run


def test_the_recipes_do_what_their_titles_say(
    shell: Callable[[str], engine.Ran],
    bitbucket: Sandbox,
    tmp_path: Path,
    leaks_nothing: Callable[[str, str], None],
) -> None:
    """One after the other, in one shell; and no log shows the token, nor the value of the variable."""
    password = "the-password-of-the-deployment"
    (tmp_path / "password.txt").write_text(f"{password}\n")
    clone, tag, pull_request, repositories, variable, curl = map(recipe, TITLES)
    done = shell(f"{clone}cd hello\n{tag}git ls-remote --tags\ncd ..\n{pull_request}{repositories}{variable}{curl}")
    log = done.stdout + done.stderr
    leaks_nothing("the log", log)
    hello = bitbucket.repositories.find("team", "hello")
    assert done.returncode == 0, log
    assert hello is not None
    assert "refs/tags/v1.2.3" in done.stdout
    assert [each["title"] for each in hello.pull_requests] == ["Update the changelog"]
    assert done.stdout.count('{"full_name":"team/') == 12
    assert [(each["key"], each["value"], each["secured"]) for each in hello.variables] == [
        ("DEPLOY_PASSWORD", password, True)
    ]
    assert password not in log


def test_first_aid_is_one_line(shell: Callable[[str], engine.Ran], leaks_nothing: Callable[[str, str], None]) -> None:
    """As it stands in the README: each step is told, and none has failed."""
    [line] = re.findall(rf"^docker run .* {IMAGE}:{VERSION} check$", README, re.M)
    done = shell(f"{line}\n{line} --json 2>/dev/null")
    leaks_nothing("the log", done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    lines, _, report = done.stdout.rstrip("\n").rpartition("\n")
    assert [line[:1] for line in lines.splitlines()].count("✔") == 9
    assert json.loads(report)["ok"] is True


def test_git_gets_a_fresh_token_from_the_image(
    shell: Callable[[str], engine.Ran], bitbucket: Sandbox, leaks_nothing: Callable[[str, str], None]
) -> None:
    """As docs/long-jobs.md has it: also when the token of the step before has ended."""
    page = (images.ROOT / "docs/long-jobs.md").read_text()
    [commands] = re.findall(r"^```sh\n(git config --global .*?)^```$", page, re.M | re.S)
    commands = commands.replace("WORKSPACE/REPOSITORY", "team/hello")
    done = shell(f"unset BITBUCKET_ACCESS_TOKEN GIT_CONFIG_COUNT\n{commands}cat hello/README.md")
    leaks_nothing("the log", done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# Hello from the pipe's sandbox" in done.stdout
    assert len(bitbucket.tokens) == 2
