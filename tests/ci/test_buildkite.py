"""Buildkite: the Job API where the agent offers it, else the env file with its filter."""

import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, ClassVar

import pytest

from pipe.ci.system import ENV_FILE
from tests.ci.contract import LONG, VARIABLE, CiContract, Job, log_of_every_form

PLAIN = {"BUILDKITE": "true", "CI": "true", "BUILDKITE_JOB_ID": "0190", "BUILDKITE_COMMAND": "make"}


class JobApi(ThreadingMixIn, UnixStreamServer):
    """The agent's Job API, after jobapi/{routes,env,redactions}.go and internal/socket/middleware.go of its source."""

    daemon_threads = True
    bearer = "Tm90VGhlUmVhbFRva2Vu"

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), JobApiHandler)
        self.env: dict[str, str] = {"BUILDKITE": "true"}
        self.redacted: list[str] = []
        self.connections = 0
        self.refusal: tuple[str, int] | None = None
        """A path that is answered with this status."""

    def get_request(self) -> tuple[Any, Any]:
        """Count; a socket's client has no address."""
        self.connections += 1
        request, _ = super().get_request()
        return request, ("", 0)


class JobApiHandler(BaseHTTPRequestHandler):
    """One connection, kept open as Go's server does."""

    protocol_version = "HTTP/1.1"
    server: JobApi

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def answer(self, status: int, body: object) -> None:
        """All answers are JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> Any:
        """What was sent, or None after an answer that refuses it."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.server.bearer}":
            self.answer(401, {"error": "invalid authorization token"})
            return None
        if self.server.refusal and self.path.endswith(self.server.refusal[0]):
            self.answer(self.server.refusal[1], {"error": f"no {data.decode()}"})
            return None
        return json.loads(data)

    def do_POST(self) -> None:
        """A redaction: one text."""
        if (body := self.body()) is None:
            return
        assert self.path == "/api/current-job/v0/redactions"
        self.server.redacted.append(body["redact"])
        self.answer(201, {"redacted": body["redact"]})

    def do_PATCH(self) -> None:
        """Variables: names that Buildkite protects are refused, all or none."""
        if (body := self.body()) is None:
            return
        assert self.path == "/api/current-job/v0/env"
        if protected := [name for name in body["env"] if name.startswith("BUILDKITE_AGENT_")]:
            self.answer(422, {"error": f"the following environment variables are protected: {protected}"})
            return
        assert all(isinstance(value, str) for value in body["env"].values())
        added = sorted(set(body["env"]) - set(self.server.env))
        self.server.env |= body["env"]
        self.answer(200, {"added": added, "updated": sorted(set(body["env"]) - set(added))})


class TestBuildkite(CiContract):
    """The Job API redacts and sets variables; the env file is for the shell that runs already."""

    name = "buildkite"

    @pytest.fixture(autouse=True)
    def api(self) -> Iterator[JobApi]:
        """A Job API of its own; its path is short, as sockets want it."""
        with tempfile.TemporaryDirectory(prefix="bk-") as folder:
            self.socket = Path(folder, "7-12345.sock")
            with JobApi(self.socket) as api:
                threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
                yield api
                api.shutdown()

    def environment(self, root: Path) -> dict[str, str]:
        """As the docker plugin hands it on."""
        return {
            **PLAIN,
            "BUILDKITE_AGENT_JOB_API_SOCKET": str(self.socket),
            "BUILDKITE_AGENT_JOB_API_TOKEN": JobApi.bearer,
        }

    def break_channel(self, job: Job) -> None:
        """Nobody listens on the socket any more."""
        self.socket.unlink()
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.socket))

    def test_later_hooks_find_the_variables(self, job: Job, api: JobApi) -> None:
        """All three, in one request, beside what is there."""
        assert job.run().returncode == 0
        assert api.env.pop(f"{VARIABLE}_EXPIRES_AT")
        assert api.env == {"BUILDKITE": "true", VARIABLE: LONG, f"{VARIABLE}_SCOPES": "repository account"}

    def test_every_form_is_redacted(self, job: Job, api: JobApi) -> None:
        """A log that is redacted as the agent does it holds no form; one connection does for many redactions."""
        assert job.run().returncode == 0
        assert api.connections == 3
        log = log_of_every_form(job.sandbox.consumer.key, job.sandbox.consumer.secret, LONG)
        for form in sorted(api.redacted, key=len, reverse=True):
            log = log.replace(form, "[REDACTED]")
        job.oracle.check("the redacted log", log)

    def test_the_env_file_needs_no_filter(self, job: Job) -> None:
        """The agent masks what the shell prints."""
        assert job.run().returncode == 0
        assert "mkfifo" not in (job.directory / ENV_FILE).read_text()

    def test_without_a_variable_there_is_only_the_env_file(self, job: Job, api: JobApi) -> None:
        """`export-env: false` sets none, and the token is redacted all the same."""
        assert job.run("--export-env", "false").returncode == 0
        assert api.env == {"BUILDKITE": "true"}
        assert LONG in api.redacted
        assert (job.directory / ENV_FILE).exists()

    @pytest.mark.parametrize(
        ("refusal", "what"),
        [
            (("/redactions", 500), "answered with 500"),
            (("/redactions", 404), "answered with 404"),
            (("/env", 500), "answered with 500"),
            (("/env", 422), "refused to set the variable"),
        ],
    )
    def test_a_refusal_is_exit_7(
        self, job: Job, tmp_path: Path, api: JobApi, refusal: tuple[str, int], what: str
    ) -> None:
        """The cause is told, in words of our own, and the env file is taken back."""
        api.refusal = refusal
        ran = job.run()
        assert ran.returncode == 7
        assert what in ran.stderr
        self.assert_no_leak(job, ran, tmp_path)
        self.assert_untouched(job)

    def test_a_missing_bearer_token_is_exit_7(self, job: Job) -> None:
        """The socket alone does not help."""
        ran = job.run(BUILDKITE_AGENT_JOB_API_TOKEN="")
        assert ran.returncode == 7
        assert "-e BUILDKITE_AGENT_JOB_API_TOKEN" in ran.stderr
        assert job.sandbox.requests == []

    @pytest.mark.parametrize(
        ("path", "why"), [("/nowhere/api.sock", "No such file"), ("/" + "x" * 200, "AF_UNIX path too long")]
    )
    def test_a_socket_that_is_not_there_is_exit_7(self, job: Job, path: str, why: str) -> None:
        """Handed on, but not mounted."""
        ran = job.run(BUILDKITE_AGENT_JOB_API_SOCKET=path)
        assert ran.returncode == 7
        assert why in ran.stderr
        assert "Mount it" in ran.stderr

    def test_an_agent_that_says_nothing_does_not_keep_the_run(self, job: Job, api: JobApi) -> None:
        """The deadline holds."""
        path = self.socket.with_name("silent.sock")
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(path))
            silent.listen()
            ran = job.run("--deadline", "1", BUILDKITE_AGENT_JOB_API_SOCKET=str(path))
        assert ran.returncode in (4, 7)
        self.assert_untouched(job)

    def test_a_missing_secret_is_explained(self, job: Job) -> None:
        """Somebody has to set it, and docker to hand it on."""
        ran = job.run(CONSUMER_SECRET="")
        assert ran.returncode == 2
        assert "docker run -e CONSUMER_SECRET" in ran.stderr


class TestBuildkiteWithoutJobApi(CiContract):
    """An old agent, or a container that was handed no socket: the env file with its filter."""

    name = "buildkite"
    own: ClassVar[Mapping[str, str]] = PLAIN

    def environment(self, root: Path) -> dict[str, str]:
        """Without the socket."""
        return dict(self.own)

    def test_the_env_file_masks(self, job: Job) -> None:
        """What the next lines of the command print goes through the filter."""
        assert job.run().returncode == 0
        script = f'. ./{ENV_FILE}; echo "got ${VARIABLE}"'
        ran = subprocess.run(["bash", "-ec", script], cwd=job.directory, capture_output=True, text=True, check=True)
        assert ran.stdout == "got ***\n"
