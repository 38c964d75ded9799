"""The pipe in a step of Bitbucket Pipelines.

The `docker run` line is that of bitbucket-pipeline-runner, and so is the way the step's script is run. Its agent's
directory, /opt/atlassian/pipelines, is elsewhere here: the test needs no right to make it and leaves nothing.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline_runner.models import Pipe

from sandbox import Sandbox
from tests import parts
from tests.container import engine

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

USE_TOKEN = Path(__file__).with_name("use_token.sh")
USE_GIT = Path(__file__).with_name("use_git.sh")
AGENT = "/opt/atlassian/pipelines"
STORAGE = ".bitbucket/pipelines/generated/pipeline/pipes"


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """The agent's directory, with the step's clone in it, which belongs to the step's user."""
    agent = tmp_path / "pipelines"
    for folder in ("agent/build", "agent/ssh", "bin"):
        (agent / folder).mkdir(parents=True)
    (agent / "bin/docker").touch()
    if os.geteuid() == 0:
        os.chown(agent / "agent/build", 12345, 12345)
    return agent


@pytest.fixture
def pipe(agent: Path, bitbucket: Sandbox) -> str:
    """The command that Bitbucket makes of `- pipe: ...` in the script."""
    clone = agent / "agent/build"
    (clone / "ca.pem").write_bytes(bitbucket.ca_file.read_bytes())
    variables = {
        "CONSUMER_KEY": "$CONSUMER_KEY",
        "CONSUMER_SECRET": "$CONSUMER_SECRET",
        "HTTPS_PROXY": "$HTTPS_PROXY",
        "CA_FILE": "ca.pem",
        "CONFIGURE_GIT": "true",
        "VERIFY": "true",
    }
    command = (
        Pipe.model_validate({"pipe": engine.PIPE_IMAGE, "variables": variables}).as_cmd().replace(AGENT, str(agent))
    )
    storage = [
        f"--env=BITBUCKET_PIPE_STORAGE_DIR={clone}/{STORAGE}/bitbucket-token/bitbucket-token",
        f"--env=BITBUCKET_PIPE_SHARED_STORAGE_DIR={clone}/{STORAGE}",
    ]
    return command.replace("docker run ", f"docker run --network=host {' '.join(storage)} ", 1)


@pytest.fixture(params=["bash -i", "bash", "dash"])
def step(
    request: pytest.FixtureRequest, agent: Path, bitbucket: Sandbox, given: dict[str, str], tmp_path: Path
) -> Callable[[str], engine.Ran]:
    """Run a script as a step: by an interactive bash, or by sh where the step's image has no bash."""
    shell, *options = request.param.split()
    program = parts.need(shell)

    def run(script: str) -> engine.Ran:
        file = tmp_path / "script"
        file.write_text(f"set -e\n{script}\nexit 7\n")
        env = {
            **bitbucket.environment(),
            "CONSUMER_KEY": given["CONSUMER_KEY"],
            "CONSUMER_SECRET": given["CONSUMER_SECRET"],
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "1",
            "BITBUCKET_PIPELINE_UUID": "{00000000-0000-4000-8000-000000000000}",
            "BITBUCKET_CLONE_DIR": str(agent / "agent/build"),
            "BITBUCKET_WORKSPACE": "team",
            "BITBUCKET_REPO_FULL_NAME": "team/hello",
            "HOME": str(tmp_path),
        }
        return engine.command(program, *options, str(file), env=env, cwd=agent / "agent/build")

    return run


def test_the_next_line_loads_the_token_and_the_log_does_not_show_it(
    step: Callable[[str], engine.Ran],
    pipe: str,
    agent: Path,
    bitbucket: Sandbox,
    leaks_nothing: Callable[[str, str], None],
) -> None:
    """As in the README: the pipe, the line after it, a clone, a call, and a print by mistake."""
    done = step(f"{pipe}\n. ./.bitbucket-token/env\n. {USE_TOKEN}")
    leaks_nothing("standard output", done.stdout)
    leaks_nothing("standard error", done.stderr)
    assert done.returncode == 7, done.stderr
    assert "on Bitbucket Pipelines" in done.stdout
    assert "The token is good for" in done.stdout
    assert len(bitbucket.tokens) == 1
    assert "cloned: # Hello from the pipe's sandbox" in done.stdout
    assert '"full_name": "team/hello"' in done.stdout
    assert "by mistake: ***" in done.stdout
    assert "by mistake, on standard error: ***" in done.stderr
    assert not (agent / "agent/build/.bitbucket-token/env").exists()


def test_the_lines_after_it_use_plain_git(
    step: Callable[[str], engine.Ran], pipe: str, leaks_nothing: Callable[[str, str], None]
) -> None:
    """A push, a submodule and a tag, in the step's own shell."""
    done = step(f"{pipe}\n. ./.bitbucket-token/env\n. {USE_GIT}")
    leaks_nothing("the log", done.stdout + done.stderr)
    assert done.returncode == 7, done.stderr
    assert "submodule: # Hello from the pipe's sandbox" in done.stdout
    assert "tag: v1" in done.stdout


def test_the_env_file_belongs_to_the_steps_user_and_git_does_not_see_it(
    step: Callable[[str], engine.Ran], pipe: str, agent: Path
) -> None:
    """The pipe is root, the step may be somebody else; and `git add .` must not commit a token."""
    clone = agent / "agent/build"
    done = step(f"git init -q .\n{pipe}\ngit -c safe.directory='*' status --short --untracked-files=all")
    assert done.returncode == 7, done.stderr
    for path, mode in ((clone / ".bitbucket-token", 0o700), (clone / ".bitbucket-token/env", 0o600)):
        status = path.stat()
        assert stat.S_IMODE(status.st_mode) == mode
        assert status.st_uid == clone.stat().st_uid
    assert "?? ca.pem" in done.stdout
    assert "bitbucket-token" not in done.stdout.partition("?? ")[2]


def test_a_token_that_does_not_see_the_pipelines_repository_is_not_handed_on(
    step: Callable[[str], engine.Ran], pipe: str, agent: Path
) -> None:
    """`VERIFY: true` asks for the repository that the pipeline runs for."""
    done = step(f"BITBUCKET_REPO_FULL_NAME=other/hidden\n{pipe}\necho still here")
    assert done.returncode == 6, done.stderr
    assert "still here" not in done.stdout
    assert "other/hidden" in done.stdout + done.stderr
    assert not (agent / "agent/build/.bitbucket-token").exists()


def test_a_failed_pipe_ends_the_step(step: Callable[[str], engine.Ran], pipe: str, bitbucket: Sandbox) -> None:
    """The lines after it do not run without a token."""
    done = step(f"CONSUMER_SECRET=this-is-the-wrong-secret\n{pipe}\necho still here")
    assert done.returncode == 3
    assert "still here" not in done.stdout
    assert "Now:" in done.stdout + done.stderr
    assert bitbucket.tokens == []
