"""Variables that no token may be exported to."""

import shutil
import subprocess

import pytest

from pipe.inputs.values import is_reserved


@pytest.mark.parametrize(
    "name",
    """
    PATH LD_PRELOAD LD_LIBRARY_PATH LD_ANYTHING DYLD_INSERT_LIBRARIES BASH_ENV BASH_FUNC_x ENV IFS HOME SHELL
    NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED PYTHONPATH PYTHONHOME PYTHONSTARTUP
    GIT_ASKPASS GIT_SSH_COMMAND GIT_CONFIG_COUNT GITHUB_ENV GITHUB_TOKEN GITHUB_OUTPUT RUNNER_TEMP ACTIONS_RUNTIME_TOKEN
    CI HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE REQUESTS_CA_BUNDLE PERL5OPT RUBYOPT JAVA_TOOL_OPTIONS
    _JAVA_OPTIONS MAVEN_OPTS MAKEFLAGS INPUT_ANYTHING PLUGIN_X NPM_CONFIG_REGISTRY PIP_INDEX_URL PROMPT_COMMAND PS4
    """.split(),
)
def test_what_changes_programs_or_belongs_to_the_ci_is_reserved(name: str) -> None:
    """In any case: some programs read these in lower case."""
    assert is_reserved(name)
    assert is_reserved(name.lower())
    assert is_reserved(name.title())


@pytest.mark.parametrize(
    "name",
    """
    BITBUCKET_ACCESS_TOKEN BITBUCKET_TOKEN TOKEN ACCESS_TOKEN MY_PATH PATHS HOMEPAGE GITLAB GITEE_TOKEN T CI_TOKEN
    CIRCLE_TOKEN ENVIRONMENT NODE_AUTH_TOKEN
    """.split(),
)
def test_other_names_are_free(name: str) -> None:
    """A name is not reserved because it looks like one that is."""
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("shell", "list_variables"),
    [("bash", "compgen -v"), ("dash", "set | sed -n 's/^\\([A-Za-z_]*\\)=.*/\\1/p'")],
)
def test_what_a_shell_sets_itself_is_reserved(shell: str, list_variables: str) -> None:
    """Some of these are read-only or change at once: a token put there would be lost, or end the script."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"needs {shell}")
    names = subprocess.run([path, "-c", list_variables], env={}, capture_output=True, text=True, check=True).stdout

    assert {name for name in names.split() if not is_reserved(name)} == set()
