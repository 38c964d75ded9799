"""GitHub Actions: workflow commands mask, files export (runner sources: ActionCommand.cs, FileCommandManager.cs)."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipe.ci.command_file import append_all, entries
from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError, PipeError
from pipe.export.variables import NAME, Export
from pipe.redaction.secret import Secret


class GitHubActions(CiSystem):
    """A Docker action, or the image in a `run` step of a GitHub workflow."""

    name = "github"
    title = "GitHub Actions"
    # No variable tells the legs of a matrix apart: they have one GITHUB_JOB, and runners may have one RUNNER_NAME
    # (github/docs #37046). GitHub starts no re-run of a job before the whole run has ended.
    build_variables = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB", "GITHUB_ACTION")
    tells_legs = False
    try_variable = "GITHUB_RUN_ATTEMPT"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by its own variable, unless that of Gitea or Forgejo, who set it too, stands beside it."""
        return env.get("GITHUB_ACTIONS") == "true" and not (env.get("GITEA_ACTIONS") or env.get("FORGEJO_ACTIONS"))

    def mask(self, masks: Sequence[str]) -> None:
        """Register each form; the runner also masks what it derives itself."""
        try:
            if masks:
                self.log.command("\n".join(command for mask in masks for command in self.mask_commands(mask)))
        except (OSError, ValueError):
            raise ExportError(
                f"{self.title} could not be told what to mask.",
                "Standard output of this step is closed.",
                "Run this as an action, or leave standard output of the container to the runner.",
            ) from None

    def mask_commands(self, mask: str) -> Iterable[str]:
        """The commands that have `mask` masked."""
        return (f"::add-mask::{_data(mask)}",)

    def export(self, export: Export) -> list[str]:
        """Write outputs, and the variables unless `export-env` is false; all or nothing."""
        appended, lines = [], []
        if export.export_env:
            # For a runner that keeps no state for the end of the job.
            named = {export.env_name + NAME: export.token.name} if export.taken_back_by and export.token.name else {}
            appended.append(self._file("GITHUB_ENV", {**self.with_git(export), **named}))
            lines.append(f"Exported {export.env_name}, masked, to all later steps of this job.")
        if self.env.get("GITHUB_OUTPUT") or not export.export_env:
            appended.append(self._file("GITHUB_OUTPUT", _outputs(export)))
            lines.append("Set the outputs access-token, token-type, expires-in, expires-at and scopes.")
        if export.state and self.env.get("GITHUB_STATE"):
            appended.append(self._file("GITHUB_STATE", export.state))

        def write() -> list[str]:
            append_all(appended)
            return lines

        return self.beside_env_file(export, write)

    def has_outputs(self) -> bool:
        """Not in a `docker run` of a `run` step, which does not hand the runner's files on."""
        return bool(self.env.get("GITHUB_OUTPUT"))

    def set_output(self, name: str, value: Secret) -> None:
        """Write one more output."""
        append_all([self._file("GITHUB_OUTPUT", {name: value})])

    def _file(self, variable: str, variables: Mapping[str, str | Secret]) -> tuple[str, Path, str]:
        path = self.env.get(variable, "")
        if not path:
            raise ExportError(
                f"{variable} is not set.",
                "The image runs in a `docker run` of a `run` step, which does not hand the runner's files on.",
                'Use it as an action (`uses:`), or load what `--print sh` prints: eval "$(docker run ...)".',
            )
        return variable, self.cwd / path, entries(variables)

    def fail(self, error: PipeError) -> None:
        """Annotate the run with the failure, and add it to the step summary."""
        lines = [self.log.clean(line) for line in (error.what, f"Why: {error.why}", f"Now: {error.now}")]
        try:
            self.log.command(f"::error title=Bitbucket token%3A {_property(error.title)}::{_data(chr(10).join(lines))}")
        except (OSError, ValueError):
            super().fail(error)
        self._add_summary(f"### ✖ Bitbucket token: {error.title}\n\n" + "\n\n".join(map(_markdown, lines)) + "\n")

    def warn(self, text: str) -> None:
        """Annotate the run."""
        try:
            self.log.command(f"::warning title=Bitbucket token::{_data(self.log.clean(text))}")
        except (OSError, ValueError):
            super().warn(text)

    def state(self, name: str) -> str:
        """What an earlier stage of this very step has written to GITHUB_STATE."""
        return self.env.get(f"STATE_{name}", "")

    def summarize(self, facts: Mapping[str, str]) -> None:
        """Add a small table to the step summary."""
        rows = "".join(f"| {name} | {_markdown(self.log.clean(value))} |\n" for name, value in facts.items())
        self._add_summary(f"### ✔ Bitbucket token\n\n| | |\n| --- | --- |\n{rows}")

    def _add_summary(self, text: str) -> None:
        path = self.env.get("GITHUB_STEP_SUMMARY", "")
        # /dev/null is how a job says that it wants none of any step.
        if not path or not self.has_summary or path == os.devnull:
            return
        try:
            append_all([("GITHUB_STEP_SUMMARY", self.cwd / path, text)])
        except ExportError as error:
            self.log.line(f"Warning: {error.what}")

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Workflows of pull requests from forks, and of Dependabot, run without the repository's secrets."""
        if self.env.get("GITHUB_ACTOR") == "dependabot[bot]":
            return error.because(
                "Dependabot started this run, and its runs get only the secrets that are stored for Dependabot.",
                "Store it under Settings, Secrets and variables, Dependabot as well; or skip this step for Dependabot: "
                "if: github.actor != 'dependabot[bot]'",
            )
        if self._is_from_fork():
            return error.because(
                "This run comes from a fork's pull request, and GitHub hands no secrets to those.",
                "Skip this step for forks: if: github.event.pull_request.head.repo.full_name == github.repository",
            )
        return error.because(
            "The secret is not set for this repository or environment, or its name in `with:` is misspelt: "
            "GitHub replaces an unknown secret by nothing.",
            f"Check `{error.name}: ${{{{ secrets.NAME }}}}` against Settings, Secrets and variables, Actions. "
            "In a reusable workflow, pass the secret on.",
        )

    def _is_from_fork(self) -> bool:
        event_name = self.env.get("GITHUB_EVENT_NAME", "")
        if not event_name.startswith("pull_request") or event_name == "pull_request_target":
            return False
        try:
            event = json.loads(Path(self.env.get("GITHUB_EVENT_PATH", "")).read_bytes())
            head = event["pull_request"]["head"]["repo"]
            return head is None or bool(head["full_name"] != self.env.get("GITHUB_REPOSITORY"))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False


def _outputs(export: Export) -> dict[str, str | Secret]:
    token = export.token
    return {
        "access-token": token.value,
        "token-type": "bearer",
        "expires-in": "" if token.expires_in is None else str(token.expires_in),
        "expires-at": token.expires_at,
        "scopes": " ".join(token.scopes or ()),
    }


def compatible_mask_commands(mask: str) -> Iterable[str]:
    """The commands for runners that take the text as it stands and undo no escaping, as Gitea's does.

    As it stands, a text of several lines would be printed from its second line on.
    """
    raw = () if "\n" in mask or "\r" in mask else (f"::add-mask::{mask}",)
    return dict.fromkeys((*raw, f"::add-mask::{_data(mask)}"))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(text: str) -> str:
    """Return `text` as code in which nothing is markup: no tag, entity, link, image, emphasis or end of a cell."""
    for character in "&<>|`*[]!~$\\":
        text = text.replace(character, f"&#{ord(character)};")
    return f"<code>{text}</code>" if text else ""


SYSTEM = GitHubActions
