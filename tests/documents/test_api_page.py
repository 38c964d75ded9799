"""Every command on the page about the REST API does what the page says."""

import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests import parts
from tests.program import Outcome, World, run_program

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text()
SECRET = "the-password-of-production"


def run(world: World, title: str, number: int = 0) -> Outcome:
    """Run a command of the section `title` as it stands there, by a shell; only the server's address is another."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    snippet = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)[number]
    command = snippet.replace("bitbucket-token ", '"$@" ')
    command = command.replace("https://bitbucket.example.com", world.sandbox.data_center_url)
    (world.work / "password.txt").write_text(SECRET + "\n")
    (world.work / "version.txt").write_text("1.0.0\n")
    center = world.sandbox.data_center
    token = center.mint(f"users/{center.bot.slug}", "x").value if "--base-url" in snippet else None
    scopes = ("account", "pullrequest:write", "pipeline:variable", "pipeline", "repository:write")
    env = {"BITBUCKET_ACCESS_TOKEN": token or world.sandbox.mint_token(*scopes).value, "PATH": "/usr/bin:/bin"}
    return run_program(world, env=env, prefix=(parts.need("dash"), "-euc", command, "dash"), secrets=[SECRET])


def test_all_repositories_are_listed(world: World) -> None:
    """A name a line."""
    parts.need("jq")
    outcome = run(world, "List all repositories of a workspace")

    assert outcome.code == 0
    assert outcome.out.splitlines() == ["hello", *(f"service-{n:02}" for n in range(1, 12))]


def test_some_are_listed_in_their_order(world: World) -> None:
    """Those that the query fits, from the end."""
    outcome = run(world, "List some of them, in some order")

    assert outcome.code == 0
    assert outcome.out.splitlines() == [f'{{"slug":"service-{n:02}"}}' for n in range(11, 0, -1)]


def test_what_a_pull_request_changes_is_seen(world: World) -> None:
    """The diff is in the file, the names are printed."""
    parts.need("jq")
    world.sandbox.repositories.of("team")[0].pull_requests.append({"type": "pullrequest", "id": 1})
    outcome = run(world, "See what a pull request changes")

    assert outcome.code == 0
    assert outcome.out.splitlines() == [f"docs/chapter-{n:02}.md" for n in range(1, 13)]
    assert outcome.files["work/changes.diff"].startswith("diff --git a/docs/chapter-01.md ")


@pytest.mark.parametrize(("number", "branch"), [(0, "update-changelog"), (1, "next")])
def test_a_pull_request_is_opened(world: World, number: int, branch: str) -> None:
    """From that branch."""
    outcome = run(world, "Open a pull request", number)

    assert outcome.code == 0
    assert json.loads(outcome.out)["source"] == {"branch": {"name": branch}}


@pytest.mark.parametrize(("number", "name"), [(0, "DEPLOY_PASSWORD"), (1, "OTHER_PASSWORD")])
def test_a_secured_variable_is_set(world: World, number: int, name: str) -> None:
    """To the text of the file, which shows up nowhere."""
    outcome = run(world, "Set a secured variable without its value on the command line", number)
    variables = world.sandbox.repositories.of("team")[0].variables

    assert outcome.code == 0
    assert [(one["key"], one["value"], one["secured"]) for one in variables] == [(name, SECRET, True)]


def test_a_file_is_uploaded(world: World) -> None:
    """Byte for byte."""
    (world.work / "hello.tar.gz").write_bytes(b"\x1f\x8b\x00\xff")
    outcome = run(world, "Upload a file to Downloads")

    assert outcome.code == 0
    assert world.sandbox.repositories.of("team")[0].downloads == {"hello.tar.gz": b"\x1f\x8b\x00\xff"}


def test_a_file_is_committed(world: World) -> None:
    """On that branch; the header names the commit."""
    outcome = run(world, "Commit a file")
    directory = world.sandbox.repositories.git_directory("team", "hello")

    assert outcome.code == 0
    assert re.search("^Location: .*/commit/[0-9a-f]{40}\r$", outcome.out, re.M)
    assert subprocess.check_output(["git", "-C", directory, "show", "main:docs/version.txt"]) == b"1.0.0\n"


def test_files_are_fetched(world: World) -> None:
    """From Downloads, of a step and of a revision."""
    repository = world.sandbox.repositories.of("team")[0]
    repository.downloads["hello.tar.gz"] = b"\x1f\x8b\x00\xff"
    repository.logs["42/7"] = b"+ make\n"
    outcome = run(world, "Fetch a download, a log or an archive")

    assert outcome.code == 0
    assert (world.work / "hello.tar.gz").read_bytes() == b"\x1f\x8b\x00\xff"
    assert outcome.files["work/step.log"] == "+ make\n"
    with tarfile.open(world.work / "main.tar.gz") as archive:
        assert archive.getnames()[-1] == "team-hello-main/README.md"


def test_a_header_is_seen(world: World) -> None:
    """Scopes, as Bitbucket names them in it."""
    outcome = run(world, "See the headers of an answer")

    assert outcome.code == 0
    assert outcome.out.strip() == "account, pipeline:variable, pullrequest:write"


def test_several_things_are_asked_for(world: World) -> None:
    """In the order of the paths."""
    outcome = run(world, "Ask for several things at once")

    assert outcome.code == 0
    assert [sorted(json.loads(line))[0] for line in outcome.out.splitlines()] == ["display_name", "full_name", "page"]


def test_a_data_centers_repositories_are_listed(world: World) -> None:
    """Those of one project."""
    outcome = run(world, "Ask a Data Center")

    assert outcome.code == 0
    assert [json.loads(line)["slug"] for line in outcome.out.splitlines()] == ["hello", "world"]


def test_no_command_is_without_a_test() -> None:
    """So many are on the page, and each is one of those above."""
    assert len(re.findall(r"^```sh$", PAGE, re.M)) == 13
