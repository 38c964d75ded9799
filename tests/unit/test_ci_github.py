"""GitHub Actions: workflow commands mask, files export, a step summary reports."""

import json
import os
import re
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.ci.command_file import entries
from pipe.ci.github import GitHubActions
from pipe.errors import AnswerError, ExportError, MissingInputError, PipeError
from pipe.redaction.log import Log, harmless
from pipe.redaction.secret import Secret, forms
from tests.oracle import Oracle
from tests.unit.conftest import Written
from tests.unit.environments import GITHUB
from tests.unit.samples import TOKEN, export

FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")


def read_by_the_runner(text: str) -> dict[str, str]:
    """Read a file of the runner as its FileCommandManager does, and fail where that fails."""
    values = {}
    lines = text.split("\n")
    assert lines.pop() == "", "the last line must end"
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        assert max(equals, heredoc) >= 0, "neither NAME=VALUE nor NAME<<DELIMITER"
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, values[name] = line.partition("=")
            assert name
            continue
        name, _, delimiter = line.partition("<<")
        assert name
        assert delimiter
        assert delimiter in lines, "the matching delimiter is missing"
        end = lines.index(delimiter)
        values[name] = "\n".join(lines[:end])
        del lines[: end + 1]
    return values


def undo_escapes(data: str) -> str:
    """Read the data of a command as the runner's ActionCommand does."""
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


class Step:
    """A step, with the runner's files."""

    def __init__(self, folder: Path, written: Written, **env: str) -> None:
        self.folder = folder
        for name in FILES:
            (folder / name).touch()
        self.env: Mapping[str, str] = {**GITHUB, **{name: str(folder / name) for name in FILES}, **env}
        self.system = GitHubActions(self.env, written.log, folder)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def values(self, name: str) -> dict[str, str]:
        return read_by_the_runner(self.text(name))


@pytest.fixture
def step(tmp_path: Path, written: Written) -> Step:
    return Step(tmp_path, written)


# Detection


@pytest.mark.parametrize("env", [{"GITHUB_ACTIONS": "false"}, {"GITHUB_ACTIONS": ""}, {"GITHUB_TOKEN": "x"}, {}])
def test_only_its_own_word_tells_that_it_is_github(env: dict[str, str]) -> None:
    """Many machines have other variables of that name."""
    assert GitHubActions.detect(GITHUB)
    assert not GitHubActions.detect(env)


# Masks


@given(st.text(st.sampled_from("ab%\r\n:,;=0123456789ABCDEF"), min_size=1))
def test_a_mask_command_is_one_line_that_the_runner_reads_back(mask: str) -> None:
    """`%`, CR and LF are escaped, and nothing else is."""
    written = Written()
    GitHubActions(GITHUB, written.log, Path()).mask([mask])

    output = written.out.getvalue()
    assert output.startswith("::add-mask::")
    assert output.endswith("\n")
    assert output.count("\n") == 1
    assert "\r" not in output
    assert undo_escapes(output[:-1].removeprefix("::add-mask::")) == mask


def test_each_form_is_masked(step: Step, written: Written) -> None:
    """In the order given, and nothing else is printed."""
    masks = forms(Secret(TOKEN), key="key")
    step.system.mask(masks)

    assert [undo_escapes(line).removeprefix("::add-mask::") for line in written.lines] == list(masks)


def test_a_mask_that_cannot_be_told_ends_the_run(tmp_path: Path) -> None:
    """Exit 7: without it the log would show the token."""
    stream = StringIO()
    stream.close()

    with pytest.raises(ExportError, match="could not be told what to mask") as caught:
        GitHubActions(GITHUB, Log(stream, stream), tmp_path).mask(["s3cret"])

    assert caught.value.exit_code == 7
    assert "s3cret" not in f"{caught.value.what} {caught.value.__cause__}"


# Export


def test_the_variables_and_the_outputs_are_those_of_the_contract(step: Step) -> None:
    """Three variables, five outputs."""
    lines = step.system.export(export())

    assert step.values("GITHUB_ENV") == {
        "BITBUCKET_ACCESS_TOKEN": TOKEN,
        "BITBUCKET_ACCESS_TOKEN_EXPIRES_AT": "2026-06-01T14:00:00Z",
        "BITBUCKET_ACCESS_TOKEN_SCOPES": "repository pullrequest:write",
    }
    assert step.values("GITHUB_OUTPUT") == {
        "access-token": TOKEN,
        "token-type": "bearer",
        "expires-in": "7200",
        "expires-at": "2026-06-01T14:00:00Z",
        "scopes": "repository pullrequest:write",
    }
    assert any("BITBUCKET_ACCESS_TOKEN" in line for line in lines)
    Oracle([TOKEN]).check("the lines", "\n".join(lines))


def test_what_the_server_did_not_tell_is_empty(step: Step) -> None:
    """And written all the same."""
    step.system.export(export(scopes=None, expires_in=None, env_name="T"))

    assert step.values("GITHUB_ENV") == {"T": TOKEN, "T_EXPIRES_AT": "", "T_SCOPES": ""}
    assert {name: value for name, value in step.values("GITHUB_OUTPUT").items() if not value} == {
        "expires-in": "",
        "expires-at": "",
        "scopes": "",
    }


def test_without_export_env_there_are_outputs_alone(step: Step) -> None:
    """No environment variable."""
    lines = step.system.export(export(export_env=False))

    assert step.text("GITHUB_ENV") == ""
    assert step.values("GITHUB_OUTPUT")["access-token"] == TOKEN
    assert not any("Exported" in line for line in lines)


def test_the_env_file_is_written_too_if_the_user_names_one(step: Step) -> None:
    """Beside the runner's own files."""
    lines = step.system.export(export(output_file=Path("out/env")))

    assert TOKEN in (step.folder / "out" / "env").read_text(encoding="utf-8")
    assert step.values("GITHUB_ENV")["BITBUCKET_ACCESS_TOKEN"] == TOKEN
    assert any("./out/env" in line for line in lines)


@pytest.mark.parametrize(
    ("missing", "export_env", "told"),
    [("GITHUB_ENV", True, "GITHUB_ENV is not set"), ("GITHUB_OUTPUT", False, "GITHUB_OUTPUT is not set")],
)
def test_without_the_runners_files_there_is_no_export(
    missing: str, export_env: bool, told: str, tmp_path: Path, written: Written
) -> None:
    """Exit 7, with the way that a `docker run` within a step has to go."""
    step = Step(tmp_path, written, **{missing: ""})

    with pytest.raises(ExportError, match=told) as caught:
        step.system.export(export(export_env=export_env))

    assert "--print sh" in caught.value.now
    assert step.text("GITHUB_ENV") + step.text("GITHUB_OUTPUT") == ""


@pytest.mark.parametrize("before", ["", "A=1\n", "A=1", "A<<X\nB=2\nX\n", "A<<X\nB=2\nX"])
def test_what_stands_in_the_files_stays(before: str, step: Step) -> None:
    """Even where an earlier program left the last line open."""
    (step.folder / "GITHUB_ENV").write_text(before, encoding="utf-8")
    step.system.export(export())

    earlier = {} if not before else {"A": "B=2" if "X" in before else "1"}
    assert step.text("GITHUB_ENV").startswith(before)
    assert step.values("GITHUB_ENV").items() >= {**earlier, "BITBUCKET_ACCESS_TOKEN": TOKEN}.items()


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True),
        st.text(st.sampled_from("a=<\nE O F\r_bitbucket_token"), max_size=40)
        | st.sampled_from(
            ["PATH=/evil", "X\nLD_PRELOAD=/evil.so", "X\nEOF\nPATH<<EOF\n/evil", "ghadelimiter", "<<", "\n"]
        ),
        max_size=4,
    )
)
def test_the_runner_reads_what_was_written_and_nothing_else(variables: dict[str, str]) -> None:
    """Whatever is in a value, it sets no other variable."""
    written = entries({name: Secret(value) for name, value in variables.items()})

    assert read_by_the_runner(written) == variables


def test_a_delimiter_cannot_be_foreseen() -> None:
    """128 bits of chance for each value, so that no server ends it from within."""
    delimiters = {line.partition("<<")[2] for _ in range(50) for line in entries({"A": "", "B": ""}).split("\n")}
    delimiters.discard("")

    assert len(delimiters) == 100
    assert all(len(delimiter) >= 32 for delimiter in delimiters)


# All or nothing


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no file beyond `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def break_output(step: Step, how: str) -> None:
    """Make the second file one that cannot be written."""
    path = step.folder / "GITHUB_OUTPUT"
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "full":
        path.symlink_to("/dev/full")
    elif how == "null":
        path.symlink_to("/dev/null")
    elif how == "loop":
        path.symlink_to(path)


@pytest.mark.parametrize("how", ["missing", "folder", "fifo", "full", "null", "loop"])
@pytest.mark.parametrize("before", ["", "A=1\n", "A=1"])
def test_if_the_second_file_fails_the_first_is_as_before(step: Step, how: str, before: str) -> None:
    """Exit 7, naming the variable; nothing waits for a reader that a FIFO will never have."""
    break_output(step, how)
    (step.folder / "GITHUB_ENV").write_text(before, encoding="utf-8")

    with pytest.raises(ExportError, match="file that GITHUB_OUTPUT names could not be written") as caught:
        step.system.export(export(output_file=Path("out/env")))

    assert caught.value.exit_code == 7
    assert step.text("GITHUB_ENV") == before
    assert not (step.folder / "out").exists()


def test_an_env_file_that_was_there_stays_if_another_file_fails(step: Step) -> None:
    """What the user had under that name is not lost, and nothing is left beside it."""
    break_output(step, "missing")
    (step.folder / "out").mkdir()
    (step.folder / "out" / "env").write_text("the user's", encoding="utf-8")

    with pytest.raises(ExportError, match="file that GITHUB_OUTPUT names could not be written"):
        step.system.export(export(output_file=Path("out/env")))

    assert [path.name for path in (step.folder / "out").iterdir()] == ["env"]
    assert (step.folder / "out" / "env").read_text(encoding="utf-8") == "the user's"


@pytest.mark.parametrize("room", [0, 1, 100, 400, 500])
def test_a_disk_that_fills_up_leaves_no_half_of_it(step: Step, room: int) -> None:
    """Whichever file it happens in, and wherever: a token cut in two would be one that no mask knows."""
    (step.folder / "GITHUB_ENV").write_text("A=1\n", encoding="utf-8")
    (step.folder / "GITHUB_OUTPUT").write_text("b=2\n", encoding="utf-8")

    with files_of_at_most(4 + room), pytest.raises(ExportError, match="could not be written"):
        step.system.export(export(scopes=("s" * 500,)))

    assert (step.text("GITHUB_ENV"), step.text("GITHUB_OUTPUT")) == ("A=1\n", "b=2\n")


# Failures and the summary


def failure(what: str = "What.", why: str = "Why.", now: str = "Now.") -> PipeError:
    return AnswerError(what, why, now)


def test_a_failure_is_one_annotation(step: Step, written: Written) -> None:
    """Its three parts are joined by `%0A`, and the title says what kind it is."""
    step.system.fail(failure("100% wrong.", "It, is: so.", "Do this."))

    assert written.lines == [
        "::error title=Bitbucket token%3A Unusable answer::100%25 wrong.%0AWhy: It, is: so.%0ANow: Do this."
    ]
    assert written.failures == []
    assert "Bitbucket token: Unusable answer" in step.text("GITHUB_STEP_SUMMARY")


@given(
    st.text(st.characters(), max_size=60) | st.sampled_from(["\n::set-env name=PATH::/evil", "\r\n::error::", "%0A::x"])
)
def test_a_failure_is_one_line_whatever_is_in_it(text: str) -> None:
    """No server's text starts a second command, and no secret is shown."""
    written = Written()
    written.log.hide(forms(Secret(TOKEN)))
    GitHubActions(GITHUB, written.log, Path()).fail(failure(f"{text} {TOKEN}", text, text))

    output = written.out.getvalue()
    assert output.count("\n") == 1
    assert "\r" not in output
    data = output.removeprefix("::error title=Bitbucket token%3A Unusable answer::")
    assert "::" not in data
    assert "\n" not in undo_escapes(data).replace("\nWhy: ", "").replace("\nNow: ", "").rstrip("\n")
    Oracle([TOKEN]).check("the annotation", output)


@given(
    st.text(st.characters(), max_size=60) | st.sampled_from(["\n::set-env name=PATH::/evil", "\r\n::error::", "%0A::x"])
)
def test_a_warning_is_one_line_whatever_is_in_it(text: str) -> None:
    """As a failure is."""
    written = Written()
    written.log.hide(forms(Secret(TOKEN)))
    GitHubActions(GITHUB, written.log, Path()).warn(f"100% {text} {TOKEN}")

    output = written.out.getvalue()
    assert output.count("\n") == 1
    assert "\r" not in output
    assert output.startswith("::warning title=Bitbucket token::100%25 ")
    Oracle([TOKEN]).check("the annotation", output)


def test_a_warning_without_a_reader_is_no_failure(tmp_path: Path) -> None:
    """Nobody is there to be told."""
    closed, err = StringIO(), StringIO()
    closed.close()
    GitHubActions(GITHUB, Log(closed, err), tmp_path).warn("What.")

    assert err.getvalue() == ""


def test_a_failure_without_a_reader_goes_to_standard_error(tmp_path: Path) -> None:
    """Somebody may still read that."""
    closed, err = StringIO(), StringIO()
    closed.close()
    GitHubActions(GITHUB, Log(closed, err), tmp_path).fail(failure())

    assert err.getvalue().splitlines() == ["✖ What.", "  Why: Why.", "  Now: Now."]


def test_the_summary_is_a_table(step: Step) -> None:
    """Of the facts, and added to what others wrote."""
    (step.folder / "GITHUB_STEP_SUMMARY").write_text("# Before", encoding="utf-8")
    step.system.summarize({"scopes": "repository", "expires": ""})

    assert step.text("GITHUB_STEP_SUMMARY").splitlines() == [
        "# Before",
        "### ✔ Bitbucket token",
        "",
        "| | |",
        "| --- | --- |",
        "| scopes | <code>repository</code> |",
        "| expires |  |",
    ]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example>",
    "![x](https://evil.example/x.png)",
    "[click here](https://evil.example)",
    "`code` | next cell",
    "</code><h1>Run this</h1>",
    "**bold** ~~struck~~ \\*",
    "&lt;b&gt; &#60;",
    "a\n\n# heading\n- list",
    "a\r\n| x | y |",
    "<!-- hidden",
    "$\\evil{math}$",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_server_says_is_markup_in_the_summary(text: str, step: Step) -> None:
    """No tag, image, link, cell, line or emphasis of its own."""
    step.system.summarize({"scopes": text})
    step.system.fail(failure(text, text, text))

    summary = step.text("GITHUB_STEP_SUMMARY")
    shown = re.findall("<code>(.*)</code>", summary)
    assert len(shown) == 4
    assert len(summary.splitlines()) == 12
    for content in shown:
        assert not set("<>&|`[]*~\\$!") & set(re.sub("&#[0-9]+;", "", content))
        assert unescape(content).endswith(harmless(text, ()))


def test_the_summary_shows_no_secret(step: Step, written: Written) -> None:
    """It is as public as the log."""
    written.log.hide(forms(Secret(TOKEN)))
    step.system.summarize({"scopes": f"a {TOKEN}"})
    step.system.fail(failure(TOKEN, TOKEN, TOKEN))

    Oracle([TOKEN]).check("the summary", step.text("GITHUB_STEP_SUMMARY"))


@pytest.mark.parametrize("path", ["", "missing/summary", "/dev/full", "."])
def test_without_a_summary_the_run_goes_on(path: str, tmp_path: Path, written: Written) -> None:
    """It is a report; the log has the same facts."""
    step = Step(tmp_path, written, GITHUB_STEP_SUMMARY=path)
    step.system.summarize({"scopes": "repository"})

    assert [line[:60] for line in written.lines] == (
        ["Warning: The file that GITHUB_STEP_SUMMARY names could not b"] if path else []
    )


def test_nobody_has_to_have_a_summary(step: Step, tmp_path: Path, written: Written) -> None:
    """Where it is not wanted, and where a job throws it away, neither a failure nor a success is told there."""
    step.system.has_summary = False
    away = Step(tmp_path, written, GITHUB_STEP_SUMMARY=os.devnull)
    for system in (step.system, away.system):
        system.summarize({"scopes": "repository"})
        system.fail(failure())

    assert step.text("GITHUB_STEP_SUMMARY") == ""
    assert all(line.startswith("::error title=") for line in written.lines)


# Missing secrets


def explained(env: Mapping[str, str], folder: Path) -> MissingInputError:
    system = GitHubActions({**GITHUB, **env}, Written().log, folder)
    error = system.explain_missing(MissingInputError("consumer-secret", "CONSUMER_SECRET"))
    assert error.what == "consumer-secret is missing."
    assert error.exit_code == 2
    return error


def pull_request(folder: Path, event: object, name: str = "pull_request") -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(event if isinstance(event, str) else json.dumps(event), encoding="utf-8")
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}


def from_repository(name: str | None) -> object:
    return {"pull_request": {"head": {"repo": name and {"full_name": name}}}}


def test_dependabot_has_secrets_of_its_own(tmp_path: Path) -> None:
    """The usual ones are not handed to it."""
    error = explained({"GITHUB_ACTOR": "dependabot[bot]"}, tmp_path)

    assert "Dependabot" in error.why
    assert "Dependabot" in error.now


@pytest.mark.parametrize("repository", ["someone/hello-world", None])
def test_a_fork_has_no_secrets(repository: str | None, tmp_path: Path) -> None:
    """Not even one that was deleted since."""
    error = explained(pull_request(tmp_path, from_repository(repository)), tmp_path)

    assert "fork" in error.why
    assert "head.repo.full_name == github.repository" in error.now


@pytest.mark.parametrize(
    "event",
    [
        from_repository("octocat/hello-world"),
        "",
        "[]",
        "null",
        "{}",
        '{"pull_request": null}',
        '{"pull_request": {"head": {"repo": "x"}}}',
        "not JSON",
        "[" * 100_000,
    ],
)
def test_otherwise_the_secret_is_not_set_or_misspelt(event: object, tmp_path: Path) -> None:
    """An event that cannot be read says nothing."""
    error = explained(pull_request(tmp_path, event), tmp_path)

    assert "misspelt" in error.why
    assert "${{ secrets.NAME }}" in error.now


@pytest.mark.parametrize("name", ["push", "pull_request_target", "schedule"])
def test_an_event_with_secrets_is_not_blamed_on_a_fork(name: str, tmp_path: Path) -> None:
    """Runs of `pull_request_target` get the secrets, whoever opened the pull request."""
    error = explained(pull_request(tmp_path, from_repository("someone/else"), name), tmp_path)

    assert "misspelt" in error.why


@pytest.mark.parametrize("path", ["", "/nowhere/event.json", "/"])
def test_an_event_that_is_not_there_says_nothing(path: str, tmp_path: Path) -> None:
    """It is never a reason to fall over."""
    assert "misspelt" in explained({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path}, tmp_path).why
