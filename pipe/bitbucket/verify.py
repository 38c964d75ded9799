"""Whether the token is good for what later steps want with it: the REST API is asked for that very resource.

Bitbucket has no introspection (RFC 7662), so one harmless request stands for the many that follow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from pipe.bitbucket.cloud import CLOUD_API
from pipe.bitbucket.cloud_errors import api_failure, granted_scopes, lacks_scope, refuses_kind, required_scopes
from pipe.bitbucket.data_center_errors import TOKEN, error_of, failure, no_json
from pipe.errors import AnswerError, InputError, PipeError, UnfitTokenError
from pipe.http.context import Context
from pipe.http.responses import Response, json_object
from pipe.http.retry import with_retries
from pipe.inputs.inputs import Inputs
from pipe.inputs.values import format_scopes, says_yes
from pipe.oauth.checks import with_implied
from pipe.oauth.client import asks_cloud
from pipe.oauth.token import AccessToken

MOST_DOUBTED = 2
"""Times that Cloud's 401 to a new token is not believed.

It refuses valid tokens at times, when several jobs ask at once (BCLOUD-24107).
"""

# By the status of the answer: why it usually happens, what to do now.
_CLOUD: Mapping[int, tuple[str, str]] = {
    401: (
        "The API does not take the token: it was revoked, or this resource is not for tokens of its kind; or something "
        "on the way removed the Authorization header.",
        "Run the step again; check proxies in between, and the consumer or token in Bitbucket's settings.",
    ),
    403: (
        "The token is taken, but may not be used for this: its owner has no access, or an allow-list of addresses "
        "keeps this runner out.",
        "Give the token's owner access; check the workspace's allow-list of IP addresses.",
    ),
    404: (
        "It does not exist, is misspelt in verify, or the token may not see it: a consumer's token sees the workspace "
        "of the consumer only.",
        "Compare verify with the address in the browser; use a consumer or token of that workspace.",
    ),
    410: (
        "Bitbucket has removed the resource by which tokens are tried.",
        "Leave verify out until a newer version of this program asks for another one.",
    ),
}
_KNOWN_USER = (
    "The token is taken, but its user, or the token itself, has no permission for this.",
    "Give the user access to what verify names, and the token a permission for it; or correct verify.",
)
_DATA_CENTER: Mapping[int, tuple[str, str]] = {
    401: (
        "The server does not take the token: it was deleted or has expired; or something on the way removed the "
        "Authorization header.",
        "Run the step again; check proxies in between, and the token in Bitbucket's settings.",
    ),
    404: (
        "It does not exist, is misspelt in verify, or the token's user may not see it.",
        "Write the project's key and the repository's slug as in Bitbucket's addresses, and a user's own project as "
        "~NAME.",
    ),
}


class Target(NamedTuple):
    """What the token has to be good for: the address that is asked, what to call it, and whose API that is."""

    url: str
    name: str
    is_cloud: bool

    def verify(self, token: AccessToken, context: Context) -> None:
        """Ask for it with `token`, trying again where that can help.

        Raises `UnfitTokenError` if the server refuses, `AnswerError` or `UnreachableError` if it gives no answer that
        tells.
        """

        def failure_of(answer: Response) -> PipeError | None:
            good = answer.status == 200 and json_object(answer.body) is not None
            return None if good else self._failure(answer, context.masks())

        answer = answer_to(token, self.url, context, failure_of, doubts=self.is_cloud)
        context.say(f"The token is good for {self.name}, says {answer.host}.")

    def _failure(self, answer: Response, masks: Sequence[str]) -> PipeError:
        if self.is_cloud:
            if required_scopes(answer) and lacks_scope(answer):
                return self._lacks(answer)
            error, advice = api_failure(answer, masks), None if refuses_kind(answer) else _CLOUD.get(answer.status)
        elif 200 <= answer.status < 300 or (answer.status == 403 and not error_of(answer)):
            return no_json(answer)
        else:
            error, advice = failure(answer, TOKEN, masks), _advice_of_data_center(answer)
        # A page that stands in the API's place says nothing of the token; what is gone for good does.
        if isinstance(error, AnswerError) and answer.status != 410:
            return error
        return UnfitTokenError(error.what, *(advice or (error.why, error.now)))

    def _lacks(self, answer: Response) -> UnfitTokenError:
        required, granted = required_scopes(answer), granted_scopes(answer) or ()
        missing = [scope for scope in required if scope not in with_implied(granted)] or required
        return UnfitTokenError(
            f"The token lacks a scope for {self.name}: required {format_scopes(required)}, "
            f"granted {format_scopes(granted)}, missing {format_scopes(missing)}.",
            f"{answer.host} takes the token, so it is a real one; it may not do enough (HTTP 403).",
            "Tick what is missing at the consumer (Bitbucket: Workspace settings, OAuth consumers), or give the token "
            "that permission; then get a new token.",
        )


def answer_to(
    token: AccessToken,
    url: str,
    context: Context,
    failure_of: Callable[[Response], PipeError | None],
    *,
    doubts: bool,
) -> Response:
    """Ask for `url` with `token`, trying again where that can help; return the answer in which `failure_of` sees none.

    With `doubts`, the token is so new that its first refusals by 401 are asked again, see `MOST_DOUBTED`. Raises the
    failure that is left in the end.
    """
    headers = {"Authorization": token.authorization().reveal()}
    doubted = 0

    def attempt() -> Response:
        nonlocal doubted
        answer = context.http.send("GET", url, headers=headers)
        if (error := failure_of(answer)) is None:
            return answer
        if doubts and answer.status == 401 and not refuses_kind(answer):
            doubted += 1
            error.again = error.again or doubted <= MOST_DOUBTED
        raise error

    return with_retries(attempt, context.retries)


def target(inputs: Inputs, own_repository: str) -> Target:
    """Return what the input `verify` names; `own_repository` is what the pipeline runs for, empty if nobody says.

    Raises `InputError` if it names nothing that can be asked for.
    """
    cloud = asks_cloud(inputs)
    if not cloud:
        inputs.refuse_other_servers(
            "verify",
            "It names where tokens come from, but no REST API on which one can be tried.",
            "Leave verify out for a server that is no Bitbucket.",
        )
    first, second = _named(inputs.verify, own_repository if cloud else "", cloud=cloud)
    if cloud:
        path = f"{CLOUD_API}/repositories/{quote(first, safe='')}"
        if second:
            return Target(f"{path}/{quote(second, safe='')}?fields=uuid", f"the repository {first}/{second}", cloud)
        return Target(f"{path}?pagelen=1&fields=size", f"the workspace {first}", cloud)
    path = f"{inputs.base_url}/rest/api/latest/projects/{quote(first, safe='')}"
    if second:
        return Target(f"{path}/repos/{quote(second, safe='')}", f"the repository {first}/{second}", cloud)
    return Target(path, f"the project {first}", cloud)


def _advice_of_data_center(answer: Response) -> tuple[str, str] | None:
    """Return reason and advice; 401 with `X-AUSERNAME` means a user that the server knows, who may not do this."""
    known = answer.headers.get("X-AUSERNAME", "anonymous") != "anonymous"
    return _KNOWN_USER if answer.status == 403 or (answer.status == 401 and known) else _DATA_CENTER.get(answer.status)


def _named(text: str, own_repository: str, *, cloud: bool) -> tuple[str, str]:
    """The two names in `text`, the second one empty if only a workspace or project is named."""
    what = "WORKSPACE or WORKSPACE/REPOSITORY" if cloud else "PROJECT or PROJECT/REPOSITORY"
    own = says_yes(text)
    first, slash, second = (own_repository if own else text).partition("/")
    if own and not slash:
        raise InputError(
            "verify is true, but nothing says which repository that is.",
            "Only a step of Bitbucket Pipelines runs for a repository of Bitbucket Cloud, and says so in "
            "BITBUCKET_REPO_FULL_NAME.",
            f"Set verify to {what}.",
        )
    # Dots alone would be taken for a way up in the address.
    if "/" in second or not first.strip(" .") or (slash and not second.strip(" .")):
        raise InputError(
            f"verify is not of the form {what}.",
            "A part is missing or has a slash too many, or it is an address.",
            "Write the names as in Bitbucket's addresses, without anything around them.",
        )
    return first, second
