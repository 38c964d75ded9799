"""What a run imports is most of what it costs, and unlike time it is the same on every machine."""

import subprocess

import pytest

from tests.program import World

# Each costs milliseconds or a megabyte, and nothing that a plain run does needs it.
HEAVY = frozenset(
    """
    argparse ast asyncio cProfile concurrent.futures configparser csv ctypes dataclasses decimal difflib dis doctest
    dotenv fractions ftplib getpass glob gzip html html.entities html.parser imaplib inspect ipaddress lzma mimetypes
    multiprocessing optparse pdb pickle pkgutil platform pprint pydoc smtplib sqlite3 statistics subprocess tarfile
    tempfile tenacity tomllib traceback unittest urllib.request uuid xml xml.etree.ElementTree zipfile
    """.split()
)

RUN = "import os, sys; from pipe.cli.main import main; code = main(sys.argv[1:], os.environ)"
NOTHING_BUT_REQUESTS = "import sys, requests; code = 0"


def imported(world: World, code: str, *arguments: str, **variables: str) -> frozenset[str]:
    """Run Python code with `arguments` and return the names of all modules that are there afterwards."""
    finished = subprocess.run(
        [world.python, "-I", "-c", f"{code}; print(*sys.modules, file=sys.stderr); sys.exit(code)", *arguments],
        cwd=world.work,
        env={
            **world.consumer,
            "TOKEN_URL": world.sandbox.token_url,
            "CA_FILE": str(world.sandbox.ca_file),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return frozenset(finished.stderr.split())


@pytest.fixture
def needed_by_requests(world: World) -> frozenset[str]:
    """What comes with requests, whoever imports it; it differs from one version of Python to the next."""
    return imported(world, NOTHING_BUT_REQUESTS)


def test_a_run_on_github_imports_nothing_heavy(world: World, needed_by_requests: frozenset[str]) -> None:
    """Variables, outputs and the summary need no more than requests does."""
    modules = imported(world, RUN, **world.github())
    assert "pipe.ci.github" in modules
    assert sorted((modules & HEAVY) - needed_by_requests) == []


def test_a_run_outside_any_ci_imports_nothing_heavy(world: World, needed_by_requests: frozenset[str]) -> None:
    """The file of every CI system is imported there, to ask whether it is that one: none of them may be dear."""
    modules = imported(world, RUN)
    assert {"pipe.ci.bitbucket", "pipe.ci.github", "pipe.ci.none"} <= modules
    assert sorted((modules & HEAVY) - needed_by_requests) == []


def test_only_the_grant_that_is_asked_for_is_imported(world: World) -> None:
    """Each grant is a file of its own, and the others stay on the disk."""
    modules = imported(world, RUN, "--print", "raw")
    grants = {name for name in modules if name.startswith("pipe.grants.")}
    assert grants == {f"pipe.grants.{name}" for name in ("client_credentials", "oauth", "giving_back")}


def test_an_env_file_takes_python_dotenv(world: World) -> None:
    """What is imported late is found when it is needed."""
    (world.work / "inputs").write_text("MIN_LIFETIME=1\n")
    assert "dotenv" in imported(world, RUN, "--env-file", "inputs")


def test_what_few_runs_need_is_imported_late(world: World) -> None:
    """Neither the trial of a token nor a verb costs those anything who want none."""
    modules = imported(world, RUN)
    late = ("pipe.bitbucket.verify", "pipe.verbs.", "pipe.bitbucket.data_center")
    assert [name for name in modules if name.startswith(late)] == []


def test_the_environment_is_made_ready_before_anything_reads_it(world: World) -> None:
    """Some versions of requests make a TLS context when they are imported, with the keys' file that is named then."""
    modules = imported(world, "import sys, pipe.__main__; code = 0")
    assert modules & {"ssl", "requests", "urllib3", "pipe.cli.main"} == set()

    keys = world.runner / "keys"
    begin = "import sys; sys.argv[1:] = ['--version']; from pipe.__main__ import start; start()"
    assert imported(world, begin, SSLKEYLOGFILE=str(keys)) == set()
    assert not keys.exists()
