"""`python -m sandbox serve`: the stand-in for programs in other processes and in containers."""

import argparse
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from sandbox.control import Control
from sandbox.sandbox import Sandbox


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `serve` can be told."""
    parser.add_argument("--host", default="127.0.0.1", help="address of the server and of the proxy")
    parser.add_argument("--name", help="the name by which programs reach that host, if it is another")
    parser.add_argument("--port", type=int, default=0, help="port of the server; 0: any free one")
    parser.add_argument("--proxy-port", type=int, default=0, help="port of the proxy")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control interface")
    parser.add_argument("--directory", type=Path, help="where `environment` and `ca.pem` are written")
    parser.add_argument("--era", choices=("may-2026", "before"), default="may-2026")
    parser.add_argument("--more-repositories", type=int, default=0, help="how many the list of `team` has at its end")


class _Stopped(BaseException):
    """A signal asked to end."""


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""

    def stop(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - the signal module's form
        raise _Stopped

    # An exception, and no event to wait for: a handler that sets one while it is being waited for can hang for ever.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with suppress(_Stopped), TemporaryDirectory(prefix="sandbox-") as temporary:
        directory = (options.directory or Path(temporary)).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        with Sandbox(
            host=options.host,
            port=options.port,
            proxy_port=options.proxy_port,
            era=options.era,
            directory=directory,
            more_repositories=options.more_repositories,
        ) as sandbox:
            control = Control(sandbox, options.control_port)
            control.start()
            variables = sandbox.environment(options.name) | {
                "SANDBOX_URL": sandbox.url,
                "SANDBOX_CONTROL_URL": control.url,
                "CONSUMER_KEY": sandbox.consumer.key,
            }
            # The secret goes into the file alone.
            _write(directory / "environment", {**variables, "CONSUMER_SECRET": sandbox.consumer.secret})
            print(_lines(variables))
            print(
                f"# All of it and the consumer's secret: set -a; . {directory}/environment; set +a",
                flush=True,
            )
            try:
                # Not signal.pause(): a signal that comes just before it would leave it waiting for the next one.
                while True:
                    time.sleep(1)
            finally:
                control.close()
    return 0


def _write(path: Path, variables: dict[str, str]) -> None:
    """Write them for a shell or for `docker run --env-file`: whole, or not at all."""
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(_lines(variables) + "\n")
    new.replace(path)


def _lines(variables: dict[str, str]) -> str:
    return "\n".join(f"{name}={shlex.quote(value) if value else ''}" for name, value in variables.items())
