"""GitLab CI: the job's script loads the env file; a dotenv report hands the token to later jobs, and shows it.

The runner masks what the server marked as masked, and nothing that is made at run time. What a dotenv report may hold:
GitLab's "Pass dotenv variables to specific jobs" and its parse_dotenv_artifact_service.rb.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import ClassVar

from pipe.ci.command_file import append
from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError
from pipe.export.variables import Export

# Bytes of the whole file. GitLab wants it smaller than 5 KiB unless the instance says otherwise.
_LIMIT = 5 * 1024


class GitLabCi(CiSystem):
    """The image as that of a job, or in a `docker run` of a job's script."""

    name = "gitlab"
    title = "GitLab CI"
    build_variables = ("CI_PROJECT_PATH", "CI_JOB_ID")
    channels: ClassVar[Mapping[str, str]] = {
        "dotenv": "GitLab masks nothing that comes from a dotenv report, and everyone with access to the job's "
        "artifacts can read the token in it; artifacts:access restricts that."
    }
    file_channels: ClassVar[frozenset[str]] = frozenset({"dotenv"})

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the runner sets for each job."""
        return env.get("GITLAB_CI", "").lower() == "true"

    def export_to_channel(self, export: Export) -> list[str]:
        """Add to the dotenv report, for later jobs, unless GitLab would then refuse or change it."""
        variables = {name: value for name, value in export.texts().items() if value}
        if any("$" in value for value in variables.values()):
            raise ExportError(
                "The token does not fit into a dotenv report: it, or a scope, holds a dollar sign.",
                "The runner takes what follows a dollar sign there as the name of a variable.",
                "Get the token anew in each job instead.",
            )
        path = self.cwd / (export.channel_file or "")
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        with ExitStack() as undo:
            try:
                append(path, text, undo, create=True)
                size = path.stat().st_size
            except OSError as error:
                raise ExportError(
                    f"The dotenv report {str(path)!r} could not be written ({os.strerror(error.errno or 0)}).",
                    "Its directory does not exist or is read-only, or a link or directory has its name.",
                    "Name a file in the checkout with channel-file.",
                ) from error
            if size >= _LIMIT:
                raise ExportError(
                    f"The token does not fit into the dotenv report {str(path)!r}.",
                    "GitLab takes less than 5 KB, and the token with what is there already is longer.",
                    "Get the token anew in each job instead, or name another file with channel-file.",
                )
            undo.pop_all()
        return [
            f"Added {export.env_name} to {str(export.channel_file)!r}. Later jobs find it if this job has:",
            f"    artifacts: {{ reports: {{ dotenv: {export.channel_file} }} }}",
        ]

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Variables of a project reach neither its forks nor, when protected, its unprotected branches."""
        source = self.env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
        if source and source != self.env.get("CI_MERGE_REQUEST_PROJECT_ID", self.env.get("CI_PROJECT_ID")):
            return error.because(
                "This merge request comes from a fork. Its pipeline runs in the fork, which has variables of its own.",
                "Skip this job for forks (rules: if: $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == "
                "$CI_MERGE_REQUEST_PROJECT_ID), or let a member run the pipeline in the parent project.",
            )
        if self.env.get("CI_COMMIT_REF_PROTECTED") == "false":
            return error.because(
                "This branch or tag is not protected, and GitLab hands protected variables to protected ones only.",
                "Under Settings, CI/CD, Variables, clear `Protect variable`; or protect this branch.",
            )
        return error


SYSTEM = GitLabCi
