"""An HTTP access token of a Data Center, created for this build and replacing the one of the same name.

A token cannot be prolonged, so the tokens are listed, the new one is created, and the old one deleted. Whoever asks
is authorised by a password, by an OAuth 2.0 token, or by an application link: OAuth 1.0a, which gives no bearer token
of its own, signs the requests that create this one.
"""

import re
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from pipe.bitbucket.access_tokens import (
    LONGEST_NAME,
    AccessTokens,
    NewToken,
    Owner,
    check_permissions,
    parse_owner,
)
from pipe.bitbucket.data_center import Caller, DataCenter, Way
from pipe.bitbucket.data_center_errors import LimitError
from pipe.errors import AnswerError, InputError, MissingInputError, PipeError, UnreachableError
from pipe.grants import Grant
from pipe.http.context import Context
from pipe.http.retry import with_retries
from pipe.inputs.inputs import Inputs
from pipe.inputs.table import BY_NAME
from pipe.oauth.endpoints import is_cloud
from pipe.oauth.token import AccessToken, check_bearer
from pipe.redaction.log import show
from pipe.redaction.secret import Secret

WAYS: tuple[Way, ...] = ("password", "access-token", "private-key")
"""The inputs of which one authorises."""


def acquire(inputs: Inputs, context: Context) -> AccessToken:
    """Create a token, then delete those of the same name that were there before; raise what keeps it from that."""
    owner = _owner(inputs)
    check_permissions(inputs.token_permissions, owner)
    name, is_earlier = _names(inputs, context)
    wish = NewToken(name, inputs.token_permissions, inputs.token_expiry_days)
    return _Renewal(_tokens(inputs, context, owner), wish, is_earlier, context).token()


def look(inputs: Inputs, context: Context) -> str:
    """Ask who the server takes the caller for, and which tokens the owner has; return that in words."""
    user, owner, tokens = _found(inputs, context, _owner(inputs))
    told = f"as the user {show(user, context.masks())}, tokens of {owner.kind} {'/'.join(owner.names)} can be listed"
    if not inputs.token_name:
        return told
    return f"{told}; {len(tokens.named(inputs.token_name.__eq__))} of them called {inputs.token_name}"


def delete(inputs: Inputs, context: Context) -> tuple[str, int]:
    """Delete the owner's tokens of that name, at the end of the job; return the name, and how many there were.

    It is `token-name`, or that which the build gives. Where nothing tells builds or legs apart it has to be given: a
    run then leaves its choice to chance.
    """
    if not context.build_name or context.build_try is not None:
        inputs.require("token-name")
    name, _ = _names(inputs, context)
    tokens = _tokens(inputs, context, _owner(inputs))
    found = tokens.named(name.__eq__)
    for token_id in found:
        tokens.delete(token_id)
    return name, len(found)


def _owner(inputs: Inputs) -> Owner:
    if is_cloud(inputs.base_url):
        raise InputError(
            "base-url is missing, or that of Bitbucket Cloud.",
            "The grant http_access_token is for a Bitbucket Data Center.",
            "Set base-url to the address of your server, with its context path.",
        )
    return parse_owner(inputs.token_owner)


def _tokens(inputs: Inputs, context: Context, owner: Owner) -> AccessTokens:
    return _found(inputs, context, owner)[2]


def _found(inputs: Inputs, context: Context, owner: Owner) -> tuple[str, Owner, AccessTokens]:
    """The user for whom the server takes whoever asks, the owner in full, and the owner's tokens in that name."""
    server = DataCenter(context, inputs.base_url, _caller(inputs))
    context.say(f"Asking {server.host} for its HTTP access tokens (authorised by {_way(inputs)}).")
    user = server.user()
    if not owner.names:
        owner = Owner("user", (server.slug(user),))
    context.say(f"As the user {show(user, context.masks())}: tokens of {owner.kind} {'/'.join(owner.names)}.")
    return user, owner, AccessTokens(server, owner)


class _Renewal:
    """A new token in the place of the old ones with its name, whatever goes wrong in between."""

    def __init__(
        self, tokens: AccessTokens, wish: NewToken, is_earlier: Callable[[str], bool], context: Context
    ) -> None:
        self._tokens = tokens
        self._wish = wish
        self._context = context
        self._old = tokens.named(is_earlier)
        """The names of those that give way, by their ids."""
        self._gone: list[str] = []
        """The names of those that have given way."""
        self._lost = False
        """Whether the server may have made a token whose text did not arrive."""

    def token(self) -> AccessToken:
        """Create the token, delete the old ones, and return it."""
        try:
            token = with_retries(self._attempt, self._context.retries)
        except PipeError:
            self._clean_up()
            raise
        self._context.mask(token.value)
        for token_id, name in list(self._old.items()):
            try:
                self._delete_old(token_id)
            except PipeError as error:
                self._context.say(
                    f"Warning: an older token called {name} (id {show(token_id, self._context.masks())}) is "
                    f"left, and is valid until it ends or is deleted. {error.what}"
                )
        for name in self._gone:
            self._context.say(f"Replaced the token {name} of an earlier try.")
        return token._replace(name=self._wish.name)

    def _attempt(self) -> AccessToken:
        self._delete_orphans()
        try:
            return self._create()
        except LimitError:
            if not self._old:
                raise
            for token_id, name in list(self._old.items()):
                self._context.say(f"There are as many tokens as may be: deleting {name} first.")
                self._delete_old(token_id)
            return self._create()

    def _delete_old(self, token_id: str) -> None:
        self._tokens.delete(token_id)
        self._gone.append(self._old.pop(token_id))

    def _create(self) -> AccessToken:
        """Create the token, and note if the answer was lost: the server may have made one all the same."""
        try:
            return self._tokens.create(self._wish)
        except (AnswerError, UnreachableError):
            self._lost = True
            raise

    def _delete_orphans(self) -> None:
        if self._lost:
            for token_id in self._tokens.named(self._wish.name.__eq__):
                if token_id not in self._old:
                    self._tokens.delete(token_id)
                    self._context.say(f"Deleted a token called {self._wish.name} whose text did not arrive.")
            self._lost = False

    def _clean_up(self) -> None:
        """Leave no token behind that nobody can use, or say that one may be there."""
        try:
            self._delete_orphans()
        except PipeError:
            self._context.say(
                f"Warning: a token called {self._wish.name} whose text nobody knows may be left. It ends by itself "
                f"(token-expiry-days: {self._wish.days})."
            )


def _names(inputs: Inputs, context: Context) -> tuple[str, Callable[[str], bool]]:
    """The token's name, and which names are those of tokens that an earlier try has left.

    The name is that of the input, or of the build and the variable, which no other job has. Where nothing tells builds
    or the legs of a matrix apart, chance does: a name that two jobs share would have one delete the token of the other.
    Where tries are counted, a token of any earlier one may go, for all its jobs have ended.
    """
    if inputs.token_name:
        if len(inputs.token_name) > LONGEST_NAME:
            raise InputError(
                f"token-name has more than {LONGEST_NAME} characters.", "Bitbucket takes no longer one.", "Shorten it."
            )
        return inputs.token_name, inputs.token_name.__eq__
    chance = secrets.token_hex(8)
    this_try = context.build_try if context.build_name else None
    room = 0 if this_try is None else len(f" 999999-{chance}")
    name = _fitting(f"{context.build_name or chance} {inputs.env_name}", LONGEST_NAME - room)
    if this_try is None:
        return name, name.__eq__
    of_a_try = re.compile(re.escape(name) + r" ([0-9]{1,6})-[0-9a-f]{16}")

    def is_earlier(other: str) -> bool:
        found = of_a_try.fullmatch(other)
        return found is not None and int(found[1]) < this_try

    return f"{name} {this_try}-{chance}", is_earlier


def _fitting(name: str, most: int) -> str:
    """Return `name`, cut to `most` characters if it is longer, with a digest that tells it from others cut so."""
    if len(name) <= most:
        return name
    digest = f" {sha256(name.encode(errors='backslashreplace')).hexdigest()[:16]}"
    return name[: most - len(digest)] + digest


def _way(inputs: Inputs) -> Way:
    given: list[Way] = [way for way in WAYS if getattr(inputs, way.replace("-", "_"))]
    if not given:
        raise MissingInputError(
            "password, access-token or private-key", ", ".join(BY_NAME[way].variable for way in WAYS)
        )
    if len(given) > 1:
        raise InputError(
            f"More than one way to authorise is given: {' and '.join(given)}.",
            "The server takes one at a time, and which one was meant cannot be told.",
            f"Give one of {', '.join(WAYS)}.",
        )
    return given[0]


def _caller(inputs: Inputs) -> Caller:
    way = _way(inputs)
    if inputs.impersonate and way != "private-key":
        raise InputError(
            f"impersonate does not go together with {way}.",
            "Only an application link can act as another user.",
            "Leave impersonate out, or authorise by consumer-key and private-key.",
        )
    if way == "access-token":
        check_bearer(way, inputs.access_token)
        bearer = Secret(f"Bearer {inputs.access_token.reveal()}")
        return Caller(way, lambda _method, _url: bearer)
    if way == "password":
        return _basic(inputs)
    from pipe.bitbucket.oauth1 import authorization  # noqa: PLC0415 - the other ways need no signature

    inputs.require("consumer-key")

    def signed(method: str, url: str) -> Secret:
        return authorization(
            method,
            url,
            consumer_key=inputs.consumer_key,
            private_key=inputs.private_key,
            timestamp=int(time.time()),
            nonce=secrets.token_hex(16),
        )

    return Caller(way, signed, inputs.impersonate)


def _basic(inputs: Inputs) -> Caller:
    inputs.require("username")
    if ":" in inputs.username:
        raise InputError(
            "username holds a colon, which Basic authentication cannot carry.",
            "RFC 7617 ends the user name at the first colon.",
            "Check that username and password are not joined; or authorise by an application link.",
        )
    pair = f"{inputs.username}:{inputs.password.reveal()}".encode()
    basic = Secret("Basic " + b64encode(pair).decode())
    return Caller("password", lambda _method, _url: basic)


GRANT = Grant(acquire=acquire, delete=delete, look=look)
