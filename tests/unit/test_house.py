"""The rules of the house, checked on the source code itself."""

import ast
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import pipe

ROOT = Path(pipe.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TREES = {path.relative_to(ROOT.parent).as_posix(): ast.parse(path.read_bytes()) for path in FILES}

# The edge: what reads the environment and the command line, prints, and ends the program.
EDGE = {"pipe/cli/main.py", "pipe/__main__.py"}

# Who needs the text of a secret, and to what end.
REVEALERS = {
    "pipe/redaction/secret.py": "derives its forms",
    "pipe/oauth/token.py": "makes the header that carries it",
    "pipe/export/git.py": "makes the header that git sends",
    "pipe/oauth/token_endpoint.py": "sends it to the server",
    "pipe/bitbucket/data_center.py": "sends it to the server",
    "pipe/bitbucket/verify.py": "tries it on the server's REST API",
    "pipe/export/printing.py": "prints it where the user asked for that",
    "pipe/export/variables.py": "hands it to those who write it down",
    "pipe/export/env_file.py": "writes it to the env file",
    "pipe/ci/": "writes it to the files of the CI system",
    "pipe/grants/": "sends it to the server",
    "pipe/verbs/login/loopback.py": "compares the state that a browser brings",
    "pipe/verbs/": "puts it into an address, or prints it where the user asked for that",
    "pipe/verbs/api/client.py": "sends it to the server",
    "pipe/export/stores/": "puts a refresh token where the next run finds it",
    "pipe/oauth/rsa_signature.py": "signs with it",
}

THIRD_PARTY = {"requests", "urllib3", "tenacity", "dotenv"}


def module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_name(file): tree for file, tree in TREES.items()}


def imported(tree: ast.AST) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            parent = node.module or ""
            names = {f"{parent}.{alias.name}" for alias in node.names}
            inner = names & set(MODULES)
            found |= inner
            if inner != names:
                found.add(parent)
    return found


def used_names(tree: ast.AST) -> set[str]:
    """The names that a file uses, with a dot for those of a module, such as `sys.stdout`."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_two_modules_need_each_other() -> None:
    """Data goes down the house once: the imports make no circle."""
    graph = {module: imported(tree) & set(MODULES) - {module} for module, tree in MODULES.items()}

    assert set(TopologicalSorter(graph).static_order()) >= set(MODULES)


# From the command line down to the errors that everything may raise: who stands further up imports from further down.
FLOORS = "__main__ cli verbs run grants ci export bitbucket oauth inputs http redaction errors".split()
MOST_ENTRIES, MOST_MODULES, MOST_LAYERS = 14, 115, 11


def floor(module: str) -> int:
    _, _, inner = module.partition(".")
    # pipe/__init__.py itself has the version, and imports nothing.
    return FLOORS.index(inner.partition(".")[0]) if inner else len(FLOORS)


def test_imports_lead_down_the_house_alone() -> None:
    """From each folder to those after it in the order of a run, and never back."""
    upwards = {
        (module, name)
        for module, tree in MODULES.items()
        for name in imported(tree) & set(MODULES)
        if floor(name) < floor(module)
    }
    assert upwards == set()


def test_a_newcomer_grasps_the_house_in_one_look() -> None:
    """Few names at the top, and few modules between the command line and the last one that it needs."""
    entries = {path.name for path in ROOT.iterdir() if path.name != "__pycache__"}
    below: dict[str, int] = {}
    for module in TopologicalSorter(
        {module: imported(tree) & set(MODULES) - {module} for module, tree in MODULES.items()}
    ).static_order():
        below[module] = 1 + max((below[name] for name in imported(MODULES[module]) & set(below)), default=0)

    assert len(entries) <= MOST_ENTRIES
    assert len(MODULES) <= MOST_MODULES
    assert max(below.values()) <= MOST_LAYERS


@pytest.mark.parametrize("file", sorted(set(TREES) - {"pipe/inputs/plugins.py"}))
def test_a_module_is_imported_by_its_name(file: str) -> None:
    """So that a search for it finds who uses it; the one exception is what chooses a file by the word of an input."""
    assert used_names(TREES[file]) & {"import_module", "__import__", "importlib.import_module"} == set()
    assert imported(TREES[file]) & {"importlib.util", "runpy", "pkgutil"} == set()


@pytest.mark.parametrize("file", sorted(set(TREES) - EDGE))
def test_only_the_edge_touches_the_process(file: str) -> None:
    """What is below is handed its environment and its streams, and ends by returning or raising."""
    forbidden = {
        *("print", "input", "exit", "quit", "SystemExit", "breakpoint", "eval", "exec"),
        *("sys.stdout", "sys.stderr", "sys.stdin", "sys.argv", "sys.exit", "sys.__stdout__", "sys.__stderr__"),
        *("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os._exit", "os.abort", "os.system"),
        *("os.chdir", "os.getcwd", "Path.cwd", "Path.home"),
    }

    assert used_names(TREES[file]) & forbidden == set()


@pytest.mark.parametrize("file", sorted(TREES))
def test_no_file_logs_by_the_way(file: str) -> None:
    """All that is printed goes through `pipe.redaction.log`, which redacts; libraries that log would not."""
    assert imported(TREES[file]) & {"logging", "warnings", "pprint", "pdb"} == set()


def test_a_grant_knows_no_ci_and_a_ci_knows_no_grant() -> None:
    """A new one of either kind is one new file."""
    for module, tree in MODULES.items():
        names = imported(tree)
        if module.startswith("pipe.grants"):
            assert not any(name.startswith("pipe.ci") for name in names), module
        if module.startswith("pipe.ci"):
            assert not any(name.startswith(("pipe.grants", "pipe.http.client", "requests")) for name in names), module


@pytest.mark.parametrize("kind", ["ci", "grants"])
def test_nothing_names_a_single_ci_or_grant(kind: str) -> None:
    """They are found by their being there; only one built upon another imports that."""
    rooms = {module for module in MODULES if module.startswith(f"pipe.{kind}.")}
    shared = {f"pipe.{kind}.{name}" for name in ("system", "command_file", "giving_back")}

    for module, tree in MODULES.items():
        if module not in rooms:
            assert imported(tree) & rooms - shared == set(), module


def test_secrets_are_revealed_in_few_places() -> None:
    """Each is listed here with its reason."""
    revealing = {file for file, tree in TREES.items() if calls(tree, "reveal")}

    assert {file for file in revealing if not file.startswith(tuple(REVEALERS))} == set()
    assert all(any(file.startswith(place) for file in revealing) for place in REVEALERS if place != "pipe/grants/")


def calls(tree: ast.AST, method: str) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == method for node in ast.walk(tree))


@pytest.mark.parametrize("file", sorted(set(TREES) - {"pipe/redaction/secret.py"}))
def test_nobody_reaches_into_a_secret(file: str) -> None:
    """`reveal()` is the only way, so that a search for that word finds every place."""
    assert "_text" not in {node.attr for node in ast.walk(TREES[file]) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_fits_into_a_head(path: Path) -> None:
    """Three hundred lines at most, and no room for leftovers."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc", "base"}


@pytest.mark.parametrize("file", sorted(TREES))
def test_what_is_public_says_its_contract(file: str) -> None:
    """Every module, class, function and method that others may use has a docstring."""
    tree = TREES[file]
    silent = [node.name for node in public(tree) if not ast.get_docstring(node)]
    first = (ast.get_docstring(tree) or "").partition("\n")[0]

    assert silent == []
    assert first.endswith((".", "`.")) or not tree.body


def public(tree: ast.Module) -> list[ast.ClassDef | ast.FunctionDef]:
    found: list[ast.ClassDef | ast.FunctionDef] = []
    bodies: list[list[ast.stmt]] = [tree.body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                found.append(node)
                if isinstance(node, ast.ClassDef):
                    bodies.append(node.body)
    return found


def test_a_run_needs_few_packages_by_others() -> None:
    """Those that pyproject.toml names, of which urllib3 comes with requests, and what comes with Python."""
    roots = {name.partition(".")[0] for tree in TREES.values() for name in imported(tree)}

    assert roots - sys.stdlib_module_names - {"pipe"} == THIRD_PARTY


def test_the_lowest_versions_that_are_allowed_are_those_that_tests_run_on() -> None:
    """`tests/lowest.in` follows `pyproject.toml`, and `.ci/run` uses what is made from it."""
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    allowed = dict(dependency.split(">=") for dependency in settings["project"]["dependencies"])
    for made in ("in", "txt"):
        lines = (ROOT.parent / "tests" / f"lowest.{made}").read_text(encoding="utf-8").splitlines()
        tested = dict(line.removesuffix(" \\").split("==") for line in lines if "==" in line)
        assert set(tested) >= set(allowed)
        assert all(f"{tested[name]}.".startswith(f"{lowest}.") for name, lowest in allowed.items())
    assert set(allowed) == {"python-dotenv" if name == "dotenv" else name for name in THIRD_PARTY}


def test_no_file_is_forgotten_by_the_package() -> None:
    """Every folder with code is one that is installed."""
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(ROOT.parent).as_posix().replace("/", ".") for path in FILES}

    assert set(settings["tool"]["setuptools"]["packages"]) == folders
