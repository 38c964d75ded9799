"""Gitea and Forgejo Actions: GitHub's files, and the mask command in the form that their runners read."""

from pathlib import Path

import pytest

from pipe.ci.forgejo import ForgejoActions
from pipe.ci.gitea import GiteaActions
from pipe.ci.github import GitHubActions
from pipe.errors import InputError
from pipe.redaction.secret import Secret, forms
from tests.unit.conftest import Written
from tests.unit.environments import FORGEJO, GITEA
from tests.unit.samples import TOKEN, export
from tests.unit.test_ci_github import read_by_the_runner

BOTH = pytest.mark.parametrize("system", [GiteaActions, ForgejoActions], ids=["gitea", "forgejo"])


def test_each_has_a_word_of_its_own() -> None:
    """Both say that they are GitHub, and Forgejo may say that it is Gitea."""
    assert [GiteaActions.detect(GITEA), ForgejoActions.detect(GITEA)] == [True, False]
    assert [GiteaActions.detect(FORGEJO), ForgejoActions.detect(FORGEJO)] == [False, True]
    assert not GitHubActions.detect(GITEA)
    assert not GitHubActions.detect(FORGEJO)


@BOTH
def test_a_mask_is_told_as_it_stands_and_escaped(system: type[GitHubActions], written: Written, tmp_path: Path) -> None:
    """Some of their runners undo the escapes and some do not; where both are the same, it is told once."""
    system({}, written.log, tmp_path).mask(["a%b", "plain"])

    assert written.lines == ["::add-mask::a%b", "::add-mask::a%25b", "::add-mask::plain"]


@BOTH
def test_a_mask_of_several_lines_is_told_escaped_alone(
    system: type[GitHubActions], written: Written, tmp_path: Path
) -> None:
    """As it stands, its second line would be printed for all to read."""
    system({}, written.log, tmp_path).mask(["first\nsecond", "third\rfourth"])

    assert all(line.startswith("::add-mask::") for line in written.lines)
    assert written.out.getvalue().splitlines() == ["::add-mask::first%0Asecond", "::add-mask::third%0Dfourth"]


@BOTH
def test_the_token_goes_the_way_of_github(system: type[GitHubActions], written: Written, tmp_path: Path) -> None:
    """Into the same files, in the same form."""
    env = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
    for path in env.values():
        Path(path).touch()
    ci = system(env, written.log, tmp_path)
    ci.mask(forms(Secret(TOKEN)))
    ci.export(export())

    assert read_by_the_runner(Path(env["GITHUB_ENV"]).read_text(encoding="utf-8"))["BITBUCKET_ACCESS_TOKEN"] == TOKEN
    assert read_by_the_runner(Path(env["GITHUB_OUTPUT"]).read_text(encoding="utf-8"))["access-token"] == TOKEN
    assert f"::add-mask::{TOKEN}" in written.lines


@BOTH
def test_a_failure_is_plain_lines(system: type[GitHubActions], written: Written, tmp_path: Path) -> None:
    """Their runners show an annotation as it stands, escapes and all."""
    system({}, written.log, tmp_path).fail(InputError("What: 100%.", "Because.", "Do."))

    assert (written.lines, written.failures) == ([], ["✖ What: 100%.", "  Why: Because.", "  Now: Do."])
