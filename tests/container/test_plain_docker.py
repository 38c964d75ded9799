"""The image in the script of a CI that knows nothing of it."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests import parts
from tests.container import engine

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

USE_TOKEN = Path(__file__).with_name("use_token.sh")


@pytest.fixture(params=["dash", "bash"])
def script(
    request: pytest.FixtureRequest, bitbucket: Sandbox, given: dict[str, str], tmp_path: Path
) -> Callable[[str], engine.Ran]:
    """Run a script where git and curl find the stand-in under Bitbucket's names."""
    shell = parts.need(request.param)

    def run(text: str) -> engine.Ran:
        file = tmp_path / "script"
        file.write_text(text)
        return engine.command(shell, "-eu", str(file), env={**bitbucket.environment(), **given}, cwd=tmp_path)

    return run


@pytest.fixture
def docker_run(given: dict[str, str], ca: str, tmp_path: Path) -> str:
    """The beginning of the command that stands in such a script."""
    names = [f"--env={name}" for name in given]
    options = ["--rm", "--network=host", *names, ca, f"--volume={tmp_path}:/work", "--workdir=/work"]
    return shlex.join([parts.need("docker"), "run", *options, engine.PIPE_IMAGE])


@pytest.mark.parametrize(
    "load", ['eval "$({docker_run} --print sh)"', "{docker_run}\n. ./.bitbucket-token/env"], ids=["print", "file"]
)
def test_a_script_loads_the_token_and_its_log_does_not_show_it(
    script: Callable[[str], engine.Ran],
    docker_run: str,
    load: str,
    bitbucket: Sandbox,
    leaks_nothing: Callable[[str, str], None],
) -> None:
    """With what `--print sh` prints, or the env file in a mounted directory."""
    done = script(f"{load.format(docker_run=docker_run)}\n. {USE_TOKEN}\nexit 7\n")
    leaks_nothing("standard output", done.stdout)
    leaks_nothing("standard error", done.stderr)
    assert done.returncode == 7, done.stderr
    assert len(bitbucket.tokens) == 1
    assert "cloned: # Hello from the pipe's sandbox" in done.stdout
    assert '"full_name": "team/hello"' in done.stdout
    assert "by mistake: ***" in done.stdout
    assert "by mistake, on standard error: ***" in done.stderr


@pytest.mark.parametrize("form", ["raw", "json", "sh", "dotenv"])
def test_print_prints_one_form_and_nothing_else(
    form: str, given: dict[str, str], ca: str, bitbucket: Sandbox, leaks_nothing: Callable[[str, str], None]
) -> None:
    """What is told to people goes to standard error, without a secret."""
    done = engine.run("--print", form, env=given, options=["--rm", ca])
    assert done.returncode == 0, done.stderr
    leaks_nothing("standard error", done.stderr)
    assert bitbucket.tokens[0].value in done.stdout
    assert "Got a bearer token" in done.stderr
    assert "Got a bearer token" not in done.stdout
