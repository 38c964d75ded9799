"""Bitrise: its tool envman hands variables to later steps, and Bitrise redacts those that are marked as sensitive.

The options are those of envman's cli/add.go. The value goes by a file: an argument shows in process lists.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError
from pipe.export.variables import Export, plain
from pipe.redaction.log import show
from pipe.redaction.secret import Secret

_STORE = "ENVMAN_ENVSTORE_PATH"
# Seconds for each variable: it only writes a file.
_PATIENCE = 20.0


class Bitrise(CiSystem):
    """The program in a Script step of Bitrise, or the image with envman mounted into it."""

    name = "bitrise"
    title = "Bitrise"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what it sets in each build."""
        return env.get("BITRISE_IO", "").lower() == "true"

    def export(self, export: Export) -> list[str]:
        """Call envman; where it or its store is not within reach, write the env file."""
        envman = self._envman()
        if not envman or not self.env.get(_STORE) or not export.export_env:
            return super().export(export)
        return self.beside_env_file(export, lambda: self._add_all(envman, export))

    def _envman(self) -> str | None:
        """The path of envman: nothing in the checkout, which a pull request could have put there, is taken for it."""
        import shutil  # noqa: PLC0415 - every module here is loaded to detect the system

        folders = [*self.env.get("PATH", "").split(os.pathsep), "/usr/local/bin"]
        outside = [folder for folder in folders if Path(folder).is_absolute() and not self._is_inside(folder)]
        return shutil.which("envman", path=os.pathsep.join(outside))

    def _is_inside(self, folder: str) -> bool:
        return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(self.cwd))

    def _add_all(self, envman: str, export: Export) -> list[str]:
        import tempfile  # noqa: PLC0415

        store = self.cwd / self.env[_STORE]
        try:
            before = store.read_bytes()
            with tempfile.TemporaryDirectory(prefix="bitbucket-token-") as folder:
                try:
                    variables = self.with_git(export)
                    for name, value in plain(variables).items():
                        file = Path(folder, name)
                        file.touch(mode=0o600)
                        file.write_text(value)
                        self._add(envman, name, file, sensitive=isinstance(variables[name], Secret))
                except BaseException:
                    store.write_bytes(before)
                    raise
        except OSError as error:
            raise ExportError(
                f"The file that {_STORE} names could not be used ({os.strerror(error.errno or 0)}).",
                "It is not mounted into this container, or the disk is full.",
                f'Mount it: -v "${_STORE}:${_STORE}"; or do not hand {_STORE} on, and the env file is written instead.',
            ) from error
        return [f"Set {export.env_name}, sensitive, for all later steps of this workflow."]

    def _add(self, envman: str, name: str, file: Path, *, sensitive: bool) -> None:
        """Have envman add one variable. It sees no variables of this run but those that are for it."""
        import subprocess  # noqa: PLC0415

        kept = {key: value for key, value in self.env.items() if key in ("HOME", "PATH") or key.startswith("ENVMAN_")}
        marks = ["--no-expand", *(["--sensitive"] if sensitive else [])]
        try:
            ended = subprocess.run(  # noqa: S603 - an absolute path from outside the checkout, and no shell
                [envman, "add", "--key", name, *marks, "--valuefile", str(file)],
                env=kept,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExportError(
                f"envman could not be run ({type(error).__name__}).",
                "The one that was found is not for this machine, or hangs.",
                "Do not mount it into this container, and the env file is written instead.",
            ) from None
        if ended.returncode:
            said = ended.stdout.decode(errors="replace").rpartition("[ENVMAN] ")[2].strip().partition("\n")[0]
            raise ExportError(
                f"envman failed with {ended.returncode}: {show(said, self.log.masks)}",
                "Its store is not there or cannot be written, or the value is larger than its limit (256 KB).",
                "Look at what it said; `envman print` in a Script step shows whether it works there.",
            )

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Builds of pull requests get only the secrets that are exposed to them."""
        if self.env.get("PR") != "true":
            return error
        return error.because(
            "This build is of a pull request, and Bitrise hands secrets to those only where each secret allows it.",
            "Skip this step for them (run_if: '{{ not .IsPR }}'), or expose the secret for pull requests.",
        )


SYSTEM = Bitrise
