"""Gitea Actions: GitHub's files and mask command, as its own runner reads them (reporter.go)."""

from collections.abc import Mapping

from pipe.ci.github import GitHubActions, compatible_mask_commands
from pipe.ci.system import CiSystem


class GiteaActions(GitHubActions):
    """A Docker action on a runner of Gitea."""

    name = "gitea"
    title = "Gitea Actions"
    # Where tries are counted, each job's are by themselves: they do not tell whether another leg has ended.
    try_variable = ""
    mask_commands = staticmethod(compatible_mask_commands)
    fail = CiSystem.fail
    warn = CiSystem.warn

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by its own variable, which it sets beside GitHub's."""
        return bool(env.get("GITEA_ACTIONS")) and not env.get("FORGEJO_ACTIONS")


SYSTEM = GiteaActions
