"""THE table of inputs. action.yml, bitbucket-pipe.yml, --help, the README and the parser all follow from it."""

from collections.abc import Mapping
from typing import NamedTuple

from pipe.errors import InputError, MissingInputError
from pipe.input import Input
from pipe.secret import Secret
from pipe.values import (
    Given,
    parse_choice,
    parse_count,
    parse_env_name,
    parse_flag,
    parse_private_key,
    parse_scopes,
    parse_seconds,
    parse_secret,
    parse_text,
    parse_uri,
    parse_url,
)

GRANTS = ("client_credentials", "refresh_token", "authorization_code", "access_token", "http_access_token")
OAUTH_GRANTS = ("client_credentials", "refresh_token", "authorization_code")
TOKEN_KINDS = ("access-token", "api-token")
CLIENT_AUTHS = ("basic", "basic-raw", "basic-encoded", "body", "private_key_jwt")
PRINTS = ("raw", "json", "sh", "dotenv")
CLOUD = "https://bitbucket.org"
_DATA_CENTER = ("http_access_token",)

TABLE = (
    Input(
        "consumer-key",
        "The OAuth consumer's key.",
        aliases=("BITBUCKET_CLIENT_ID", "CLIENT_ID"),
    ),
    Input(
        "consumer-secret",
        "The OAuth consumer's secret.",
        aliases=("BITBUCKET_CLIENT_SECRET", "CLIENT_SECRET"),
        secret=True,
    ),
    Input(
        "private-key",
        "An RSA private key, a PEM file without a passphrase, whose public key the server knows.",
        secret=True,
    ),
    Input(
        "key-id",
        "For `private_key_jwt`: the `kid` by which the server knows the key, if it asks for one.",
        grants=OAUTH_GRANTS,
    ),
    Input("grant", "How to get the token.", default="client_credentials", choices=GRANTS),
    Input("base-url", "The Bitbucket to ask. A Data Center's address keeps its context path.", default=CLOUD),
    Input("token-url", "The token endpoint of any other OAuth 2.0 server; otherwise it follows from `base-url`."),
    Input(
        "issuer",
        "An OAuth 2.0 server that describes itself (RFC 8414 or OpenID Connect Discovery), instead of `token-url`.",
        grants=OAUTH_GRANTS,
    ),
    Input(
        "revocation-url", "Where `revoke` gives a token back (RFC 7009); a server that `issuer` names says it itself."
    ),
    Input(
        "client-auth",
        "How key and secret are sent: `basic` is raw for Bitbucket Cloud, as its documentation's curl sends them, "
        "and form-encoded for any other server (RFC 6749, 2.3.1); `private_key_jwt` signs with `private-key` instead "
        "(RFC 7523); the others force one form.",
        default="basic",
        choices=CLIENT_AUTHS,
    ),
    Input("refresh-token", "The refresh token.", secret=True, grants=("refresh_token",)),
    Input(
        "refresh-token-store",
        "Where a new refresh token goes: `output`, `file:PATH`, or a secured variable of Bitbucket Pipelines as "
        "`repository:WORKSPACE/REPOSITORY/NAME`, `deployment:WORKSPACE/REPOSITORY/ENVIRONMENT/NAME` or "
        "`workspace:WORKSPACE/NAME`.",
        grants=("refresh_token", "authorization_code"),
    ),
    Input("code", "The code from the browser.", secret=True, grants=("authorization_code",)),
    Input(
        "redirect-uri",
        "The redirect URI that the code was asked for with, if one was named.",
        grants=("authorization_code",),
    ),
    Input(
        "code-verifier",
        "The PKCE verifier (RFC 7636) that the code was asked for with, if there was one.",
        secret=True,
        grants=("authorization_code",),
    ),
    Input("access-token", "A token that is there already.", secret=True, grants=("access_token", *_DATA_CENTER)),
    Input(
        "access-token-kind",
        "What it is: the access token of a repository, project or workspace, or a person's API token.",
        default="access-token",
        choices=TOKEN_KINDS,
        grants=("access_token",),
    ),
    Input(
        "username", "An API token's owner (e-mail), or whose password it is.", grants=("access_token", *_DATA_CENTER)
    ),
    Input("password", "The password of a Data Center's user.", secret=True, grants=_DATA_CENTER),
    Input("impersonate", "The user that an application link acts as, instead of its own.", grants=_DATA_CENTER),
    Input(
        "token-owner", "`user`, `user:SLUG`, `project:KEY`, `repository:KEY/SLUG`.", default="user", grants=_DATA_CENTER
    ),
    Input(
        "token-permissions",
        "One of PROJECT_READ, PROJECT_WRITE, PROJECT_ADMIN, and one of REPO_READ, REPO_WRITE, REPO_ADMIN.",
        default="REPO_READ",
        grants=_DATA_CENTER,
    ),
    Input("token-expiry-days", "How many days the new token lives.", default="1", grants=_DATA_CENTER),
    Input("token-name", "The new token's name; otherwise that of the build.", grants=_DATA_CENTER),
    Input(
        "repository",
        "`WORKSPACE/REPOSITORY` on which the token is tried; without it, it is asked whose it is, which not every "
        "access token may do.",
        grants=("access_token",),
    ),
    Input(
        "scope",
        "Scopes to ask for, separated by commas or spaces. Bitbucket Cloud grants what the consumer has.",
    ),
    Input("audience", "Whom the token is for, where the server asks for `audience`.", grants=OAUTH_GRANTS),
    Input("resource", "The URI of what the token is for (RFC 8707).", grants=OAUTH_GRANTS),
    Input("required-scopes", "Fail (exit 6) unless all of these are granted; scopes implied by others count."),
    Input("min-lifetime", "Fail (exit 6) if the token lives for fewer seconds than this.", default="0"),
    Input(
        "env-name",
        "The exported variable; `_EXPIRES_AT` and `_SCOPES` are appended for its two companions.",
        default="BITBUCKET_ACCESS_TOKEN",
    ),
    Input(
        "export-env",
        "`false`: only outputs or the env file, no environment variable.",
        default="true",
        flag=True,
    ),
    Input(
        "mask-log",
        "Filter the log of the shell that loads the env file, where the CI cannot mask.",
        default="true",
        flag=True,
    ),
    Input("ci", "The CI system, when it should not be detected.", default="auto", own_variable=False),
    Input(
        "output-file",
        "Where the env file goes; otherwise `.bitbucket-token/env` in the clone directory, by CI.",
    ),
    Input(
        "channel",
        "A way to later jobs that shows the token to others, named here to accept that; see the page of the CI system.",
    ),
    Input("channel-file", "The file that `channel` writes, where that is one."),
    Input("keep-file", "Leave the env file in place after it was loaded.", default="false", flag=True),
    Input(
        "print",
        "Print the token on standard output in this form, and nothing else there, instead of exporting it.",
        choices=PRINTS,
    ),
    Input("max-attempts", "How often one request is tried.", default="5"),
    Input("timeout", "Seconds to connect, and seconds between two bytes.", default="10"),
    Input("deadline", "Seconds for the whole run, waits included. It always holds.", default="120"),
    Input(
        "ca-file",
        "A PEM bundle to trust; else `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`, `CURL_CA_BUNDLE`; else the bundled roots.",
    ),
    Input("debug", "More lines, still without a secret in any of them.", default="false", flag=True),
)

EXCLUSIVE = (
    ("print", "output-file"),
    ("print", "channel"),
    ("token-url", "base-url"),
    ("issuer", "token-url"),
    ("issuer", "base-url"),
)
"""Pairs of inputs that say different things: where the token goes, or whom to ask."""

BY_NAME = {declared.name: declared for declared in TABLE}


class Inputs(NamedTuple):
    """The checked values of one run, in the order of the table."""

    consumer_key: str
    consumer_secret: Secret
    private_key: Secret
    key_id: str
    grant: str
    base_url: str
    token_url: str
    issuer: str
    revocation_url: str
    client_auth: str
    refresh_token: Secret
    refresh_token_store: str
    code: Secret
    redirect_uri: str
    code_verifier: Secret
    access_token: Secret
    access_token_kind: str
    username: str
    password: Secret
    impersonate: str
    token_owner: str
    token_permissions: tuple[str, ...]
    token_expiry_days: int
    token_name: str
    repository: str
    scope: tuple[str, ...]
    audience: str
    resource: str
    required_scopes: tuple[str, ...]
    min_lifetime: float
    env_name: str
    export_env: bool
    mask_log: bool
    ci: str
    output_file: str
    channel: str
    channel_file: str
    keep_file: bool
    print: str
    max_attempts: int
    timeout: float
    deadline: float
    ca_file: str
    debug: bool

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret among the inputs that was given."""
        return tuple(value for value in self if isinstance(value, Secret) and value)

    def require(self, name: str) -> None:
        """Raise `MissingInputError` unless the input called `name` was given."""
        if not getattr(self, name.replace("-", "_")):
            raise MissingInputError(name, BY_NAME[name].variable)


def check(given: Mapping[str, Given], ci_names: tuple[str, ...]) -> Inputs:
    """Turn what was given into checked values; `InputError` names the first input that is wrong."""

    def value(name: str) -> Given:
        return given.get(name) or Given(BY_NAME[name].default, "its default")

    for name in given:
        if name not in BY_NAME:
            raise InputError(
                f"There is no input called {name}.",
                "The name is misspelt, or from another version.",
                "See --help.",
            )
    for pair in EXCLUSIVE:
        if all(value(name).text != BY_NAME[name].default for name in pair):
            raise InputError(
                f"{pair[0]} (from {value(pair[0]).source}) and {pair[1]} (from {value(pair[1]).source}) exclude "
                "each other.",
                "Only one of them can count.",
                "Leave one of them out.",
            )
    return Inputs(
        consumer_key=parse_text("consumer-key", value("consumer-key"), shown=False),
        consumer_secret=parse_secret("consumer-secret", value("consumer-secret")),
        private_key=parse_private_key("private-key", value("private-key")),
        key_id=parse_text("key-id", value("key-id")),
        grant=parse_choice("grant", value("grant"), GRANTS),
        base_url=parse_url("base-url", value("base-url"), query=False).rstrip("/"),
        token_url=parse_url("token-url", value("token-url"), optional=True),
        issuer=parse_url("issuer", value("issuer"), optional=True, query=False),
        revocation_url=parse_url("revocation-url", value("revocation-url"), optional=True),
        client_auth=parse_choice("client-auth", value("client-auth"), CLIENT_AUTHS),
        refresh_token=parse_secret("refresh-token", value("refresh-token")),
        refresh_token_store=parse_text("refresh-token-store", value("refresh-token-store")),
        code=parse_secret("code", value("code")),
        redirect_uri=parse_text("redirect-uri", value("redirect-uri")),
        code_verifier=parse_secret("code-verifier", value("code-verifier")),
        access_token=parse_secret("access-token", value("access-token")),
        access_token_kind=parse_choice("access-token-kind", value("access-token-kind"), TOKEN_KINDS),
        username=parse_text("username", value("username")),
        password=parse_secret("password", value("password")),
        impersonate=parse_text("impersonate", value("impersonate")),
        token_owner=parse_text("token-owner", value("token-owner")),
        token_permissions=parse_scopes("token-permissions", value("token-permissions")),
        token_expiry_days=parse_count("token-expiry-days", value("token-expiry-days"), at_most=3650),
        token_name=parse_text("token-name", value("token-name")),
        repository=parse_text("repository", value("repository")),
        scope=parse_scopes("scope", value("scope")),
        audience=parse_text("audience", value("audience")),
        resource=parse_uri("resource", value("resource")),
        required_scopes=parse_scopes("required-scopes", value("required-scopes")),
        min_lifetime=parse_seconds("min-lifetime", value("min-lifetime"), at_least=0),
        env_name=parse_env_name("env-name", value("env-name")),
        export_env=parse_flag("export-env", value("export-env")),
        mask_log=parse_flag("mask-log", value("mask-log")),
        ci=parse_choice("ci", value("ci"), ("auto", *ci_names)),
        output_file=parse_text("output-file", value("output-file")),
        channel=parse_text("channel", value("channel")),
        channel_file=parse_text("channel-file", value("channel-file")),
        keep_file=parse_flag("keep-file", value("keep-file")),
        print=parse_choice("print", value("print"), ("", *PRINTS)),
        max_attempts=parse_count("max-attempts", value("max-attempts"), at_most=100),
        timeout=parse_seconds("timeout", value("timeout"), at_least=0.1),
        deadline=parse_seconds("deadline", value("deadline"), at_least=0.1),
        ca_file=parse_text("ca-file", value("ca-file")),
        debug=parse_flag("debug", value("debug")),
    )
