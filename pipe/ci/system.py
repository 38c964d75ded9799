"""What every CI system has in common: the contract of one file in this folder, and the env file as its fallback."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import ClassVar

from pipe.errors import InputError, MissingInputError, PipeError
from pipe.export import env_file as envfile
from pipe.export.git import NETRC_WARNING, has_login
from pipe.export.variables import Export
from pipe.redaction.log import Log
from pipe.redaction.secret import Secret

ENV_FILE = Path(".bitbucket-token", "env")


class CiSystem:
    """A CI system: how it is recognised, how it masks, how values reach later steps, how it shows a failure.

    A subclass overrides what its system has a way of its own for. What is here suits a system without one: nothing
    can be masked at run time, so the env file brings its log filter, and failures are plain lines.
    """

    name: ClassVar[str]
    """What the `ci` input calls it."""
    title: ClassVar[str]
    """What its makers call it."""
    channels: ClassVar[Mapping[str, str]] = {}
    """Channels of this system that show the token: the name that `channel` gives each, and who can read it there."""
    file_channels: ClassVar[frozenset[str]] = frozenset()
    """Those of them that write the file which the user names by `channel-file`."""

    build_variables: ClassVar[tuple[str, ...]] = ()
    """The variables that together tell a job from every other one."""
    tells_legs: ClassVar[bool] = True
    """Whether `build_variables` tell the legs of a matrix apart too."""
    try_variable: ClassVar[str] = ""
    """The variable that counts the tries of a build, if none begins before all jobs of the one before it have ended."""

    def __init__(self, env: Mapping[str, str], log: Log, cwd: Path) -> None:
        self.env = env
        self.log = log
        self.cwd = cwd
        self.has_summary = True
        """Whether a user wants anything on the page that the system shows of a run."""

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Whether `env` is that of this system, told by a variable of its own."""
        raise NotImplementedError

    def mask(self, masks: Sequence[str]) -> None:
        """Have the system hide `masks` in its log. Raises `ExportError` if it cannot be told."""

    def export(self, export: Export) -> list[str]:
        """Hand the token to later steps and return what a user has to know about it, a line each.

        Raises `ExportError`, and then leaves nothing half-written.
        """
        if not export.channel:
            return self.write_env_file(export, export.output_file or self.default_file())
        lines = self.beside_env_file(export, lambda: self.export_to_channel(export))
        return [*lines, f"Warning: {self.channels[export.channel]}"]

    def export_to_channel(self, export: Export) -> list[str]:
        """Hand the token to later jobs through `export.channel`, one of `channels`, and return a line each about it."""
        raise NotImplementedError

    def withdraw(self, env_name: str) -> list[str]:  # noqa: ARG002 - most systems have no such file
        """Take out of files of the system's own what `export` has added for that variable; return a line each about it.

        For the end of a job, where steps after this one would still read them. Raises `ExportError` for what is left.
        """
        return []

    def check_channel(self, channel: str, channel_file: str = "") -> None:
        """Raise `InputError` unless this system has the channel and its file is named, or none is asked for."""
        if channel and channel not in self.channels:
            known = f"one of: {', '.join(self.channels)}" if self.channels else "none; leave it out"
            raise InputError(
                f"channel {channel} does not exist here ({self.title}).",
                "It is misspelt, or of another CI system, or this one was not recognised.",
                f"Allowed: {known}.",
            )
        if channel in self.file_channels and not channel_file:
            raise InputError(
                "channel-file is missing.",
                f"channel {channel} writes a file, and has to be told which.",
                f"Name the file from which {self.title} takes the variables.",
            )

    def beside_env_file(self, export: Export, write: Callable[[], list[str]]) -> list[str]:
        """Write the env file if the user named one, and call `write`; both, or neither.

        `write` leaves nothing if it fails.
        """
        if not export.output_file:
            return write()
        path = self.cwd / export.output_file
        with envfile.writing(path, self._env_text(export, path), export.reader) as told:
            lines = write()
        return [*lines, *told, *self._loading(export, path)]

    def with_file_for_git(self, export: Export) -> Export:
        """Return `export` with the env file beside it if it has settings of git, which no step could be given else."""
        return export._replace(output_file=export.output_file or self.default_file()) if export.git else export

    def with_git(self, export: Export) -> dict[str, str | Secret]:
        """The variables of `export` and git's settings; warns where the user's `.netrc` is in the way of git-lfs."""
        for setting in export.git:
            if setting.netrc and has_login(self.env, setting.netrc):
                self.warn(NETRC_WARNING.format(host=setting.netrc))
        return export.with_git(self.env)

    def build_name(self) -> str:
        """What to call things after the job so that no other job does; empty unless the system says all of it.

        Unless the system `tells_legs`, those of a matrix have it in common.
        """
        parts = [self.env.get(variable, "") for variable in self.build_variables]
        return " ".join(parts) if all(parts) else ""

    def build_try(self) -> int | None:
        """Which try of the build this is, 0 if nobody counts; None where `build_name` tells all that runs apart."""
        text = self.env.get(self.try_variable, "")
        counted = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
        return None if self.tells_legs else counted

    def repository(self) -> str:
        """The repository of Bitbucket Cloud that the pipeline runs for, as WORKSPACE/REPOSITORY; empty if none is."""
        return ""

    def default_file(self) -> Path:
        """Return where the env file goes unless the user says otherwise."""
        return self.cwd / ENV_FILE

    def write_env_file(self, export: Export, path: Path) -> list[str]:
        """Write the env file to `path`."""
        path = self.cwd / path
        told = envfile.write(path, self._env_text(export, path), export.reader)
        return [*told, *self._loading(export, path)]

    @staticmethod
    def _env_text(export: Export, path: Path) -> str:
        return envfile.render(
            export.variables(),
            masks=export.masks,
            mask_log=export.mask_log,
            remove=None if export.keep_file else str(path),
            git=export.git,
        )

    def _loading(self, export: Export, path: Path) -> list[str]:
        """Return the lines that tell how the script loads the env file."""
        shown = f"./{path.relative_to(self.cwd)}" if path.is_relative_to(self.cwd) else str(path)
        lines = [
            f"Wrote {export.env_name} to {shown}; the next line of the script loads it:",
            f"    . {quote(shown)}",
        ]
        if export.mask_log:
            lines.append("From then on that shell replaces the token by *** in its log.")
        return lines

    def has_outputs(self) -> bool:
        """Whether a step has outputs that stay hidden."""
        return False

    def set_output(self, name: str, value: Secret) -> None:
        """Hand `value` on as an output of the step, masked; only where there are outputs."""
        raise NotImplementedError

    def fail(self, error: PipeError) -> None:
        """Show a failure."""
        self.log.failure(f"✖ {error.what}")
        self.log.failure(f"  Why: {error.why}")
        self.log.failure(f"  Now: {error.now}")

    def warn(self, text: str) -> None:
        """Show what has gone wrong although the run goes on, or has done its work."""
        self.log.line(f"Warning: {text}")

    def state(self, name: str) -> str:  # noqa: ARG002 - most systems keep nothing
        """What the `state` of the export held under that name, at the end of the job; empty if that is not kept."""
        return ""

    def summarize(self, facts: Mapping[str, str]) -> None:
        """Show the facts of a finished run where the system has a page for them."""

    def explained(self, error: InputError) -> InputError:
        """Return `error`, with the reason that this system knows for it if an input is missing."""
        return self.explain_missing(error) if isinstance(error, MissingInputError) else error

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Return `error` with a better reason if this system knows why a secret is not there."""
        return error
