"""Step 7: whether a token can be got, in the way of a run. It is exported nowhere."""

from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine, untried
from pipe.grants import looking, using_up
from pipe.run import acquire, mask_token


def examine(case: Case) -> Finding:
    """Get a token, unless that would use up what a run still needs. Raises what a run would raise."""
    inputs = case.inputs
    if case.first.host in case.lost:
        return case.lost_before(case.first)
    if used_up := using_up(inputs.grant)(case.request()):
        return untried(used_up)
    if (look := looking(inputs.grant)) is not None:
        return fine(f"{look(case.request())}; no token was made, for that would replace one that jobs may use.")
    case.token = acquire(inputs, case.ci, case.means)
    mask_token(case.token, case.ci, case.world)
    return fine(f"{inputs.grant} gives a token, which is exported nowhere.")
