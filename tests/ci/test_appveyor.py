"""AppVeyor, with a stand-in for its Build Worker API."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.ci.contract import EVERY_CHARACTER, VARIABLE, CiContract, Job


class Worker(ThreadingHTTPServer):
    """Takes variables as the documentation says: POST api/build/variables, a name and a value in JSON."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.variables: dict[str, str] = {}
        self.asked: list[str] = []
        self.refused = ""
        """The name of a variable that it does not take."""

    @property
    def url(self) -> str:
        """What APPVEYOR_API_URL holds, with its slash."""
        return f"http://localhost:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Worker
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Set a variable."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        assert self.headers["Content-Type"] == "application/json"
        refused = body["name"] == self.server.refused
        if not refused:
            self.server.variables[body["name"]] = body["value"]
        self.send_response(500 if refused else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not into the test's output."""


class TestAppVeyor(CiContract):
    """The env file; a variable of the build for those who name it."""

    name = "appveyor"

    def environment(self, root: Path) -> dict[str, str]:
        """As a script has it on an Ubuntu image."""
        return {
            "CI": "True",
            "APPVEYOR": "True",
            "APPVEYOR_BUILD_FOLDER": str(root / "work"),
        }

    @pytest.fixture
    def worker(self) -> Iterator[Worker]:
        """A running stand-in."""
        with Worker() as worker:
            threading.Thread(target=worker.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            yield worker
            worker.shutdown()

    def test_the_channel_sets_variables_and_says_who_can_read_them(
        self, job: Job, tmp_path: Path, worker: Worker
    ) -> None:
        """The token comes last."""
        ran = job.run("--channel", "variable", token=EVERY_CHARACTER, APPVEYOR_API_URL=worker.url)
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path)
        assert set(worker.asked) == {"/api/build/variables"}
        assert list(worker.variables) == [f"{VARIABLE}_SCOPES", f"{VARIABLE}_EXPIRES_AT", VARIABLE]
        assert worker.variables[VARIABLE] == EVERY_CHARACTER
        assert "Warning: AppVeyor does not mask it" in ran.stdout

    @pytest.mark.parametrize("refused", [VARIABLE, f"{VARIABLE}_SCOPES"])
    def test_an_error_of_the_worker_is_exit_7_without_the_token(
        self, job: Job, tmp_path: Path, worker: Worker, refused: str
    ) -> None:
        """Its status is told, the env file that was asked for is gone again."""
        worker.refused = refused
        options = ("--channel", "variable", "--output-file", "token.env")
        ran = job.run(*options, APPVEYOR_API_URL=worker.url)
        assert ran.returncode == 7
        assert "answered with 500" in ran.stderr
        assert VARIABLE not in worker.variables
        job.oracle.check("the log", ran.stdout + ran.stderr)
        job.oracle.check_tree(tmp_path)

    @pytest.mark.parametrize(
        "url",
        ["", "http://192.0.2.1:1/", "https://localhost:1/", "http://localhost:x/", "http://localhost.example:1/"],
    )
    def test_the_token_goes_to_this_machine_or_nowhere(self, job: Job, url: str) -> None:
        """An earlier step may have set that variable to anything."""
        ran = job.run("--channel", "variable", APPVEYOR_API_URL=url)
        assert ran.returncode == 7
        assert "not an http:// address of this machine" in ran.stderr

    def test_a_worker_that_does_not_answer_is_exit_7(self, job: Job) -> None:
        """As in a container with a network of its own."""
        ran = job.run("--channel", "variable", APPVEYOR_API_URL="http://127.0.0.1:9/")
        assert ran.returncode == 7
        assert "--network host" in ran.stderr

    def test_a_pull_request_without_secrets_is_told_so(self, job: Job) -> None:
        """It is not a variable's name that is wrong."""
        ran = job.run(CONSUMER_SECRET="", APPVEYOR_PULL_REQUEST_NUMBER="5")
        assert ran.returncode == 2
        assert "AppVeyor hands no secure variables to those by default" in ran.stderr
