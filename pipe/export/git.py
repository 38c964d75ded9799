"""How plain `git` in later steps gets the token: by settings in its environment, so there is no file to leave behind.

git reads settings from `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_n` and `GIT_CONFIG_VALUE_n` since 2.31 (git-config(1)). They
need no HOME, which is another one in a container, belong to whichever user runs the step, and end with the job. They
are the strongest of all settings, and submodules and git-lfs see them too.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipe.errors import InputError
from pipe.inputs.inputs import Inputs
from pipe.oauth.endpoints import is_cloud, origin_of
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import Secret

OLDEST = "2.31"

NETRC_WARNING = ".netrc has a login for {host}, which git passes over, but git-lfs does not; see docs/git.md."

ORIGIN = "_ORIGIN"
"""What the name of the variable ends in that tells which server the token is for."""

# The other ways in which Cloud's repositories are named: over SSH, on its usual port and on the one that proxies let
# through ("Use the SSH protocol with Bitbucket Cloud"), and as `origin` is in a step of Bitbucket Pipelines, where a
# local proxy adds the step's own rights.
_OTHER_NAMES = (
    "http://{host}/",
    "git@{host}:",
    "git@{host}:/",
    "ssh://git@{host}/",
    "ssh://git@{host}:22/",
    "ssh://git@altssh.{host}/",
    "ssh://git@altssh.{host}:443/",
    "git@altssh.{host}:",
)

# The words of a `.netrc` that another one follows.
_WITH_VALUE = frozenset({"machine", "login", "password", "account", "macdef"})
# Bytes: nobody's is longer.
_LONGEST_NETRC = 64 * 1024

# More settings than that are nobody's, and git would read them all, each time.
_MOST = 9999


class Setting(NamedTuple):
    """One setting of git, by the full name of its key."""

    key: str
    value: str | Secret
    netrc: str = ""
    """The host for which the user's `.netrc` has to have a login; else the setting is left out."""


def check_git(inputs: Inputs) -> None:
    """Raise `InputError` if `configure-git` is on and cannot work with the other inputs."""
    if not inputs.configure_git:
        if inputs.git_identity:
            raise InputError(
                "git-identity does not go without configure-git.",
                "It is one of the settings that configure-git makes, and none is made.",
                "Set configure-git true, or leave git-identity out.",
            )
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
    """Return what has git send the token to the Bitbucket of the inputs, and to nobody else, and who commits."""
    who = inputs.git_identity
    identity = (Setting("user.name", who.name), Setting("user.email", who.address)) if who else ()
    if is_cloud(inputs.base_url):
        return (*_cloud(origin(inputs), inputs.env_name, token.git_user), *identity)
    return (*_data_center(inputs.base_url, token.value), *identity)


def origin(inputs: Inputs) -> str:
    """Return the server that the token is for: scheme, host and port."""
    return origin_of(inputs.token_url or inputs.issuer or inputs.base_url)


def _cloud(host: str, env_name: str, user: str) -> tuple[Setting, ...]:
    """A credential helper for that host (gitcredentials(7)), which finds the token in the variable when git asks.

    git asks it for no other host, also not after a redirect. The empty one before it makes git forget the helpers of
    the machine for this host: they would be told the token, and some write down what they are told. By the time that
    git asks, another run may have put another server's token into the variable: the one beside it tells.

    git-lfs asks a helper once a server has answered 401, and Bitbucket's answers 403 to who shows nothing (git-lfs
    #2658, #2675), so it is told that there is something to show. Up to 3.7 it goes on for ever with a token that is
    refused, so an expired one is not handed out.

    A header that another step has left, such as `Authorization`, would be sent instead of the token; an empty one takes
    it away. Of two rules for the same beginning of an address git takes the first, so a user's own comes before these.
    curl takes a login from `.netrc` where it was given none, and an empty one is one (since 7.75): it is refused with
    401, and git asks the helper.
    """
    key = f"credential.{host}.helper"
    # The shell's own printf: an argument of a program would show in process lists.
    answer = f'printf "username=%s\\npassword=%s\\n" {user} "${env_name}"'
    ours = f'test "${env_name}" && test "${{{env_name}{ORIGIN}-{host}}}" = {host}'
    name = host.partition("://")[2].partition(":")[0]
    return (
        Setting(key, ""),
        Setting(key, f'!f() {{ test "$1" = get && {ours} && {{ {_unless_expired(env_name)}; }} && {answer}; }}; f'),
        Setting(f"lfs.{host}/.access", "basic"),
        Setting(f"http.{host}/.extraHeader", ""),
        *(Setting(f"url.{host}/.insteadOf", other.format(host=name)) for other in _OTHER_NAMES),
        Setting(f"http.{host}/.emptyAuth", "true", netrc=name),
    )


def _unless_expired(env_name: str) -> str:
    """Shell text that succeeds unless the end of the token is told and over; then it has git ask nobody else."""
    end = f"{env_name}_EXPIRES_AT"
    # Both are in UTC and written alike, so the order of the texts is that of the times.
    over = f'test "${end}" && test "${end}" \\< "$(date -u +%Y-%m-%dT%H:%M:%SZ)"'
    told = f'echo "bitbucket-token: the token in {env_name} expired at ${end}; get another, see docs/long-jobs.md." >&2'
    return f"! {{ {over}; }} || {{ {told}; echo quit=1; false; }}"


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
    found = [setting for setting in found if not setting.netrc or has_login(env, setting.netrc)]
    if not found:
        return {}
    count = env.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isascii() and count.isdigit() and len(count) <= len(str(_MOST)) else 0
    given: dict[str, str | Secret] = {"GIT_CONFIG_COUNT": str(start + len(found))}
    for number, setting in enumerate(found, start):
        given[f"GIT_CONFIG_KEY_{number}"] = setting.key
        given[f"GIT_CONFIG_VALUE_{number}"] = setting.value
    return given


def has_login(env: Mapping[str, str], host: str) -> bool:
    """Whether the user's `.netrc` has an entry for `host`, which is in lower case, or one for all hosts.

    git has curl read that file (CURLOPT_NETRC), and curl shows what is in there as soon as a server asks, before git
    asks a helper; git-lfs reads it by itself. Bitbucket answers an app password with 410 (CHANGE-3222), after which git
    asks nobody. The form is that of curl's documentation, "Using the .netrc file".
    """
    text = _read(f"{env['HOME']}/.netrc").lower().replace('"', " ") if env.get("HOME") else ""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    after = ""
    for word in " ".join(lines).split():
        if (after, word) in (("machine", host), ("", "default")):
            return True
        after = word if not after and word in _WITH_VALUE else ""
    return False


def _read(path: str) -> str:
    """The beginning of a file; nothing if there is none, or it is something else."""
    try:
        # O_NONBLOCK: a pipe in the file's place must not keep the run waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _LONGEST_NETRC).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    except OSError:
        return ""
