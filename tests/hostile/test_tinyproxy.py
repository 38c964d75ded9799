"""A forward proxy that somebody else wrote, with and without a password."""

import random
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import parts
from tests.program import World, run_program

USER, PASSWORD = "builder", "tiny-proxys-password"


class Proxy:
    """A running tinyproxy, and what it wrote into its log."""

    def __init__(self, folder: Path, login: bool) -> None:
        self.port = _free_port()
        self._log = folder / "log"
        settings = [f"Port {self.port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "LogLevel Connect"]
        settings += [f'LogFile "{self._log}"', "Timeout 20", "MaxClients 10"]
        settings += [f"BasicAuth {USER} {PASSWORD}"] if login else []
        (folder / "conf").write_text("\n".join(settings) + "\n")
        self._process = subprocess.Popen(
            [parts.need("tinyproxy"), "-d", "-c", str(folder / "conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("tinyproxy does not start")

    @property
    def log(self) -> str:
        """What it saw."""
        return self._log.read_text()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def _free_port() -> int:
    """A port below those that the kernel hands out, to another test for instance, before the proxy listens on it."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy; the parameter says whether it wants a password."""
    running = Proxy(tmp_path, login=request.param)
    yield running
    running.close()


def environment(world: World, proxy: str) -> dict[str, str]:
    """The variables that lead through the proxy to the stand-in's own address."""
    env = {**world.github(), **world.consumer, "TOKEN_URL": world.sandbox.token_url, "DEADLINE": "20"}
    return {**env, "HTTPS_PROXY": proxy, "https_proxy": ""}


@pytest.mark.parametrize("proxy", [False], indirect=True)
def test_it_leads_to_the_server(world: World, proxy: Proxy) -> None:
    """By CONNECT, so it sees neither the secret nor the token."""
    outcome = run_program(world, env=environment(world, f"http://127.0.0.1:{proxy.port}"))

    assert outcome.code == 0
    assert f"CONNECT 127.0.0.1:{world.sandbox.port}" in proxy.log
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("proxy", [False], indirect=True)
def test_an_address_without_a_scheme_will_do(world: World, proxy: Proxy) -> None:
    """As curl takes it."""
    assert run_program(world, env=environment(world, f"127.0.0.1:{proxy.port}")).code == 0


@pytest.mark.parametrize("proxy", [True], indirect=True)
def test_it_gets_the_password_and_nobody_sees_it(world: World, proxy: Proxy) -> None:
    """With none or a wrong one: exit 4, and how to give it."""
    address = f"127.0.0.1:{proxy.port}"
    env = environment(world, f"http://{USER}:{PASSWORD}@{address}")
    assert run_program(world, env=env, secrets=[PASSWORD]).code == 0

    for login in ("", f"{USER}:not-the-{PASSWORD}@"):
        outcome = run_program(world, env=environment(world, f"http://{login}{address}"), secrets=[PASSWORD])
        assert outcome.code == 4
        assert f"wants a user name and a password ({401 if login else 407})" in outcome.failure


@pytest.mark.parametrize("proxy", [False], indirect=True)
def test_it_says_that_nobody_is_behind_it(world: World, proxy: Proxy) -> None:
    """A port that nobody listens on: exit 4."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        env = environment(world, f"http://127.0.0.1:{proxy.port}")
        env |= {"TOKEN_URL": f"https://127.0.0.1:{held.getsockname()[1]}/token", "MAX_ATTEMPTS": "2"}
        outcome = run_program(world, env=env)

    assert outcome.code == 4
    assert outcome.requests == []
