"""`bitbucket-token credential`: git asks whenever it needs a token, and gets a fresh one (gitcredentials(7)).

For jobs that live longer than a token, where key and secret are in the environment of each step anyway.
"""

from datetime import timedelta
from typing import TextIO
from urllib.parse import urlsplit

from pipe import grants
from pipe.ci.system import CiSystem
from pipe.errors import InputError, PipeError
from pipe.export.printing import write_out
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Invocation
from pipe.oauth.checks import check_token
from pipe.oauth.endpoints import is_cloud
from pipe.oauth.token import AccessToken
from pipe.run import context_of, fit_together, mask_inputs, mask_token
from pipe.verbs import Verb

LONGEST_QUESTION = 64 * 1024
"""Bytes of what git asks."""


def prints_data(_arguments: Arguments) -> bool:
    """Return True: standard output is for git to read."""
    return True


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Answer the operation `get` for the host of `base-url`; say nothing to other operations and for other hosts.

    Raises a `PipeError` for each way that can fail, once git was told to ask nobody else.
    """
    _check(inputs, invocation.arguments.words)
    if invocation.arguments.words != ("get",) or not _is_asked(inputs.base_url, invocation.stdin):
        return
    mask_inputs(inputs, ci, invocation)
    try:
        verify = fit_together(inputs, ci)
        context = context_of(inputs, ci, invocation)
        token = grants.called(inputs.grant).acquire(inputs, context)
        mask_token(token, ci, invocation)
        check_token(token, required_scopes=inputs.required_scopes, min_lifetime=inputs.min_lifetime)
        verify(token, context)
    except PipeError:
        write_out(invocation.stdout, "quit=1\n", "the answer")
        raise
    write_out(invocation.stdout, _answer(token), "the token")


def _check(inputs: Inputs, words: tuple[str, ...]) -> None:
    if len(words) != 1:
        raise InputError(
            "credential is git's to call, with one word that says what to do.",
            "It was run by hand, or with more than one word after it.",
            "Name it to git as in docs/long-jobs.md; by hand: printf 'protocol=https\\nhost=bitbucket.org\\n' | "
            "bitbucket-token credential get",
        )
    inputs.refuse_other_servers(
        "credential",
        "It names another server than Bitbucket Cloud, whose tokens are no passwords for git.",
        "Leave it out: credential is for Bitbucket Cloud.",
    )
    if not is_cloud(inputs.base_url):
        raise InputError(
            "credential is for Bitbucket Cloud.",
            "base-url names another server, whose tokens are no passwords for git.",
            "Use configure-git with a Data Center, whose tokens live for days.",
        )


def _is_asked(base_url: str, stdin: TextIO | None) -> bool:
    """Whether git asks for the very host that the token is for (git-credential(1), INPUT/OUTPUT FORMAT)."""
    data = stdin.buffer.read(LONGEST_QUESTION + 1) if stdin is not None else b""
    if len(data) > LONGEST_QUESTION:
        return False
    asked = dict(line.partition("=")[::2] for line in data.decode("utf-8", "replace").splitlines())
    wanted = urlsplit(base_url)
    return (asked.get("protocol"), _host(asked.get("host", ""))) == (wanted.scheme, _host(wanted.netloc))


def _host(named: str) -> str:
    """A host in lower case and without the port that https has anyway: git tells both as they stand in the address."""
    return named.lower().removesuffix(":443")


def _answer(token: AccessToken) -> str:
    """What git reads: since 2.41 it also heeds the end, and asks again when that has passed."""
    answer = f"username={token.git_user}\npassword={token.value.reveal()}\n"
    if token.expires_in is not None:
        end = token.obtained_at + timedelta(seconds=token.expires_in)
        answer += f"password_expiry_utc={int(end.timestamp())}\n"
    return answer


VERB = Verb(
    run,
    "Answer git, whose credential helper this then is, with a fresh token each time.",
    words="OPERATION",
    prints_data=prints_data,
)
