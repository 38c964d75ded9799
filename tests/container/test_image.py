"""The image: what is in it, what is not, and how it starts."""

import json
import re
from pathlib import Path

import pytest

from pipe import VERSION
from sandbox import Sandbox
from tests import parts
from tests.container import engine, images

pytestmark = pytest.mark.xdist_group("container")

BUDGET = 12_000_000
"""Bytes that the image may add to its base."""


def test_it_is_built_on_the_official_python_image(base: str) -> None:
    """Where no registry can be reached, a stand-in has its name; the summary then says which."""
    if not base.endswith("from a registry"):
        pytest.xfail(base)


def test_it_adds_little_to_its_base(image: str) -> None:
    """Program, packages and bytecode together are small: the image is fetched or built in each job."""
    added = int(engine.inspect(image, "{{.Size}}")) - int(engine.inspect(images.base_name(), "{{.Size}}"))
    assert 0 < added <= BUDGET


def test_it_starts_the_program_without_a_shell_as_root(image: str) -> None:
    """A shell would drop variables with hyphens; PATH and PYTHONPATH have no say; a runner's files are root's."""
    config = json.loads(engine.inspect(image, "{{json .Config}}"))
    assert config["Entrypoint"] == [engine.INTERPRETER, "-I", "-m", "pipe"]
    assert not config.get("Cmd")
    assert config.get("User", "") in ("", "0", "root")


def test_its_labels_say_what_it_is(image: str) -> None:
    """A registry and a scanner find title, version and licence."""
    labels = json.loads(engine.inspect(image, "{{json .Config.Labels}}"))
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}version"] == VERSION
    assert labels[f"{prefix}title"] == "bitbucket-token"
    assert labels[f"{prefix}licenses"] == "MIT"
    assert labels[f"{prefix}description"]


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize("name", ["LICENSE", "README.md", "pipe.yml"])
def test_it_carries_the_files_that_a_pipe_carries(name: str) -> None:
    """Bitbucket's own pipes have them in the root directory."""
    assert engine.inside(f"print(open('/{name}').read(), end='')") == (images.ROOT / name).read_text().strip()


@pytest.mark.usefixtures("image")
def test_it_holds_the_pinned_packages_and_nothing_else() -> None:
    """No pip, no build tool, nothing that a package only recommends."""
    pins = re.findall(r"^(\S+==\S+) ", (images.ROOT / "requirements.txt").read_text(), re.MULTILINE)
    program = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
    assert sorted(_normal(name) for name in engine.inside(program).split()) == sorted(_normal(pin) for pin in pins)


def _normal(pin: str) -> str:
    return pin.lower().replace("_", "-")


def test_it_holds_the_program_and_no_leftovers(image: str) -> None:
    """Neither the tests nor the stand-in nor pip's cache nor the lock file are in what it adds."""
    added = set(_files(image)) - set(_files(images.base_name()))
    known = [r"/opt/bitbucket-token/", r"/(LICENSE|README\.md|pipe\.yml)$", r"/usr/local/lib/python3\.\d+/.*\.pyc$"]
    assert [path for path in added if not any(re.match(pattern, path) for pattern in known)] == []
    assert [path for path in added if "site-packages/" in path and re.search(r"/(sandbox|benchmarks)/", path)] == []
    package = "/opt/bitbucket-token/lib/"
    inside = {path.partition("site-packages/")[2] for path in added if path.startswith(package)}
    tree = {str(path.relative_to(images.ROOT)) for path in (images.ROOT / "pipe").rglob("*") if path.is_file()}
    ours = {path for path in inside if path.startswith("pipe/") and not path.endswith(".pyc")}
    assert ours == {path for path in tree if not path.endswith(".pyc")}


def _files(name: str) -> list[str]:
    find = ("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", ")", "-prune", "-o", "-type", "f")
    return engine.output("run", "--rm", "--network", "none", "--entrypoint", find[0], name, *find[1:]).splitlines()


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(
    ("surroundings", "code"),
    [
        ({}, 0),
        ({"BITBUCKET_BUILD_NUMBER": "1", "DEBUG": "true"}, 0),
        ({"GITHUB_ACTIONS": "true", "GITHUB_ENV": "env", "GITHUB_OUTPUT": "output"}, 0),
        ({"HTTPS_PROXY": "", "TOKEN_URL": "https://localhost:{port}/oauth2/token"}, 0),
        ({"CONSUMER_SECRET": "this-is-the-wrong-secret"}, 3),
        ({"HTTPS_PROXY": "", "TOKEN_URL": "https://bitbucket.invalid/", "MAX_ATTEMPTS": "2"}, 4),
    ],
    ids=["plain", "bitbucket", "github", "no-proxy", "refused", "unreachable"],
)
def test_a_run_finds_all_its_bytecode(
    surroundings: dict[str, str], code: int, bitbucket: Sandbox, given: dict[str, str], ca: str, tmp_path: Path
) -> None:
    """Whatever Python had to compile at run time, it would have written into the container."""
    identity = tmp_path / "container"
    for name in ("env", "output"):
        (tmp_path / name).touch()
    env = given | {name: value.format(port=bitbucket.port) for name, value in surroundings.items()}
    done = engine.run(env=env, options=[f"--cidfile={identity}", ca, f"--volume={tmp_path}:/work", "-w/work"])
    try:
        assert done.returncode == code, done.stderr
        written = engine.output("diff", identity.read_text()).splitlines()
    finally:
        engine.docker("rm", "--force", identity.read_text())
    assert sorted(written) == ["A /ca.pem", "A /work"]


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(
    ("option", "expected"), [("--version", f"bitbucket-token {VERSION}"), ("--help", "CONSUMER_KEY")]
)
def test_it_explains_itself(option: str, expected: str) -> None:
    """Without any input."""
    done = engine.run(option, env={})
    assert done.returncode == 0
    assert expected in done.stdout
    assert done.stderr == ""


def test_buildkit_builds_it_too(image: str) -> None:
    """GitHub's runners and today's Docker build with BuildKit, Debian's and `act` without."""
    client = _client_with_buildkit()
    name = "bitbucket-token-tests/buildkit:latest"
    engine.build(name, client=client, buildkit=True)
    for field in ("{{json .Config.Entrypoint}}", "{{json .Config.Labels}}"):
        assert engine.inspect(name, field) == engine.inspect(image, field)
    assert set(_files(name)) == set(_files(image))


def _client_with_buildkit() -> str:
    """Return a docker client that has the buildx plugin, or is so old that BuildKit is built in."""
    for client in (parts.need("docker"), "/usr/bin/docker"):
        if Path(client).exists() and _has_buildkit(client):
            return client
    return parts.absent("buildx", "no docker client here can use BuildKit")


def _has_buildkit(client: str) -> bool:
    version = engine.command(client, "version", "--format", "{{.Client.Version}}").stdout
    return int(version.partition(".")[0]) < 23 or engine.command(client, "buildx", "version").returncode == 0


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    """With all its rules."""
    done = engine.command(parts.need("hadolint"), str(images.ROOT / "Dockerfile"))
    assert done.stdout == ""
    assert done.returncode == 0
