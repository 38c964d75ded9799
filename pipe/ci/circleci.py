"""CircleCI: each step is a new bash that reads `$BASH_ENV` first, so that file gets what the env file would hold.

CircleCI masks the values of contexts and of the project's settings only, so the log filter comes with it.
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from pipe.ci.command_file import append, cut
from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError
from pipe.export import env_file as envfile
from pipe.export.variables import Export

# Every bash that a step starts reads the file too. Those have the variables already, and print through the filter of
# the step's shell; what they print into a pipe or a file is data, which no filter may touch. The mark tells them so.
# Options are put back last: what "set -x" and "set -v" show must not be the token.
_BLOCK = """\
{{ __bitbucket_token_flags=$-; set +vx; }} 2>/dev/null
# Made by bitbucket-token: {name} for this step, and *** for the token in its log.
case " ${{__bitbucket_token_mark-}} " in *" {mark} "*) ;; *)
{text}
export __bitbucket_token_mark="${{__bitbucket_token_mark-}} {mark}" ;;
esac
eval "unset __bitbucket_token_flags
case $__bitbucket_token_flags in *v*) set -v ;; esac
case $__bitbucket_token_flags in *x*) set -x ;; esac"
"""


def _blocks(env_name: str) -> re.Pattern[bytes]:
    """What finds the blocks of that variable. Their marks, which nobody can know before, tell where they end."""
    shape = re.escape(_BLOCK.format(name=env_name, mark="<mark>", text="<text>"))
    shape = shape.replace("<mark>", "([0-9a-f]{16})", 1).replace("<mark>", r"\1").replace("<text>", ".*?")
    return re.compile(shape.encode(), re.DOTALL)


class CircleCi(CiSystem):
    """The image of a job, or in a `docker run` of a step."""

    name = "circleci"
    title = "CircleCI"
    build_variables = ("CIRCLE_PROJECT_USERNAME", "CIRCLE_PROJECT_REPONAME", "CIRCLE_BUILD_NUM", "CIRCLE_NODE_INDEX")

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what it sets in each job."""
        return env.get("CIRCLECI", "").lower() == "true"

    def export(self, export: Export) -> list[str]:
        """Add to `$BASH_ENV` where that was handed on, else write the env file."""
        path = self.env.get("BASH_ENV", "")
        if not path or not export.export_env:
            return self.write_env_file(export, export.output_file or self.default_file())
        return self.beside_env_file(export, lambda: self._extend(self.cwd / path, export))

    def _extend(self, path: Path, export: Export) -> list[str]:
        text = envfile.render(
            export.variables(), masks=export.masks, mask_log=export.mask_log, remove=None, git=export.git
        )
        block = _BLOCK.format(name=export.env_name, mark=secrets.token_hex(8), text=text.rstrip("\n"))
        with ExitStack() as undo:
            try:
                append(path, block, undo, private=True)
            except OSError as error:
                raise ExportError(
                    f"The file that BASH_ENV names could not be written ({os.strerror(error.errno or 0)}).",
                    "CircleCI names that file but does not make it, and docker run does not mount it by itself.",
                    'Put touch "$BASH_ENV" before docker run, and mount it: -v "$BASH_ENV:$BASH_ENV".',
                ) from error
            undo.pop_all()
        lines = [f'Added {export.env_name} to BASH_ENV, which each later step of this job loads; or: . "$BASH_ENV"']
        if export.mask_log:
            lines.append("From then on the shell of the step replaces the token by *** in its log.")
        return lines

    def withdraw(self, env_name: str) -> list[str]:
        """Cut out of `$BASH_ENV` what exports `env_name`, so that no step after this one has it."""
        path = self.env.get("BASH_ENV", "")
        try:
            removed = bool(path) and cut(self.cwd / path, _blocks(env_name))
        except OSError as error:
            raise ExportError(
                f"The file that BASH_ENV names could not be cleared ({os.strerror(error.errno or 0)}).",
                "It is mounted read-only, or belongs to another user than that of this container.",
                'Remove it in a later step: rm -f "$BASH_ENV"',
            ) from error
        return [f"Removed {env_name} from BASH_ENV: later steps do not have it."] if removed else []

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Secrets come from contexts and the project's settings, and not to pull requests from forks."""
        if self.env.get("CIRCLE_PR_REPONAME"):
            return error.because(
                "This job builds a pull request from a fork, and CircleCI hands no secrets to those by default.",
                "Skip this step for forks: only they have the variable CIRCLE_PR_REPONAME.",
            )
        return error.because(
            "It is in no context that this job names, nor in the project's settings, or docker run did not hand it on.",
            f"Add it to a context, name that under context: in the workflow, and hand it on: docker run -e "
            f"{error.variable}.",
        )


SYSTEM = CircleCi
