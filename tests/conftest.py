"""What every test can ask for: a running stand-in, and a world to run the program in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sandbox import Sandbox
from tests.program import World, install
from tests.signals import as_in_a_fresh_shell

# The time that an example takes says nothing on a machine that runs other tests as well.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the one marker of these tests, and start all programs as a fresh shell would."""
    as_in_a_fresh_shell()
    config.addinivalue_line("markers", "sandbox(**options): start the stand-in with these options of `Sandbox`")


@pytest.fixture(autouse=True)
def _no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own proxies and certificates out of what a test asks by itself."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that the program is installed in."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A running stand-in; the marker `sandbox` says how it is to differ from the usual one."""
    marker = request.node.get_closest_marker("sandbox")
    with Sandbox(**(marker.kwargs if marker else {})) as running:
        yield running


@pytest.fixture
def world(installed: Path, sandbox: Sandbox) -> Iterator[World]:
    """Directories of one run, whose names tell nothing and lie in nobody's way."""
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        yield World(Path(folder), installed, sandbox)
