"""Buildkite: the agent's Job API, on a Unix socket, redacts texts and sets variables (buildkite/agent, jobapi/).

What it sets reaches the hooks that come after this command, and no shell that runs already; so the env file is always
written too.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError
from pipe.export.variables import Export, plain

if TYPE_CHECKING:
    import http.client

_SOCKET = "BUILDKITE_AGENT_JOB_API_SOCKET"
_TOKEN = "BUILDKITE_AGENT_JOB_API_TOKEN"
_BASE = "/api/current-job/v0"
# Seconds for each answer: the agent is on the same machine.
_PATIENCE = 10.0


class Buildkite(CiSystem):
    """The image in the `command` of a step, or as that of the docker plugin, which hands the Job API on."""

    name = "buildkite"
    title = "Buildkite"
    build_variables = ("BUILDKITE_PIPELINE_SLUG", "BUILDKITE_BUILD_NUMBER", "BUILDKITE_JOB_ID")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the agent sets for each job."""
        return env.get("BUILDKITE", "").lower() == "true"

    @property
    def _has_job_api(self) -> bool:
        return bool(self.env.get(_SOCKET))

    def mask(self, masks: Sequence[str]) -> None:
        """Have the agent redact each form in the log of this job."""
        if self._has_job_api:
            self._ask("POST", "/redactions", ({"redact": mask} for mask in masks))

    def export(self, export: Export) -> list[str]:
        """Write the env file; with the Job API, which masks, it needs no filter, and later hooks get the variables."""
        path = self.cwd / (export.output_file or self.default_file())
        if not self._has_job_api:
            return self.write_env_file(export, path)
        lines = self.write_env_file(export._replace(mask_log=False), path)
        if not export.export_env:
            return lines
        try:
            self._ask("PATCH", "/env", [{"env": plain(self.with_git(export))}])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return [
            *lines,
            f"Set {export.env_name} for the later hooks of this job. The agent shows it as [REDACTED] in the log.",
        ]

    def _ask(self, method: str, path: str, bodies: Iterable[Mapping[str, object]]) -> None:
        """Send each of `bodies`, over one connection."""
        import http.client  # noqa: PLC0415 - other systems need no HTTP over a socket

        connection = _connection(self.env[_SOCKET])
        try:
            for body in bodies:
                connection.request(
                    method,
                    _BASE + path,
                    body=json.dumps(body),
                    headers={
                        "Authorization": f"Bearer {self.env.get(_TOKEN, '')}",
                        "Content-Type": "application/json",
                    },
                )
                answer = connection.getresponse()
                answer.read()
                if not 200 <= answer.status < 300:
                    raise _refused(answer.status)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ExportError(
                f"Buildkite's Job API did not answer ({_reason(error)}).",
                f"The socket that {_SOCKET} names is not mounted into this container, or its agent has ended.",
                f'Mount it: -v "${_SOCKET}:${_SOCKET}"; or do not hand {_SOCKET} on, and the env file is used alone.',
            ) from None
        finally:
            connection.close()

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Secrets come from hooks, plugins or Buildkite's store, and docker run hands on what it is told to."""
        return error.because(
            "No hook, plugin or secret of the step sets it, or docker run or the docker plugin did not hand it on.",
            f"Name it under secrets: in the step, and hand it on: docker run -e {error.variable}.",
        )


def _connection(path: str) -> "http.client.HTTPConnection":
    import http.client  # noqa: PLC0415
    import socket  # noqa: PLC0415

    class UnixConnection(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(_PATIENCE)
            self.sock.connect(path)

    return UnixConnection("job", timeout=_PATIENCE)


def _refused(status: int) -> ExportError:
    if status == 401:
        return ExportError(
            "Buildkite's Job API refused its token (401).",
            f"{_TOKEN} is not set in this container, or is that of another job.",
            f"Hand it on: docker run -e {_TOKEN}.",
        )
    if status == 422:
        return ExportError(
            "Buildkite's Job API refused to set the variable (422).",
            "The name that env-name gives is one that Buildkite protects.",
            "Choose another env-name.",
        )
    return ExportError(
        f"Buildkite's Job API answered with {status}.",
        "The agent is too old for it (3.66 or newer is needed to redact), or has trouble of its own.",
        f"Update the agent; or do not hand {_SOCKET} on, and the env file is used alone.",
    )


def _reason(error: Exception) -> str:
    # What http.client says may repeat what was sent or answered; Python's own socket has no number for a long path.
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) if type(error) is OSError else type(error).__name__


SYSTEM = Buildkite
