"""What the README says can be pasted, and is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipe import VERSION, ci, errors
from pipe.inputs.table import GRANTS
from tools.generate import IMAGE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SYSTEMS = sorted(path.relative_to(ROOT) for path in (ROOT / "docs/ci").glob("*.md"))
PAGES = (
    "README.md",
    "docs/grants.md",
    "docs/data-center.md",
    "docs/check.md",
    "docs/git.md",
    "docs/long-jobs.md",
    "docs/other-servers.md",
    "docs/cleanup.md",
    "docs/api.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *map(str, SYSTEMS),
)

# The schemas that check-jsonschema brings along, by the name of a system's page. A system that is not here has none.
SCHEMAS = {
    "azure": "azure-pipelines",
    "bitbucket": "bitbucket-pipelines",
    "buildkite": "buildkite",
    "circleci": "circle-ci",
    "cloudbuild": "cloudbuild",
    "drone": "drone-ci",
    "forgejo": "github-workflows",
    "gitea": "github-workflows",
    "github": "github-workflows",
    "gitlab": "gitlab-ci",
    "travis": "travis",
    "woodpecker": "woodpecker-ci",
}


def blocks(language: str, *pages: str) -> list[tuple[str, str]]:
    """The fenced blocks in one language: the page's name and the text."""
    found = []
    for page in pages:
        fence = rf"^```{language}\n(.*?)^```$"
        found += [(Path(page).stem, text) for text in re.findall(fence, (ROOT / page).read_text(), re.M | re.S)]
    return found


def schema_of(page: str, snippet: str) -> str:
    """The schema that a YAML snippet has to follow, or an empty text."""
    if page in ("README", "git", "grants", "long-jobs"):
        page = "bitbucket" if "pipelines" in yaml.safe_load(snippet) else "github"
    return f"vendor.{SCHEMAS[page]}" if page in SCHEMAS else ""


@pytest.mark.parametrize(("page", "snippet"), blocks("ya?ml", *PAGES))
def test_every_yaml_snippet_follows_its_schema(page: str, snippet: str, tmp_path: Path) -> None:
    """That of its CI system where there is one; else it is YAML at least."""
    assert all(yaml.safe_load_all(snippet))
    schema = schema_of(page, snippet)
    if schema:
        file = tmp_path / "snippet.yml"
        file.write_text(snippet)
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout


def test_the_snippets_are_found() -> None:
    """The tests here have something to look at."""
    assert {schema_of(*block) for block in blocks("yaml", "README.md")} == {
        "vendor.bitbucket-pipelines",
        "vendor.github-workflows",
    }
    assert len(blocks("sh", "README.md")) >= 5


@pytest.mark.parametrize("page", [path.stem for path in SYSTEMS if path.stem in SCHEMAS])
def test_a_page_has_a_snippet_for_the_schema_of_its_system(page: str) -> None:
    """A schema that is there is used."""
    assert blocks("ya?ml", f"docs/ci/{page}.md")


def test_every_system_has_a_page() -> None:
    """And every page is that of a system."""
    assert [path.stem for path in SYSTEMS] == list(ci.names())


@pytest.mark.parametrize("snippet", [text for _, text in blocks("sh", *PAGES)])
def test_every_shell_snippet_is_posix(snippet: str) -> None:
    """Dash reads it without complaint."""
    assert subprocess.run(["dash", "-n"], input=snippet, text=True, check=False).returncode == 0


@pytest.mark.parametrize("snippet", [text for _, text in blocks("sh", *PAGES)])
def test_no_snippet_puts_a_secret_on_a_command_line(snippet: str) -> None:
    """The token's variable stands only where a shell builtin or a quoted helper reads it."""
    for line in snippet.splitlines():
        if "BITBUCKET_ACCESS_TOKEN" in line:
            helper = "credential.https://bitbucket.org.helper='!f()"
            ways = ("printf 'Authorization", helper, "-e BITBUCKET_ACCESS_TOKEN ")
            assert any(way in line for way in ways)


@pytest.mark.parametrize("heading", ["YAML Definition", "Variables", "Details", "Prerequisites", "Examples", "Support"])
def test_bitbuckets_headings_are_there(heading: str) -> None:
    """Bitbucket looks for them when a pipe is listed."""
    assert f"\n## {heading}\n" in README


def test_every_grant_has_its_section() -> None:
    """Under the name that the input takes."""
    page = (ROOT / "docs/grants.md").read_text()
    documented = re.findall(r"^## (\w+)$", page, re.MULTILINE)
    assert set(documented) <= set(GRANTS)
    assert {"client_credentials", "refresh_token", "authorization_code", "access_token"} <= set(documented)


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
        assert not file or (ROOT / page).parent.joinpath(file).exists(), target
        assert file or anchor in anchors, target
