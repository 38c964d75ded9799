"""Azure Pipelines: logging commands mask and export (agent sources: Command.cs, TaskCommandExtension.cs).

The agent reads them on both streams, wherever they stand in a line, and hides them.
"""

from collections.abc import Mapping, Sequence

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError, PipeError
from pipe.export.variables import Export


class AzurePipelines(CiSystem):
    """The image in a step of Azure Pipelines."""

    name = "azure"
    title = "Azure Pipelines"
    build_variables = ("BUILD_DEFINITIONNAME", "BUILD_BUILDID", "SYSTEM_JOBID")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the agent sets for each step; its documentation spells it `True`."""
        return env.get("TF_BUILD", "").lower() == "true"

    def mask(self, masks: Sequence[str]) -> None:
        """Register each form; the agent also masks what it derives itself (JSON, URI, backslashes)."""
        self._command(*(f"##vso[task.setsecret]{_data(mask)}" for mask in masks))

    def export(self, export: Export) -> list[str]:
        """Set variables of the job and output variables, unless `export-env` is false; only the token is secret."""
        export = self.with_file_for_git(export)
        if not export.export_env:
            return self.write_env_file(export, export.output_file or self.default_file())

        def write() -> list[str]:
            self._command(
                *(
                    f"##vso[task.setvariable variable={name}{kind}{output}]{_data(value)}"
                    for name, value in export.texts().items()
                    for kind in (";issecret=true" if name == export.env_name else "",)
                    for output in ("", ";isoutput=true")
                )
            )
            name = export.env_name
            return [
                f"Set {name}, secret, for all later steps of this job. A step that needs it has to ask for it:",
                f"    env: {{ {name}: $({name}) }}",
                f"Other jobs find it as an output variable of this step: outputs['STEP.{name}'].",
            ]

        return self.beside_env_file(export, write)

    def _command(self, *commands: str) -> None:
        """Write all commands at once: none of them is cut in the middle."""
        try:
            if commands:
                self.log.command("\n".join(commands))
        except (OSError, ValueError):
            raise ExportError(
                f"{self.title} could not be told what to mask, or which variables to set.",
                "Standard output of this step is closed, or goes to a file on a full disk.",
                "Leave standard output of the container to the agent: no > or | after docker run.",
            ) from None

    def fail(self, error: PipeError) -> None:
        """Report an issue, which the run's summary page shows too."""
        lines = [self.log.clean(line) for line in (error.what, f"Why: {error.why}", f"Now: {error.now}")]
        try:
            self.log.command(f"##vso[task.logissue type=error]Bitbucket token: {_data(chr(10).join(lines))}")
        except (OSError, ValueError):
            super().fail(error)

    def warn(self, text: str) -> None:
        """Report an issue of the lighter kind."""
        try:
            self.log.command(f"##vso[task.logissue type=warning]Bitbucket token: {_data(self.log.clean(text))}")
        except (OSError, ValueError):
            super().warn(text)

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Secret variables reach no step by themselves, and none at all in builds of forks."""
        if self.env.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true":
            return error.because(
                "This run builds a pull request from a fork, and Azure Pipelines hands no secrets to those.",
                "Skip this step for forks: condition: ne(variables['System.PullRequest.IsFork'], 'True')",
            )
        return error.because(
            "Azure Pipelines puts no secret variable into a step's environment by itself.",
            f"Hand it over under env: in this step ({error.variable}: $(NAME)), and on with docker run -e "
            f"{error.variable}.",
        )


def _data(text: str) -> str:
    """Return `text` as what stands behind a command; its head holds only names that need no escape."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


SYSTEM = AzurePipelines
