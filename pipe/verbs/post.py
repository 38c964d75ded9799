"""`bitbucket-token post`: what a runner starts by itself at the end of the job (`post-entrypoint` of an action).

It does what `revoke` does with what its own step has left, and never fails: it runs whatever became of the job, also
after that step has failed and has said why.
"""

from pipe import grants
from pipe.ci.system import CiSystem
from pipe.errors import PipeError
from pipe.export.variables import SERVER
from pipe.grants.giving_back import (
    ENDS,
    NAME,
    TOKEN,
    HeldToken,
    give_back,
    no_way_to_revoke,
    not_given_back,
    taken_back_by,
)
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Invocation
from pipe.redaction.secret import Secret
from pipe.run import context_of
from pipe.verbs import Verb
from pipe.verbs.revoke import begin, exported_name, exported_token, moment


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Give back the token of this step, and remove its env file. All that goes wrong on the way is a warning."""
    name = ci.state(NAME) or exported_name(inputs, invocation.env)
    inputs = inputs._replace(token_name=name or inputs.token_name)
    held = _held(inputs, ci, invocation)
    if not begin(inputs, ci, invocation, held):
        return
    if not grants.called(inputs.grant).makes_tokens:
        invocation.log.line("Nothing to revoke: the token was there before this job.")
        return
    if not (held.token or name):
        invocation.log.line("Nothing to revoke: this step has left no token.")
        return
    try:
        if not give_back(inputs, context_of(inputs, ci, invocation), held):
            invocation.log.line(no_way_to_revoke(held))
    except PipeError as error:
        ci.warn(not_given_back(inputs, held, error))


def failed(error: PipeError, ci: CiSystem) -> None:
    """Say why nothing could be done, as a warning if there is something to do."""
    say = ci.warn if ci.state(TOKEN) or ci.state(NAME) else ci.log.line
    say(f"Nothing is given back, and no file is removed: {error.what}")


def _held(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> HeldToken:
    """The token that this step has saved; else the exported one, which not every runner makes necessary.

    A step that has failed saved nothing. The variable may then be another step's, of another server, and must not be
    sent to this step's: so it counts only if it says that it is of this very server.
    """
    if saved := ci.state(TOKEN) or ci.state(NAME):
        return HeldToken(Secret(saved if ci.state(TOKEN) else ""), moment(ci.state(ENDS)))
    if invocation.env.get(inputs.env_name + SERVER, "") != taken_back_by(inputs):
        return HeldToken(Secret(""))
    return exported_token(inputs, invocation.env)


VERB = Verb(run, "What a runner starts by itself at the end of a job: revoke, but never a failure.", failed=failed)
