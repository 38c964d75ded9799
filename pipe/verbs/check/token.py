"""Steps 6 to 8: whether the server answers, whether it gives a token, and what that token may do and for how long.

The token is exported nowhere.
"""

from pipe import grants
from pipe.errors import UnfitTokenError
from pipe.inputs.values import format_scopes
from pipe.oauth.checks import check_token, with_implied
from pipe.run import facts_of, mask_token
from pipe.verbs.check.report import Finding, fine, trouble, untried
from pipe.verbs.check.state import CheckState


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
