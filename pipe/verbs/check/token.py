"""Steps 6 to 9: whether the server answers, whether it gives a token, and what that token may do and for how long.

The last one has the REST API take the token, for what `verify` names or else for what can be asked anyway. The token is
exported nowhere.
"""

from urllib.parse import urlsplit

from pipe import grants
from pipe.bitbucket.cloud import CLOUD_API
from pipe.bitbucket.cloud_errors import NEEDS_REPOSITORY, api_failure, lacks_scope, refuses_kind
from pipe.bitbucket.data_center import Caller, DataCenter
from pipe.bitbucket.verify import Target, answer_to, target
from pipe.errors import PipeError, UnfitTokenError
from pipe.http.responses import Response, json_object
from pipe.inputs.table import BY_NAME
from pipe.inputs.values import format_scopes, says_no
from pipe.oauth.checks import check_token, with_implied
from pipe.oauth.client import asks_cloud
from pipe.oauth.token import AccessToken
from pipe.redaction.log import show
from pipe.run import facts_of, mask_token
from pipe.verbs.check.report import Finding, fine, trouble, untried
from pipe.verbs.check.state import CheckState

_NAME_ONE = "name a repository by verify to have the token tried on it"


def examine_endpoint(state: CheckState) -> Finding:
    """See whether the server answers at all, whatever it says to a request that asks for nothing."""
    if state.first.host in state.unreached:
        return state.not_reached_before(state.first)
    answer = state.first_response()
    return fine(f"{answer.host} answers (HTTP {answer.status}).", {"host": answer.host, "status": answer.status})


def examine_grant(state: CheckState) -> Finding:
    """Get a token, unless that would use up what a run still needs. Raises what a run would raise."""
    inputs = state.inputs
    if state.first.host in state.unreached:
        return state.not_reached_before(state.first)
    grant = grants.called(inputs.grant)
    if used_up := grant.uses_up(inputs):
        return untried(used_up)
    if grant.look is not None:
        return fine(
            f"{grant.look(inputs, state.context)}; no token was made, for that would replace one that jobs may use."
        )
    state.token = grants.called(inputs.grant).acquire(inputs, state.context)
    mask_token(state.token, state.ci, state.invocation)
    return fine(f"{inputs.grant} gives a token, which is exported nowhere.")


def examine_scopes(state: CheckState) -> Finding:
    """Hold the token to `required-scopes` and `min-lifetime`."""
    token, inputs = state.token, state.inputs
    if token is None:
        return untried("there is no token")
    granted = token.scopes or ()
    implied = sorted(with_implied(granted) - set(granted))
    facts = {
        "granted": None if token.scopes is None else list(granted),
        "implied": implied,
        "required": list(inputs.required_scopes),
        "lifetime": token.expires_in,
        "expires": token.expires_at or None,
    }
    try:
        check_token(token, required_scopes=inputs.required_scopes, min_lifetime=inputs.min_lifetime)
    except UnfitTokenError as error:
        return trouble(error, facts)
    told = facts_of(token)
    more = f" (implied: {format_scopes(implied)})" if implied else ""
    return fine(f"{told['scopes']}{more}; lifetime {told['lifetime']}.", facts)


def examine_api(state: CheckState) -> Finding:
    """Ask the API with the token. Raises what a run with `verify` would raise."""
    token, inputs = state.token, state.inputs
    if not state.api:
        return untried("only Bitbucket's own API is known")
    if token is None:
        return untried("there is no token")
    server = state.servers[-1]
    if server.host in state.unreached:
        return state.not_reached_before(server)
    own = state.ci.repository() if asks_cloud(inputs) else ""
    if not says_no(inputs.verify):
        return _tried(state, token, target(inputs, own))
    if inputs.repository:
        return _tried(state, token, target(inputs._replace(verify=inputs.repository), own))
    if own:
        return _tried_on_own(state, token, target(inputs._replace(verify="true"), own))
    return _whose_at_cloud(state, token) if asks_cloud(inputs) else _whose_at_data_center(state, token)


def _tried(state: CheckState, token: AccessToken, wanted: Target) -> Finding:
    wanted.verify(token, state.context)
    return fine(f"the token is good for {wanted.name}.", {"host": urlsplit(wanted.url).netloc, "name": wanted.name})


def _tried_on_own(state: CheckState, token: AccessToken, wanted: Target) -> Finding:
    """Try it on what nobody named: that it may not see this proves the token too, and a run does not ask."""
    try:
        return _tried(state, token, wanted)
    except UnfitTokenError:
        answer = state.http.recorded[-1].answer
        if answer.status not in (403, 404):
            raise
    return fine(
        f"{answer.host} takes the token, which is not good for {wanted.name} of this step (HTTP {answer.status}); "
        f"{_NAME_ONE}.",
        {"host": answer.host, "status": answer.status, "name": wanted.name},
    )


def _whose_at_cloud(state: CheckState, token: AccessToken) -> Finding:
    """A refusal for a missing scope proves the token as well; one without that does not tell much of some kinds."""
    masks = state.context.masks()

    def failure_of(answer: Response) -> PipeError | None:
        good = answer.status == 200 and json_object(answer.body) is not None
        unsure = answer.status == 401 and b"not supported for this endpoint" in answer.body
        return None if good or lacks_scope(answer) or refuses_kind(answer) or unsure else api_failure(answer, masks)

    url = f"{CLOUD_API}/user?fields=type,display_name"
    answer = answer_to(token, url, state.context, failure_of, doubts=True)
    facts = {"host": answer.host, "status": answer.status}
    if refuses_kind(answer):
        needed = NEEDS_REPOSITORY if state.inputs.grant in BY_NAME["repository"].grants else _NAME_ONE
        told = f"{answer.host} takes the token, but tells none of its kind whose it is (HTTP {answer.status})"
        return fine(f"{told}; {needed}.", facts)
    if answer.status == 401:
        what = f"{answer.host} does not say whose token it is, as with some kinds of good ones (HTTP 401); {_NAME_ONE}."
        return Finding(None, what, facts=facts)
    if answer.status == 403:
        return fine(f"{answer.host} takes the token, which may not ask whose it is; {_NAME_ONE}.", facts)
    content = json_object(answer.body) or {}
    name, kind = (show(str(content.get(part, "not told")), masks) for part in ("display_name", "type"))
    return fine(f"{answer.host} takes the token for that of {name} ({kind}).", {**facts, "name": name, "type": kind})


def _whose_at_data_center(state: CheckState, token: AccessToken) -> Finding:
    bearer = token.authorization()
    server = DataCenter(state.context, state.api, Caller("access-token", lambda _method, _url: bearer))
    user = show(server.user(), state.context.masks())
    return fine(f"{urlsplit(state.api).netloc} takes the token for that of {user}; {_NAME_ONE}.", {"user": user})
