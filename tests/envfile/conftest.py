"""Each test of this folder that asks for a shell runs once for every shell of this machine."""

from pathlib import Path

import pytest

from tests.envfile.shells import EXTRA, REQUIRED, Shell, Tools
from tests.envfile.ways import WAYS
from tests.parts import need


@pytest.fixture(params=REQUIRED)
def shell(request: pytest.FixtureRequest) -> Shell:
    """A shell that an image may have as `sh`, or run its scripts with."""
    return Shell(request.param, need(Shell(request.param).program))


@pytest.fixture(params=[*REQUIRED, *EXTRA])
def any_shell(request: pytest.FixtureRequest) -> Shell:
    """One of these, or one that few use."""
    return Shell(request.param, need(Shell(request.param).program))


@pytest.fixture
def bash() -> Shell:
    """Just bash, for what only bash has."""
    return Shell("bash", need("bash"))


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """A directory to use as PATH, with the programs that a test puts into it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return Tools(folder)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tools: Tools) -> str:
    """The name of a way to mask, with `tools` being an image that can mask in no other."""
    name = str(request.param)
    WAYS[name](tools)
    return name


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The shell's working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The shell's TMPDIR; its name needs quoting."""
    folder = tmp_path / "tmp 'x'"
    folder.mkdir()
    return folder
