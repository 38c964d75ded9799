"""Step 6: whether the server answers at all, to a request without any secret."""

from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine


def examine(case: Case) -> Finding:
    """Any answer will do, for this is not how it wants to be asked. Raises what keeps it from answering."""
    if case.first.host in case.lost:
        return case.lost_before(case.first)
    answer = case.knock()
    return fine(f"{answer.host} answers (HTTP {answer.status}).", {"host": answer.host, "status": answer.status})
