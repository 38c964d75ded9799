"""Step 8: what the token may do and for how long, and whether that is what the inputs ask for."""

from pipe.bitbucket.scopes import with_implied
from pipe.checks import check
from pipe.errors import UnfitTokenError
from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine, trouble, untried
from pipe.run import facts_of
from pipe.scope import shown


def examine(case: Case) -> Finding:
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
