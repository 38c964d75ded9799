"""Harness CI: a step leaves secret outputs in a file, which the engine reads and masks (lite-engine, runtime/run.go).

It reads the file only after exit code 0, and logs the whole file if it cannot parse it: so every value is in base64,
which has nothing in it to misread.
"""

from collections.abc import Mapping

from pipe.ci.command_file import append_all, base64_lines
from pipe.ci.system import CiSystem
from pipe.export.variables import Export

_SECRET = "HARNESS_OUTPUT_SECRET_FILE"
_OUTPUTS = ("HARNESS_OUTPUT_FILE", "DRONE_OUTPUT")
_BASE64 = "__B64__"


class Harness(CiSystem):
    """The image in a Plugin step of Harness CI."""

    name = "harness"
    title = "Harness CI"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by its own variable; it sets Drone's too."""
        return bool(env.get("HARNESS_BUILD_ID"))

    def export(self, export: Export) -> list[str]:
        """Add the token to the secret outputs and its companions to the others; without the files, the env file."""
        export = self.with_file_for_git(export)
        if not self.env.get(_SECRET) or not export.export_env:
            return super().export(export)

        def write() -> list[str]:
            companions = export.texts()
            token = {export.env_name: companions.pop(export.env_name)}
            outputs = next((variable for variable in _OUTPUTS if self.env.get(variable)), "")
            append_all(
                [
                    (variable, self.cwd / self.env[variable], base64_lines(variables, before=_BASE64))
                    for variable, variables in ((_SECRET, token), (outputs, companions))
                    if variable
                ],
                create=True,
                why="The volume that Harness shares with its steps is not mounted here, or is full.",
                now="Run this as a Plugin step; if it is one, look at the disk of the build machine.",
            )
            return [
                f"Set the secret output {export.env_name}. A later step gets it as an environment variable of its own:",
                f"    {export.env_name}: <+steps.THIS_STEP.output.outputVariables.{export.env_name}>",
            ]

        return self.beside_env_file(export, write)


SYSTEM = Harness
