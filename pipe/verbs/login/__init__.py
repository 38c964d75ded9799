"""`bitbucket-token login`: a person allows access once, in the browser, and a pipeline gets the refresh token."""

import hashlib
import os
import webbrowser
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from pipe import grants
from pipe.ci.system import CiSystem
from pipe.errors import InputError, RefusedError, UnfitTokenError, UnreachableError
from pipe.export.printing import check_reader, write_out
from pipe.export.stores import store_of
from pipe.http.context import Context
from pipe.inputs.inputs import Inputs
from pipe.inputs.invocation import Invocation
from pipe.inputs.values import is_loopback
from pipe.oauth.endpoints import authorization_endpoint
from pipe.oauth.token import AccessToken
from pipe.redaction.log import show
from pipe.redaction.secret import Secret
from pipe.run import context_of, mask_inputs
from pipe.verbs import Verb
from pipe.verbs.login.loopback import Loopback, Redirected


def run(inputs: Inputs, ci: CiSystem, invocation: Invocation) -> None:
    """Have a person allow access, and hand the refresh token to where the inputs say.

    Raises a `PipeError` for each way that can fail. The token for right now is dropped.
    """
    inputs = inputs._replace(grant="authorization_code")
    mask_inputs(inputs, ci, invocation)
    context = context_of(inputs, ci, invocation)
    _check(inputs)
    if inputs.print:
        check_reader(invocation.stdout)
    store_of(inputs.refresh_token_store, context)  # A place that is none is told before anybody has to log in.
    state, verifier = Secret(token_urlsafe(32)), Secret(token_urlsafe(64))
    with _listening(inputs.redirect_uri, state) as server:
        _open(_address(inputs, server.uri, state, verifier), context)
        redirected = server.wait(invocation.deadline.remaining())
    code = _code(redirected, context, invocation)
    context.mask(code)
    exchanged = inputs._replace(code=code, redirect_uri=server.uri, code_verifier=verifier)
    token = grants.called(exchanged.grant).acquire(exchanged, context)
    _hand_over(token, inputs, context, invocation)


def _check(inputs: Inputs) -> None:
    """Tell what is missing before anybody has to log in."""
    inputs.require("consumer-key")
    inputs.require("consumer-secret")
    uri = urlsplit(inputs.redirect_uri)
    try:
        usable = uri.scheme == "http" and is_loopback(uri.hostname or "") and (uri.port or 0) >= 0
    except ValueError:
        usable = False
    if not usable or uri.query or uri.fragment or "@" in uri.netloc:
        raise InputError(
            "redirect-uri is no address of this machine.",
            "The browser brings the code back to this program, which listens on http://localhost:PORT/ or "
            "http://127.0.0.1:PORT/.",
            "Set redirect-uri to the consumer's callback URL, for instance http://localhost:8976/, at both ends.",
        )
    inputs.refuse_other_servers(
        "login",
        "It says where tokens come from, but not on which page a person allows access.",
        "Leave it out: login is for Bitbucket Cloud, and for a Data Center that base-url names.",
    )
    if bool(inputs.refresh_token_store) == bool(inputs.print) or inputs.print not in ("", "raw"):
        raise InputError(
            "login has to be told one place for the refresh token.",
            "It works for months, and belongs on no screen.",
            "Name it by --refresh-token-store (file:PATH, or a secured variable of Bitbucket Pipelines); or pipe it: "
            "bitbucket-token login --print raw | gh secret set REFRESH_TOKEN",
        )


@contextmanager
def _listening(redirect_uri: str, state: Secret) -> Iterator[Loopback]:
    try:
        server = Loopback(redirect_uri, state)
    except OSError as error:
        raise InputError(
            f"Nothing can listen on {redirect_uri} ({os.strerror(error.errno or 0)}).",
            "Another program has that port, or only root may use it.",
            "End the other program, or choose a port in redirect-uri and in the consumer's callback URL.",
        ) from error
    with server:
        yield server


def _address(inputs: Inputs, redirect_uri: str, state: Secret, verifier: Secret) -> str:
    """The page on which a person allows access (RFC 6749 section 4.1.1, RFC 7636 section 4.3)."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    asked = {
        "client_id": inputs.consumer_key,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state.reveal(),
        "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if inputs.scope:
        asked["scope"] = " ".join(inputs.scope)
    return f"{authorization_endpoint(inputs.base_url)}?{urlencode(asked)}"


def _open(address: str, context: Context) -> None:
    context.say("Allow access on this page, which opens in the browser by itself where there is one:")
    context.say(f"    {address}")
    with _quiet_output():
        webbrowser.open(address)


@contextmanager
def _quiet_output() -> Iterator[None]:
    """Keep what a browser prints out of standard output: the refresh token may go there."""
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _code(redirected: Redirected | None, context: Context, invocation: Invocation) -> Secret:
    if redirected is None:
        raise UnreachableError(
            f"Nobody allowed access within {invocation.deadline.seconds:g} s.",
            "The page was not opened, the consumer's callback URL is not redirect-uri, or the browser runs on another "
            "machine than this program.",
            "Run it again where the browser is; compare the callback URL with redirect-uri; or raise deadline.",
        )
    if redirected.error:
        said = show(redirected.error, context.masks())
        denied = redirected.error == "access_denied"
        raise RefusedError(
            "Access was denied in the browser." if denied else f'The server refused: "{said}".',
            "Somebody pressed Cancel, or may not allow it." if denied else "The consumer or the scopes do not fit.",
            "Run it again, as a person who may." if denied else "Check scope, and the consumer's settings.",
        )
    return redirected.code


def _hand_over(token: AccessToken, inputs: Inputs, context: Context, invocation: Invocation) -> None:
    if token.refresh_token is None:
        raise UnfitTokenError(
            "The server handed out a token, but no refresh token.",
            "It gives none to this consumer, or for these scopes.",
            "Use the grant client_credentials instead.",
        )
    if not inputs.refresh_token_store:
        write_out(invocation.stdout, token.refresh_token.reveal() + "\n", "the refresh token")
    context.say("A pipeline gets tokens with it by grant: refresh_token, and refresh-token-store for the next.")


VERB = Verb(
    run,
    "A person allows access once, in the browser, and a pipeline gets the refresh token.",
    unless_given={"grant": "authorization_code", "redirect-uri": "http://localhost:8976/", "deadline": "600"},
)
