"""action.yml, bitbucket-pipe.yml and pipe.yml say what the table of inputs says."""

import subprocess
import sys
from pathlib import Path

import yaml

from pipe import VERSION
from pipe.ci.github import GitHubActions
from pipe.inputs.table import TABLE
from tools.generate import IMAGE, OUTPUTS, documents

ROOT = Path(__file__).parents[2]


def load(name: str) -> dict[str, object]:
    """Read one of the YAML files."""
    content = yaml.safe_load((ROOT / name).read_text())
    assert isinstance(content, dict)
    return content


def test_every_generated_file_is_up_to_date() -> None:
    """What `make generate` would write is what is there."""
    for name, content in documents().items():
        assert (ROOT / name).read_text() == content, f"{name}: run make generate"


def test_generate_check_notices_a_difference() -> None:
    """`--check` succeeds now, so the test above compared the same as the command does."""
    assert subprocess.run([sys.executable, "-m", "tools.generate", "--check"], cwd=ROOT, check=False).returncode == 0


def test_the_action_declares_the_table() -> None:
    """Names, order and defaults of the action's inputs are those of the table."""
    inputs = load("action.yml")["inputs"]
    assert isinstance(inputs, dict)
    assert list(inputs) == [declared.name for declared in TABLE]
    assert {name: entry.get("default", "") for name, entry in inputs.items()} == {d.name: d.default for d in TABLE}


def test_the_action_declares_the_outputs_that_are_written() -> None:
    """Nothing is promised that GITHUB_OUTPUT does not get, and nothing is written in secret."""
    outputs = load("action.yml")["outputs"]
    assert isinstance(outputs, dict)
    source = "".join((ROOT / "pipe" / name).read_text() for name in ("ci/github.py", "export/stores/output.py"))
    assert list(outputs) == list(OUTPUTS)
    assert [f'"{name}"' in source for name in OUTPUTS] == [True] * len(OUTPUTS)
    assert GitHubActions.name == "github"


def test_the_action_is_built_from_any_commit_and_fork() -> None:
    """It names the Dockerfile, and no args, where secrets would show; at the end of the job, what that file makes."""
    post = "/opt/bitbucket-token/bin/post"
    assert load("action.yml")["runs"] == {"using": "docker", "image": "Dockerfile", "post-entrypoint": post}
    assert f"> {post} " in (ROOT / "Dockerfile").read_text()


def test_the_pipe_declares_the_table() -> None:
    """Every input with a variable of its own is there; key and secret come from the step's own variables."""
    variables = load("bitbucket-pipe.yml")["variables"]
    assert isinstance(variables, list)
    expected = [declared for declared in TABLE if declared.own_variable]
    assert [entry["name"] for entry in variables] == [declared.variable for declared in expected]
    defaults = {entry["name"]: entry.get("default", "") for entry in variables}
    assert defaults.pop("CONSUMER_KEY") == "$CONSUMER_KEY"
    assert defaults.pop("CONSUMER_SECRET") == "$CONSUMER_SECRET"
    assert defaults == {d.variable: d.default for d in expected if not d.name.startswith("consumer-")}


def test_the_pipe_names_this_version() -> None:
    """Bitbucket wants a tag of three numbers."""
    assert load("bitbucket-pipe.yml")["image"] == f"{IMAGE}:{VERSION}"


def test_bitbucket_finds_the_same_under_the_name_it_looks_for() -> None:
    """pipe.yml is a copy of bitbucket-pipe.yml."""
    assert (ROOT / "pipe.yml").read_bytes() == (ROOT / "bitbucket-pipe.yml").read_bytes()


def test_the_action_follows_githubs_schema() -> None:
    """As GitHub's published schema for action.yml has it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
