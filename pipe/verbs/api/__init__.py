"""`bitbucket-token api`: ask the REST API, from a script, in one line. Standard output has the answers alone."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime

from pipe import grants
from pipe.bitbucket.paging import pages
from pipe.ci.system import CiSystem
from pipe.errors import ExportError, InputError, PipeError
from pipe.export.git import ORIGIN
from pipe.grants.giving_back import give_back_unused
from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Arguments, Invocation
from pipe.inputs.table import BY_NAME
from pipe.inputs.values import Given, parse_secret, parse_url
from pipe.oauth.endpoints import origin_of
from pipe.oauth.token import TOKEN, AccessToken
from pipe.redaction.log import show
from pipe.redaction.secret import Secret, forms
from pipe.run import connection, context_of, mask_inputs, mask_token
from pipe.verbs import Verb
from pipe.verbs.api.answers import Incoming, OutputFile, receiving
from pipe.verbs.api.call import OWN_OPTIONS, Call, call_of, rest_api_of
from pipe.verbs.api.client import Client, KeepAliveHttp
from pipe.verbs.api.output import JsonLines, Output, Progress, Rendered
from pipe.verbs.api.pace import Pace
from pipe.verbs.api.parallel import ParallelTasks, Task

# Characters. Data has to stay as it is, and a shorter text also stands there by chance.
_SHORTEST_MASK = 12
# So does a shorter one in what is said; a longer one is no secret, and finding all its forms would take long.
_HIDDEN = range(6, 64 * 1024)
# Of all texts of a body, and characters in them: it takes a second to find the forms of so many.
_MOST_HIDDEN = 1000
_MOST_CHARACTERS = 256 * 1024


def prints_data(_arguments: Arguments) -> bool:
    """Return True: standard output holds the answers and nothing else."""
    return True


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Ask for each PATH, and print the answers in their order.

    With several, a failure is told at once, the others go on, and the first failure's kind is that of the run. Whoever
    reads may stop reading (`| head`), which ends the run quietly. Raises a `PipeError` for each way that can fail.
    """
    mask_inputs(inputs, ci, invocation)
    inputs = _at_the_tokens_server(inputs, invocation)
    call = call_of(invocation.arguments, rest_api_of(inputs), invocation.cwd, invocation.stdin)
    context = context_of(inputs, ci, invocation)
    opened = receiving(call.output) if call.output else nullcontext()
    with opened as file, _token(inputs, ci, invocation, context) as token:
        _ask(inputs, ci, invocation, context, call, token, file=file)
    if file:
        shown = show(str(invocation.arguments.value("output")), invocation.log.masks)
        invocation.log.line(f"Wrote {file.size} bytes to {shown}.")


def _ask(
    inputs: Inputs,
    ci: CiSystem,
    invocation: Invocation,
    context: Context,
    call: Call,
    token: AccessToken,
    *,
    file: OutputFile | None,
) -> None:
    api = call.api
    lines = JsonLines([*token.forms(), *(mask for mask in invocation.log.masks if len(mask) >= _SHORTEST_MASK)])
    # A server may repeat a secret when it refuses it. In data it stays: nothing secured comes back.
    texts = _hidden(call.body.texts) if call.body else ()
    invocation.log.hide(form for text in texts for form in forms(Secret(text)))
    progress = Progress(invocation.terminal, invocation.log.line)
    context = context._replace(retries=context.retries._replace(announce=progress.say))
    pace = Pace(invocation.deadline, progress.say, invocation.sleep)

    def connect() -> KeepAliveHttp:
        return connection(KeepAliveHttp, inputs, invocation)

    def client(http: KeepAliveHttp) -> Client:
        return Client(http, context, api, token.authorization(), pace)

    shown = [show(word.partition("?")[0], invocation.log.masks) for word in invocation.arguments.words]
    progress.say(f"Asking {api.host}: {call.method} {shown[0]}{_others(call)}")
    tasks = ParallelTasks([_task(call, url, client, lines, file) for url in call.addresses], connect, call.at_once)
    try:
        Output(invocation.stdout, shown, ci.fail, progress).print_all(tasks.items(invocation.deadline, api.host))
    except ExportError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return  # Whoever reads has read enough, as in `| head`.
        raise
    finally:
        progress.wipe()
    if call.paginate:
        pages_read = "1 page" if progress.pages == 1 else f"{progress.pages} pages"
        progress.say(f"Got {progress.values} values on {pages_read}.")


def _hidden(texts: Iterable[str]) -> Iterator[str]:
    """The shortest of `texts` that may be secrets: where there are many, the long ones are documents."""
    room = _MOST_CHARACTERS
    for text in sorted((text for text in texts if len(text) in _HIDDEN), key=len)[:_MOST_HIDDEN]:
        room -= len(text)
        if room < 0:
            return
        yield text


@contextmanager
def _token(inputs: Inputs, ci: CiSystem, invocation: Invocation, context: Context) -> Iterator[AccessToken]:
    """The token in the variable that `env-name` names, as an earlier step left it; else a new one. Masked.

    The new one is known to nobody else, so it is given back once it has been used.
    """
    if text := invocation.env.get(inputs.env_name, ""):
        token = _exported(inputs, invocation, text)
        mask_token(token, ci, invocation)
        yield token
        return
    token = grants.called(inputs.grant).acquire(inputs, context)
    mask_token(token, ci, invocation)
    try:
        yield token
    except PipeError:
        give_back_unused(inputs, context, token)
        raise
    give_back_unused(inputs, context, token)


def _at_the_tokens_server(inputs: Inputs, invocation: Invocation) -> Inputs:
    """The inputs with the server that the exported token is for, where the step that got it has said which that is.

    Raises `InputError` if `base-url` names another one, which must not get that token.
    """
    variable = inputs.env_name + ORIGIN
    told = invocation.env.get(variable, "") if invocation.env.get(inputs.env_name) else ""
    if not told:
        return inputs
    server = parse_url(variable, Given(told, "the environment"), query=False).rstrip("/")
    if inputs.base_url == BY_NAME["base-url"].default:
        return inputs._replace(base_url=server)
    if origin_of(inputs.base_url) != origin_of(server):
        raise InputError(
            f"The token in {inputs.env_name} is for {origin_of(server)}, and base-url names another server.",
            f"{variable} beside it says so: the step that got it asked that server.",
            "Correct base-url, or name the variable of the other server's token by env-name.",
        )
    return inputs


def _exported(inputs: Inputs, invocation: Invocation, text: str) -> AccessToken:
    value = parse_secret(inputs.env_name, Given(text, "the environment"))
    invocation.log.hide(forms(value))
    if not TOKEN.fullmatch(text):
        raise InputError(
            f"{inputs.env_name} holds spaces, or letters that no token has.",
            "Something else has that variable's name.",
            "Unset it to have a new token made, or name the token's variable by env-name.",
        )
    token = AccessToken(value, scopes=None, expires_in=None, obtained_at=datetime.now(UTC))
    if inputs.access_token_kind == "api-token":
        inputs.require("username")
        token = token._replace(api_user=inputs.username)
    return token


def _task(
    call: Call, url: str, client: Callable[[KeepAliveHttp], Client], lines: JsonLines, file: OutputFile | None
) -> Task[KeepAliveHttp, Rendered]:
    def task(http: KeepAliveHttp) -> Iterator[Rendered]:
        asking = client(http)
        if call.paginate:
            for values in pages(asking.get, asking.api, url):
                yield lines.of(values, asking.api.host)
            return
        _, answer = asking.fetch(call.method, url, call.body, file.take if file else Incoming.hold)
        with closing(answer):
            if call.include:
                yield lines.head(answer)
            if not file:
                yield from lines.answer(answer)

    return task


def _others(call: Call) -> str:
    count = len(call.addresses)
    return f" and {count - 1} more, {min(count, call.at_once)} at once." if count > 1 else "."


VERB = Verb(
    run,
    "Ask Bitbucket's REST API with the token, and print the answer.",
    words="PATH...",
    options=OWN_OPTIONS,
    unless_given={"deadline": "3600"},
    prints_data=prints_data,
)
