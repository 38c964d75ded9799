"""Steps 6 to 8: whether the server answers, whether it gives a token, and what that token may do and for how long.

The token is exported nowhere.
"""

from pipe import grants
from pipe.errors import UnfitTokenError
from pipe.inputs.scope import shown
from pipe.oauth.checks import check
from pipe.oauth.implied_scopes import with_implied
from pipe.run import acquire, facts_of, mask_token
from pipe.verbs.check.case import Case
from pipe.verbs.check.finding import Finding, fine, trouble, untried


def examine_endpoint(case: Case) -> Finding:
    """Any answer will do, for this is not how it wants to be asked. Raises what keeps it from answering."""
    if case.first.host in case.lost:
        return case.lost_before(case.first)
    answer = case.knock()
    return fine(f"{answer.host} answers (HTTP {answer.status}).", {"host": answer.host, "status": answer.status})


def examine_grant(case: Case) -> Finding:
    """Get a token, unless that would use up what a run still needs. Raises what a run would raise."""
    inputs = case.inputs
    if case.first.host in case.lost:
        return case.lost_before(case.first)
    grant = grants.called(inputs.grant)
    if used_up := grant.uses_up(inputs):
        return untried(used_up)
    if grant.look is not None:
        return fine(
            f"{grant.look(inputs, case.context)}; no token was made, for that would replace one that jobs may use."
        )
    case.token = acquire(inputs, case.context)
    mask_token(case.token, case.ci, case.invocation)
    return fine(f"{inputs.grant} gives a token, which is exported nowhere.")


def examine_scopes(case: Case) -> Finding:
    """Hold the token to `required-scopes` and `min-lifetime`."""
    token, inputs = case.token, case.inputs
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
        check(token, required_scopes=inputs.required_scopes, min_lifetime=inputs.min_lifetime)
    except UnfitTokenError as error:
        return trouble(error, facts)
    told = facts_of(token)
    more = f" (implied: {shown(implied)})" if implied else ""
    return fine(f"{told['scopes']}{more}; lifetime {told['lifetime']}.", facts)
