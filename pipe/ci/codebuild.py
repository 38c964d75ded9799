"""AWS CodeBuild: the next line of the buildspec loads the env file.

It masks nothing that is made at run time, and shows `exported-variables` in the console.
"""

from collections.abc import Mapping

from pipe.ci.system import CiSystem

# CodeBuild can be the machine on which another system's runner works, and that system is then the one to talk to.
_GUESTS = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI")


class CodeBuild(CiSystem):
    """The image in a `docker run` of a buildspec."""

    name = "codebuild"
    title = "AWS CodeBuild"

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by the build's name, unless it only lends its machine to another system."""
        return bool(env.get("CODEBUILD_BUILD_ARN")) and not any(env.get(guest) for guest in _GUESTS)


SYSTEM = CodeBuild
