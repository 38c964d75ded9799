"""One run, readable in one screen: inputs, grant, token, checks, mask, export, report."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pipe import VERSION, grants
from pipe.ci.system import CiSystem
from pipe.errors import PipeError
from pipe.export import printing
from pipe.export.git import OLDEST, ORIGIN, check_git, origin, settings
from pipe.export.variables import SERVER, Export
from pipe.grants.giving_back import give_back_unused, taken_back_by, to_save
from pipe.http.client import Http
from pipe.http.context import Context
from pipe.http.proxies import named, passwords, used
from pipe.http.retry import RetryPolicy
from pipe.http.trust import extra_roots, roots
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Invocation
from pipe.inputs.values import format_scopes, says_no
from pipe.oauth.checks import check_token
from pipe.oauth.endpoints import is_cloud
from pipe.oauth.token import AccessToken
from pipe.redaction.secret import broken_lines, forms

Connection = TypeVar("Connection", bound=Http)


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Get a token, check it, and hand it to later steps. Raises a `PipeError` for each way that can fail."""
    verify = fit_together(inputs, ci)
    if inputs.print:
        printing.check_reader(invocation.stdout)
    mask_inputs(inputs, ci, invocation)
    invocation.log.line(f"bitbucket-token {VERSION} on {ci.title}")
    context = context_of(inputs, ci, invocation)
    token = grants.called(inputs.grant).acquire(inputs, context)
    masks = mask_token(token, ci, invocation)
    facts = facts_of(token)
    invocation.log.line("Got a bearer token: " + ", ".join(f"{name} {value}" for name, value in facts.items()) + ".")
    try:
        check_token(token, required_scopes=inputs.required_scopes, min_lifetime=inputs.min_lifetime)
        verify(token, context)
        hand_over(inputs, ci, invocation, token, masks)
    except PipeError:
        give_back_unused(inputs, context, token)
        raise
    ci.summarize({**facts, "variable": inputs.env_name})


def mask_inputs(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Mask every secret that is known before the token is, before anything else is done or said."""
    users = [inputs.consumer_key, *filter(None, [inputs.username])]
    known = [(secret, user) for secret in inputs.secrets for user in users]
    masks = dict.fromkeys(form for secret, user in known for form in forms(secret, key=user))
    lines = dict.fromkeys(line for secret, user in known for line in broken_lines(secret, key=user))
    env = invocation.env
    # What others would see of a proxy that nothing is asked through is not for this program to change.
    invocation.log.hide([*masks, *_forms_of_passwords(named(env))])
    ci.mask([*masks, *lines, *_forms_of_passwords(used(_asked(inputs), env))])


def mask_token(token: AccessToken, ci: CiSystem, invocation: Invocation) -> tuple[str, ...]:
    """Mask the token, before anything is done with it. Return its forms, for the log of later steps."""
    masks = token.forms()
    invocation.log.hide(masks)
    ci.mask((*masks, *token.broken_lines()))
    return masks


def _forms_of_passwords(proxies: Iterable[str]) -> list[str]:
    return [form for proxy in proxies for secret in passwords(proxy) for form in forms(secret)]


def _asked(inputs: Inputs) -> list[str]:
    """The addresses that a run may ask, as far as the inputs tell: the metadata of an issuer may name other hosts."""
    urls = [inputs.issuer, inputs.token_url, inputs.revocation_url]
    if not any(urls) or not is_cloud(inputs.base_url):
        urls.append(inputs.base_url)
    if inputs.issuer:
        urls.append("https://any.invalid")
    return [url for url in urls if url]


def fit_together(inputs: Inputs, ci: CiSystem) -> Callable[[AccessToken, Context], None]:
    """Raise `InputError` if inputs contradict each other or the CI system; return what `verify` has the token tried on.

    The inputs of the grant are its own business.
    """
    ci.check_channel(inputs.channel, inputs.channel_file)
    check_git(inputs)
    if says_no(inputs.verify):
        return lambda _token, _context: None
    from pipe.bitbucket.verify import target  # noqa: PLC0415 - most runs verify nothing

    return target(inputs, ci.repository()).verify


def connection(kind: type[Connection], inputs: Inputs, invocation: Invocation) -> Connection:
    """Return what sends the requests of this run. Raises `InputError` if the certificates to trust are not there."""
    ca_file = roots(inputs.ca_file, invocation.env, invocation.cwd)
    extra = "" if ca_file else extra_roots(invocation.env, invocation.cwd)
    return kind(
        invocation.deadline,
        timeout=inputs.timeout,
        ca_file=ca_file,
        env=invocation.env,
        extra_ca_file=extra,
        say=invocation.log.line,
    )


def context_of(inputs: Inputs, ci: CiSystem, invocation: Invocation, http: Http | None = None) -> Context:
    """Return what the parts of this run act with. Raises `InputError` as `connection` does."""
    return Context(
        http or connection(Http, inputs, invocation),
        invocation.log,
        RetryPolicy(inputs.max_attempts, invocation.deadline, invocation.log.line, invocation.sleep),
        mask_in_ci=ci.mask,
        warn=ci.warn,
        set_output=ci.set_output,
        has_outputs=ci.has_outputs(),
        cwd=invocation.cwd,
        build_name=ci.build_name(),
        build_try=ci.build_try(),
        uninterrupted=invocation.uninterrupted,
    )


def facts_of(token: AccessToken) -> dict[str, str]:
    """Return what may be told of a token."""
    return {
        "scopes": "not told" if token.scopes is None else format_scopes(token.scopes),
        "lifetime": "not told" if token.expires_in is None else f"{token.expires_in} s",
        "expires": token.expires_at or "not told",
    }


def hand_over(inputs: Inputs, ci: CiSystem, invocation: Invocation, token: AccessToken, masks: tuple[str, ...]) -> None:
    """Print the token if that was asked for, else export it the way of the CI system, with `masks` for later steps."""
    export = Export(
        token=token,
        env_name=inputs.env_name,
        export_env=inputs.export_env,
        mask_log=inputs.mask_log,
        keep_file=inputs.keep_file,
        output_file=Path(inputs.output_file) if inputs.output_file else None,
        reader=inputs.env_file_reader,
        channel=inputs.channel,
        channel_file=Path(inputs.channel_file) if inputs.channel_file else None,
        masks=masks,
        git=settings(inputs, token) if inputs.configure_git else (),
        state=to_save(inputs, token),
        taken_back_by=_server_to_export(inputs, invocation.env),
        origin=_origin_to_export(inputs, invocation.env),
    )
    if not inputs.print:
        with invocation.uninterrupted():
            lines = ci.export(export)
        if export.git:
            lines.append(f"Plain git then reaches {inputs.base_url} with it, if it is git {OLDEST} or newer.")
        for line in lines:
            invocation.log.line(line)
        return
    printing.write_out(invocation.stdout, printing.render(inputs.print, export), "the token")


def _server_to_export(inputs: Inputs, env: Mapping[str, str]) -> str | None:
    """Return what a variable tells of the server that takes the token back; None unless there is or was one."""
    server = taken_back_by(inputs) if inputs.revoke else ""
    return server if server or inputs.env_name + SERVER in env else None


def _origin_to_export(inputs: Inputs, env: Mapping[str, str]) -> str | None:
    """Return what a variable tells of the server that the token is for; None if nobody needs to know.

    That is git's helper for one server, which finds the token by the variable's name, and must hand out no other's.
    """
    told = inputs.configure_git or not is_cloud(inputs.base_url) or inputs.env_name + ORIGIN in env
    return origin(inputs) if told else None
