"""`python -m sandbox serve`, for programs in other processes."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import parts
from tests.sandbox.conftest import run

ROOT = Path(__file__).parents[2]
ASK = 'curl -sS -o answer -w "%{http_code}" -u "$CONSUMER_KEY:$CONSUMER_SECRET" -d grant_type=client_credentials'
SCRIPT = f"set -a; . ./environment; set +a; {ASK} https://bitbucket.org/site/oauth2/access_token"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sandbox", "serve", "--directory", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 10
        while not (tmp_path / "environment").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
        process.terminate()


@pytest.fixture
def control(server: subprocess.Popen[str], tmp_path: Path) -> str:
    """Return the address of the control interface, once the server runs."""
    assert server.poll() is None
    lines = (tmp_path / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)["SANDBOX_CONTROL_URL"]


def test_a_shell_finds_the_stand_in_by_the_file(control: str, tmp_path: Path) -> None:
    """Loaded into a shell, the environment is all that curl needs."""
    parts.need("curl")

    done = run("sh", "-c", SCRIPT, environment={}, cwd=tmp_path)

    assert done.stdout == "200", done.stderr
    (request,) = requests.get(f"{control}/requests", timeout=5).json()
    assert [request["method"], request["host"]] == ["POST", "bitbucket.org"]
    assert ["Authorization", "***"] in request["headers"]


def test_the_secret_is_in_the_file_alone(server: subprocess.Popen[str], tmp_path: Path) -> None:
    """Standard output names everything else; the file is the owner's; SIGTERM ends it all with status 0."""
    path = tmp_path / "environment"
    secret = path.read_text().partition("CONSUMER_SECRET=")[2].strip()
    assert server.stdout
    output = ""
    while "\n# " not in output:  # What is printed last: the file is there before that.
        line = server.stdout.readline()
        assert line, output
        output += line
    os.kill(server.pid, signal.SIGTERM)
    output += server.communicate(timeout=20)[0]

    assert server.returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secret) == 76
    assert secret not in output
    assert "HTTPS_PROXY=http://127.0.0.1:" in output


def test_control_adds_faults_expires_tokens_and_forgets(control: str, tmp_path: Path) -> None:
    """What a test in this process does with the object, another does with these addresses."""
    parts.need("curl")
    faults = [{"status": 429, "retry_after": 3}, {"kind": "close"}]
    assert requests.post(f"{control}/faults", json=faults, timeout=5).status_code == 204
    assert requests.post(f"{control}/faults", json={"kind": "no"}, timeout=5).status_code == 400
    assert requests.post(f"{control}/faults", json={"what": 1}, timeout=5).status_code == 400

    statuses = [run("sh", "-c", SCRIPT, environment={}, cwd=tmp_path).stdout for _ in range(3)]

    assert statuses == ["429", "000", "200"]
    assert requests.post(f"{control}/tokens/expire", timeout=5).status_code == 204
    (token,) = requests.get(f"{control}/tokens", timeout=5).json()
    assert [token["expires_at"], "value" in token] == [0, False]
    (shown,) = requests.get(f"{control}/tokens?secrets=shown", timeout=5).json()
    assert shown["value"] in (tmp_path / "answer").read_text()
    assert requests.delete(f"{control}/requests", timeout=5).status_code == 204
    assert requests.get(f"{control}/requests", timeout=5).json() == []
    assert requests.get(f"{control}/nothing", timeout=5).status_code == 404
