"""Vela: a step leaves outputs in files, and later steps find them as variables, masked in their logs.

The worker reads the files with go-envparse (worker, executor/linux/outputs.go). A line that it cannot read costs all
outputs of that file, without a word in the log; so what is not plain is in base64, or quoted.
"""

from collections.abc import Mapping

from pipe.ci.command_file import append_all, base64_lines, is_plain, lines_that_fit
from pipe.ci.system import CiSystem
from pipe.errors import ExportError
from pipe.export.variables import Export

_BASE64 = "VELA_MASKED_BASE64_OUTPUTS"
_MASKED = "VELA_MASKED_OUTPUTS"
_OUTPUTS = "VELA_OUTPUTS"


class Vela(CiSystem):
    """The image as that of a step of Vela."""

    name = "vela"
    title = "Vela"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the compiler sets for each step."""
        return env.get("VELA", "").lower() == "true"

    def export(self, export: Export) -> list[str]:
        """Add to the masked outputs; where there are none, write the env file into the workspace."""
        export = self.with_file_for_git(export)
        variable = next((name for name in (_BASE64, _MASKED) if self.env.get(name)), "")
        if not variable or not export.export_env:
            return super().export(export)
        if not (self.cwd / self.env[variable]).parent.is_dir():
            lines = super().export(export)
            return ["This worker takes no outputs: its administrator has set no image for them.", *lines]
        return self.beside_env_file(export, lambda: self._append(variable, export))

    def _append(self, variable: str, export: Export) -> list[str]:
        companions = export.texts()
        token = {export.env_name: companions.pop(export.env_name)}
        if any(reference in token[export.env_name] for reference in ("${", "$$")):
            raise ExportError(
                "The token does not fit into an output of Vela: it holds a dollar sign before a brace or another one.",
                "Vela would take it as a reference to a variable, and change the token.",
                "Have the env file written instead (ci: none), and load it in the commands of the later step.",
            )
        files = [(variable, base64_lines(token) if variable == _BASE64 else _lines(token))]
        if self.env.get(_OUTPUTS):
            files.append((_OUTPUTS, _lines(companions)))
        append_all(
            [(name, self.cwd / self.env[name], text) for name, text in files],
            create=True,
            why="The step's user may not write there, or the disk of the worker is full.",
            now="Run this step as root, as the image does by itself; if it does, look at the disk of the worker.",
        )
        return [f"Set the masked output {export.env_name}: later steps find it as a variable, and their logs show ***."]


def _lines(variables: Mapping[str, str]) -> str:
    """A line each; what is not plain in double quotes, in which go-envparse undoes JSON's escapes."""
    import json  # noqa: PLC0415 - every module here is loaded to detect the system

    return lines_that_fit(
        f"{name}={value if is_plain(value) else json.dumps(value)}" for name, value in variables.items()
    )


SYSTEM = Vela
