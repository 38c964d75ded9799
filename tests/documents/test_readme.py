"""What the README says can be pasted, and is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.generate import IMAGE
from pipe import errors
from pipe.version import VERSION

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def schema_of(snippet: str) -> str:
    """The schema that a YAML snippet has to follow."""
    content = yaml.safe_load(snippet)
    return "vendor.bitbucket-pipelines" if "pipelines" in content else "vendor.github-workflows"


@pytest.mark.parametrize("snippet", blocks("yaml"))
def test_every_yaml_snippet_follows_its_schema(snippet: str, tmp_path: Path) -> None:
    """Bitbucket's for pipelines, GitHub's for workflows."""
    file = tmp_path / "snippet.yml"
    file.write_text(snippet)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema_of(snippet), str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_snippets_are_found() -> None:
    """The tests here have something to look at."""
    assert {schema_of(snippet) for snippet in blocks("yaml")} == {
        "vendor.bitbucket-pipelines",
        "vendor.github-workflows",
    }
    assert len(blocks("sh")) >= 5


@pytest.mark.parametrize("snippet", blocks("sh"))
def test_every_shell_snippet_is_posix(snippet: str) -> None:
    """Dash reads it without complaint."""
    assert subprocess.run(["dash", "-n"], input=snippet, text=True, check=False).returncode == 0


@pytest.mark.parametrize("snippet", blocks("sh"))
def test_no_snippet_puts_a_secret_on_a_command_line(snippet: str) -> None:
    """The token's variable stands only where a shell builtin or a quoted helper reads it."""
    for line in snippet.splitlines():
        if "BITBUCKET_ACCESS_TOKEN" in line:
            assert "printf 'Authorization" in line or "credential.helper='!f()" in line


@pytest.mark.parametrize("heading", ["YAML Definition", "Variables", "Details", "Prerequisites", "Examples", "Support"])
def test_bitbuckets_headings_are_there(heading: str) -> None:
    """Bitbucket looks for them when a pipe is listed."""
    assert f"\n## {heading}\n" in README


def test_every_exit_code_is_explained() -> None:
    """The table has the code of each error class, success, and the two signals."""
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type)]
    codes = {str(thing.exit_code) for thing in classes if hasattr(thing, "exit_code")}
    explained = set(re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE))
    assert explained == codes | {"0", "130, 143"}


def test_every_image_named_is_this_version() -> None:
    """A snippet never names another version than the one it stands beside."""
    assert set(re.findall(rf"{IMAGE}:([\w.]+)", README)) == {VERSION}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_into_the_project_leads_somewhere(page: str) -> None:
    """Files exist, and so do headings."""
    text = (ROOT / page).read_text()
    anchors = {
        re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)
    }
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        assert not file or (ROOT / file).exists(), target
        assert file or anchor in anchors, target
