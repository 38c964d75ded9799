"""How plain `git` in later steps gets the token: by settings in its environment, so there is no file to leave behind.

git reads settings from `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_n` and `GIT_CONFIG_VALUE_n` since 2.31 (git-config(1)). They
need no HOME, which is another one in a container, belong to whichever user runs the step, and end with the job. They
are the strongest of all settings, and submodules and git-lfs see them too.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipe.errors import InputError
from pipe.inputs.inputs import Inputs
from pipe.oauth.endpoints import is_cloud, origin_of
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import Secret

OLDEST = "2.31"

ORIGIN = "_ORIGIN"
"""What the name of the variable ends in that tells which server the token is for."""

# More settings than that are nobody's, and git would read them all, each time.
_MOST = 9999


class Setting(NamedTuple):
    """One setting of git, by the full name of its key."""

    key: str
    value: str | Secret


def check_git(inputs: Inputs) -> None:
    """Raise `InputError` if `configure-git` is on and cannot work with the other inputs."""
    if not inputs.configure_git:
        return
    inputs.refuse_other_servers(
        "configure-git",
        "It names where tokens come from, and which host they are for is not known here.",
        "Leave configure-git out; docs/git.md shows how git is told by hand.",
    )
    if inputs.print not in ("", "sh"):
        raise InputError(
            f"configure-git does not go together with print {inputs.print}.",
            "What is printed then is the token, and no settings.",
            "Use print sh, or leave configure-git out.",
        )
    if inputs.channel:
        raise InputError(
            "configure-git does not go together with channel.",
            "A channel hands on the token, and no settings.",
            "Name no channel, or leave configure-git out.",
        )
    if not inputs.export_env:
        raise InputError(
            "configure-git does not go together with export-env false.",
            "git takes the token from the variable in the environment.",
            "Leave export-env out, or configure-git.",
        )


def settings(inputs: Inputs, token: AccessToken) -> tuple[Setting, ...]:
    """Return what has git send the token to the Bitbucket of the inputs, and to nobody else."""
    if is_cloud(inputs.base_url):
        return _cloud(origin(inputs), inputs.env_name, token.git_user)
    return _data_center(inputs.base_url, token.value)


def origin(inputs: Inputs) -> str:
    """Return the server that the token is for: scheme, host and port."""
    return origin_of(inputs.token_url or inputs.issuer or inputs.base_url)


def _cloud(host: str, env_name: str, user: str) -> tuple[Setting, ...]:
    """A credential helper for that host (gitcredentials(7)), which finds the token in the variable when git asks.

    git asks it for no other host, also not after a redirect. The empty one before it makes git forget the helpers of
    the machine for this host: they would be told the token, and some write down what they are told. By the time that
    git asks, another run may have put another server's token into the variable: the one beside it tells.
    """
    key = f"credential.{host}.helper"
    # The shell's own printf: an argument of a program would show in process lists.
    answer = f'printf "username=%s\\npassword=%s\\n" {user} "${env_name}"'
    ours = f'test "${env_name}" && test "${{{env_name}{ORIGIN}-{host}}}" = {host}'
    return Setting(key, ""), Setting(key, f'!f() {{ test "$1" = get && {ours} && {answer}; }}; f')


def _data_center(base_url: str, token: Secret) -> tuple[Setting, ...]:
    """The header that the documentation of HTTP access tokens shows, for the addresses of repositories alone.

    Tokens of projects and repositories are taken in no other way. git would go on sending it after a redirect, to
    whatever host that leads to, so it has to follow none. The empty one is for a token that replaces another. Files of
    LFS lie elsewhere below the server's address, and come with headers of their own. The helpers of the machine are
    left out: where the header is refused, git would offer their password in vain, and have them erase it.
    """
    place = f"{base_url}/scm/"
    return (
        Setting(f"http.{place}.followRedirects", "false"),
        Setting(f"http.{place}.extraHeader", ""),
        Setting(f"http.{place}.extraHeader", Secret(f"Authorization: Bearer {token.reveal()}")),
        Setting(f"credential.{place}.helper", ""),
    )


def variables(found: Sequence[Setting], env: Mapping[str, str]) -> dict[str, str | Secret]:
    """Return the variables that add `found` to the settings that are in the environment already."""
    if not found:
        return {}
    count = env.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isascii() and count.isdigit() and len(count) <= len(str(_MOST)) else 0
    given: dict[str, str | Secret] = {"GIT_CONFIG_COUNT": str(start + len(found))}
    for number, setting in enumerate(found, start):
        given[f"GIT_CONFIG_KEY_{number}"] = setting.key
        given[f"GIT_CONFIG_VALUE_{number}"] = setting.value
    return given
