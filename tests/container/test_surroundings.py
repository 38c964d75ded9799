"""The image where earlier steps, the machine or the network are against it."""

import os
import signal
import time
from pathlib import Path

import pytest

from sandbox import Fault, Sandbox
from tests.container import engine

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

TOKEN_PATH = "/site/oauth2/access_token"


def _token(bitbucket: Sandbox) -> str:
    assert len(bitbucket.tokens) == 1
    return bitbucket.tokens[0].value


def test_hostile_paths_change_nothing(bitbucket: Sandbox, given: dict[str, str], ca: str, tmp_path: Path) -> None:
    """GitHub hands on whatever an earlier step wrote to its environment file: none of it may load other code."""
    for name in ("requests", "pipe", "sitecustomize", "usercustomize", "json", "socket"):
        (tmp_path / f"{name}.py").write_text("print('hijacked')\nraise SystemExit(99)\n")
    hostile = {
        "PATH": "/utter-nonsense",
        "PYTHONPATH": "/hostile",
        "PYTHONHOME": "/hostile",
        "PYTHONSTARTUP": "/hostile/pipe.py",
        "PYTHONUSERBASE": "/hostile",
        "PYTHONINSPECT": "1",
        "PYTHONNODEBUGRANGES": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONVERBOSE": "3",
    }
    options = ["--rm", ca, f"--volume={tmp_path}:/hostile", "--workdir=/hostile"]
    options += [f"--env={name}={value}" for name, value in hostile.items()]
    done = engine.run("--print", "raw", env=given, options=options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == _token(bitbucket)
    assert "hijacked" not in done.stderr
    assert "import " not in done.stderr


def test_the_root_file_system_may_be_read_only(bitbucket: Sandbox, given: dict[str, str], ca: str) -> None:
    """Without a /tmp, without any capability."""
    options = ["--rm", ca, "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    done = engine.run("--print", "raw", env=given, options=options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == _token(bitbucket)


def test_another_user_may_run_it(bitbucket: Sandbox, given: dict[str, str], ca: str) -> None:
    """The image's user is root for the runners; nothing in it needs that."""
    bitbucket.ca_file.parent.chmod(0o755)
    bitbucket.ca_file.chmod(0o644)
    done = engine.run("--print", "raw", env=given, options=["--rm", ca, "--user=12345:12345"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == _token(bitbucket)


def test_variables_with_hyphens_arrive(bitbucket: Sandbox, given: dict[str, str], ca: str) -> None:
    """GitHub names an input's variable after the input, and inputs have hyphens."""
    env = {"INPUT_CONSUMER-KEY": bitbucket.consumer.key, "INPUT_CONSUMER-SECRET": bitbucket.consumer.secret}
    env |= {"INPUT_CA-FILE": given["CA_FILE"], "HTTPS_PROXY": given["HTTPS_PROXY"]}
    done = engine.run("--print", "raw", env=env, options=["--rm", ca])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == _token(bitbucket)


def test_without_a_network_it_gives_up_in_time_and_says_what_to_do(given: dict[str, str]) -> None:
    """Exit code 4, with advice, and no later than the deadline."""
    consumer = {name: given[name] for name in ("CONSUMER_KEY", "CONSUMER_SECRET")}
    start = time.monotonic()
    done = engine.run(env={**consumer, "DEADLINE": "4"}, network="none")
    assert done.returncode == 4
    assert time.monotonic() - start < 4 + 3
    shown = done.stdout + done.stderr
    assert "bitbucket.org" in shown
    assert "Why:" in shown
    assert "Now:" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once(
    bitbucket: Sandbox,
    given: dict[str, str],
    ca: str,
    tmp_path: Path,
    number: signal.Signals,
    code: int,
) -> None:
    """Python is process 1 here, where a signal without a handler is ignored: `docker stop` would take ten seconds."""
    bitbucket.faults.add(Fault(TOKEN_PATH, "silence", times=None))
    options = ["--detach", ca, f"--volume={tmp_path}:/work", "--workdir=/work"]
    name = engine.run(env=given, options=options).stdout.strip()
    try:
        _wait_for_request(bitbucket)
        start = time.monotonic()
        engine.output("kill", "--signal", str(int(number)), name)
        assert engine.output("wait", name) == str(code)
        assert time.monotonic() - start < 3
        logs = engine.docker("logs", name)
    finally:
        engine.docker("rm", "--force", name)
    assert "Traceback" not in logs.stdout + logs.stderr
    assert list(tmp_path.iterdir()) == []


def _wait_for_request(bitbucket: Sandbox) -> None:
    for _ in range(200):
        if any(request.path == TOKEN_PATH for request in bitbucket.requests):
            return
        time.sleep(0.05)
    pytest.fail("the pipe never asked for a token")


def test_the_env_file_belongs_to_the_owner_of_its_place(given: dict[str, str], ca: str, tmp_path: Path) -> None:
    """The pipe is root, the step that loads the file may be another user."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, 12345)
    options = ["--rm", ca, f"--volume={tmp_path}:/work", "--workdir=/work"]
    done = engine.run(env=given, options=options)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / ".bitbucket-token"
    owner = tmp_path.stat().st_uid
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (owner, 0o700)
    file = (folder / "env").stat()
    assert (file.st_uid, file.st_mode & 0o777) == (owner, 0o600)
