"""Bitbucket Pipelines: a pipe cannot change the step's environment, so the next script line loads the env file.

There is no way to mask a value made at run time: only secured variables are masked. `output-variables` would print
the token in the "Build setup" of later steps, so they are never used.
"""

from collections.abc import Mapping
from pathlib import Path

from pipe.ci.system import ENV_FILE, CiSystem


class BitbucketPipelines(CiSystem):
    """A pipe in a step of Bitbucket Pipelines."""

    name = "bitbucket"
    title = "Bitbucket Pipelines"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """By the variables that every step has; a pipe may get an unset one as an empty one."""
        return bool(env.get("BITBUCKET_PIPELINE_UUID") or env.get("BITBUCKET_BUILD_NUMBER"))

    def default_file(self) -> Path:
        """The clone directory is the only place that both the pipe and the script see."""
        return Path(self.env.get("BITBUCKET_CLONE_DIR") or self.cwd) / ENV_FILE


SYSTEM = BitbucketPipelines
