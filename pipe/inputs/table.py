"""THE table of inputs. action.yml, bitbucket-pipe.yml, --help, the README and the parser all follow from it."""

from typing import NamedTuple


class Input(NamedTuple):
    """One input: its name in kebab case, what it means to a user, and how it is read."""

    name: str
    meaning: str
    default: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other environment variables that give it, weaker than its own."""
    secret: bool = False
    flag: bool = False
    own_variable: bool = True
    """Whether the bare upper-case name gives it too. `CI` does not: every CI sets that to something else."""
    grants: tuple[str, ...] = ()
    """The grants that use it, where not all do; for the others, its bare name belongs to somebody else's variable."""
    client_auths: tuple[str, ...] = ()
    """The values of `client-auth` that use it, beside `grants`."""
    names_server: bool = False
    """Whether it decides who gets the secrets. Where a runner declares the input, even as empty, only that counts: an
    `ISSUER` or `TOKEN_URL` that a job has for something else must not send them there."""

    @property
    def variable(self) -> str:
        """The environment variable of this input, for instance `CONSUMER_KEY`."""
        return self.name.upper().replace("-", "_")


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
        "The OAuth consumer's secret, given by the same pair of names as the key.",
        aliases=("BITBUCKET_CLIENT_SECRET", "CLIENT_SECRET"),
        secret=True,
    ),
    Input(
        "private-key",
        "An RSA private key, a PEM file without a passphrase, whose public key the server knows. Base64 of the file "
        "will do, and so will what stands between its first and its last line.",
        secret=True,
        grants=_DATA_CENTER,
        client_auths=("private_key_jwt",),
    ),
    Input(
        "key-id",
        "The `kid` by which the server knows the key, if it asks for one.",
        client_auths=("private_key_jwt",),
    ),
    Input("grant", "How to get the token.", default="client_credentials", choices=GRANTS),
    Input("base-url", "The Bitbucket to ask. A Data Center's address keeps its context path.", default=CLOUD),
    Input(
        "token-url",
        "The token endpoint of any other OAuth 2.0 server; otherwise it follows from `base-url`.",
        names_server=True,
    ),
    Input(
        "issuer",
        "An OAuth 2.0 server that describes itself (RFC 8414 or OpenID Connect Discovery), instead of `token-url`.",
        grants=OAUTH_GRANTS,
        names_server=True,
    ),
    Input(
        "revocation-url",
        "Where `revoke` gives a token back (RFC 7009); a server that `issuer` names says it itself.",
        names_server=True,
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
        "verify",
        "`WORKSPACE` or `WORKSPACE/REPOSITORY` (Data Center: `PROJECT`, `PROJECT/REPOSITORY`) that the token has to be "
        "good for, or `true` for the repository that a step of Bitbucket Pipelines runs for; else fail (exit 6).",
        default="false",
    ),
    Input(
        "configure-git",
        "Let plain `git` in later steps reach Bitbucket over https with the token, and no other host.",
        default="false",
        flag=True,
    ),
    Input(
        "git-identity",
        "Who commits, as `Name <address>`; with `configure-git`, and stronger than the settings of a repository.",
    ),
    Input(
        "revoke",
        "`false`: do not give the token back at the end of the job.",
        default="true",
        flag=True,
    ),
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
        "env-file-reader",
        "Who loads the env file, if that is another user than the owner of the clone directory: a user id, as `id -u` "
        "shows it there; or `anyone` whom the directory lets in, which then must not let in all.",
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
    Input(
        "summary",
        "`false`: add nothing to the page that the CI system shows of a run, where it has one.",
        default="true",
        flag=True,
    ),
    Input("max-attempts", "How often one request is tried at most; empty: as often as the deadline allows."),
    Input("timeout", "Seconds to connect, and seconds between two bytes.", default="10"),
    Input("deadline", "Seconds for the whole run, waits included. It always holds.", default="120"),
    Input(
        "ca-file",
        "A PEM bundle to trust; else `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`, `CURL_CA_BUNDLE`; else the bundled roots, "
        "and what `NODE_EXTRA_CA_CERTS` adds to them.",
    ),
    Input("debug", "More lines, still without a secret in any of them.", default="false", flag=True),
)

EXCLUSIVE = (
    ("print", "output-file"),
    ("print", "channel"),
    ("print", "env-file-reader"),
    ("token-url", "base-url"),
    ("issuer", "token-url"),
    ("issuer", "base-url"),
)
"""Pairs of inputs that say different things: where the token goes, or whom to ask."""

BY_NAME = {declared.name: declared for declared in TABLE}
