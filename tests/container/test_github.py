"""The action in a GitHub workflow, run by `act`.

`act` masks what it is told to mask and nothing that GitHub's runner would derive from that: this shows that the action
works and registers every form itself, not how GitHub masks.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests import parts
from tests.container import engine, images
from tests.oracle import Oracle

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

# On a busy machine the engine sometimes loses the job's container to `act` before any step has begun.
_TRIES = 3


@pytest.fixture
def checkout(bitbucket: Sandbox, tmp_path: Path) -> Path:
    """A clone of the tree as it is, uncommitted changes included, with the stand-in's CA in it."""
    folder = tmp_path / "checkout"
    listed = engine.command("git", "-C", str(images.ROOT), "ls-files", "-z", "-co", "--exclude-standard").stdout
    for name in filter(None, listed.split("\0")):
        if (source := images.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    shutil.copy(bitbucket.ca_file, folder / "ca.pem")
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), (*author, "commit", "-q", "-m", "Test")):
        assert engine.command("git", "-C", str(folder), *arguments).returncode == 0
    return folder


@pytest.fixture
def act(checkout: Path, bitbucket: Sandbox, job_image: str, tmp_path: Path) -> Callable[[str], engine.Ran]:
    """Run one job of the workflow."""
    program = parts.need("act")

    def run(job: str) -> engine.Ran:
        env = {
            "CONSUMER_KEY": bitbucket.consumer.key,
            "CONSUMER_SECRET": bitbucket.consumer.secret,
            "PASSWORD": bitbucket.data_center.bot.password,
            "DOCKER_BUILDKIT": "0",
            "HOME": str(tmp_path / "home"),
            "XDG_CACHE_HOME": str(tmp_path / "home" / "cache"),
            "XDG_CONFIG_HOME": str(tmp_path / "home" / "config"),
            "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
        }
        options = ["--bind", "--platform", f"ubuntu-latest={job_image}", "--pull=false", "--network", "host", "--rm"]
        options += ["--no-cache-server", "--directory", str(checkout), "--job", job]
        options += ["--workflows", str(checkout / "tests/container/workflows/github.yml")]
        for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "PASSWORD"):
            options += ["--secret", name]
        center = f"CENTER={bitbucket.url}/bitbucket"
        for variable in (f"PROXY={bitbucket.proxy_url}", center, f"USERNAME={bitbucket.data_center.bot.name}"):
            options += ["--var", variable]
        for _ in range(_TRIES):
            done = engine.command(program, "push", *options, env=env, timeout=180)
            if "Success - Set up job" in done.stdout:
                break
        return done

    return run


def test_later_steps_use_the_token_and_the_log_does_not_show_it(
    act: Callable[[str], engine.Ran], bitbucket: Sandbox, leaks_nothing: Callable[[str, str], None]
) -> None:
    """A clone over HTTPS, a call of the REST API, outputs, and a step that prints the token by mistake.

    At the end of the job the runner starts the image once more, and one line says that Cloud takes no token back.
    """
    done = act("token")
    log = done.stdout + done.stderr
    leaks_nothing("the log", log)
    assert done.returncode == 0, log
    assert len(bitbucket.tokens) == 1
    assert "cloned: # Hello from the pipe's sandbox" in log
    assert '"full_name": "team/hello"' in log
    assert "by mistake: ***" in log
    assert "by mistake, on standard error: ***" in log
    assert "output and variable are the same" in log
    assert "The token is good for" in log
    assert "scopes: account repository:write" in log
    lines = [line for line in log.splitlines() if "no way to revoke a token: this one works until 20" in line]
    assert len(lines) == 1
    assert log.index("it ends at") < log.index(lines[0])


def test_later_steps_use_plain_git_whoever_they_run_as(
    act: Callable[[str], engine.Ran],
    bitbucket: Sandbox,
    checkout: Path,
    leaks_nothing: Callable[[str, str], None],
) -> None:
    """A push, a submodule and a tag; another user without a HOME; and no token in what git leaves."""
    done = act("git")
    log = done.stdout + done.stderr
    leaks_nothing("the log", log)
    assert done.returncode == 0, log
    assert "submodule: # Hello from the pipe's sandbox" in log
    assert "tag: v1" in log
    assert "another user: # Hello from the pipe's sandbox" in log
    oracle = Oracle([token.value for token in bitbucket.tokens])
    for folder in ("plain", "again", "theirs"):
        oracle.check_tree(checkout / folder)


def test_at_the_end_of_the_job_a_data_center_has_no_token_of_it_any_more(
    act: Callable[[str], engine.Ran], bitbucket: Sandbox
) -> None:
    """Although `act` hands no state to a Docker action: a variable tells the token's name."""
    done = act("data-center")
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    [made] = bitbucket.data_center.tokens.made
    Oracle([made.value, bitbucket.data_center.bot.password]).check("the log", log)
    assert "there is a token" in log
    assert f"Deleted the token called {made.name}." in log
    assert bitbucket.data_center.tokens.of(made.owner) == []


def test_a_refused_consumer_fails_the_step_and_exports_nothing(
    act: Callable[[str], engine.Ran], bitbucket: Sandbox
) -> None:
    """The failure says what to do; a later step finds no variable."""
    done = act("refused")
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    assert "outcome: failure" in log
    assert "variable: not set" in log
    assert "Now:" in log
    assert "this-is-the-wrong-secret" not in log
    assert "Nothing to revoke" in log
    assert log.count("::error title=") == 1
    assert bitbucket.tokens == []
