"""The checked values of one run: what was given for each input of the table, of its type and within its bounds.

A private key, which people store in many forms, is put into the one that OpenSSL reads.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple

from pipe.errors import InputError, MissingInputError
from pipe.inputs.table import BY_NAME, CLIENT_AUTHS, EXCLUSIVE, GRANTS, PRINTS, TOKEN_KINDS
from pipe.inputs.values import (
    DEFAULT,
    Given,
    Origin,
    Reader,
    parse_bound,
    parse_choice,
    parse_count,
    parse_env_name,
    parse_flag,
    parse_reader,
    parse_scopes,
    parse_seconds,
    parse_secret,
    parse_text,
    parse_uri,
    parse_url,
)
from pipe.redaction.secret import Secret

# Text before and after it is none of the key: openssl pkcs12 puts "Bag Attributes" there, and certificates.
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_PEM_LINE = 64
_LINE_END = re.compile(r"\\r|\\n")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")

# How the DER of a key begins: a sequence, with a length of two bytes for any usable size, which has the version 0, and
# then a sequence that names the algorithm (PKCS#8, RFC 5208 section 5), or the first number of the key itself (PKCS#1,
# RFC 8017 appendix A.1.2).
_DER = re.compile(rb"\x30\x82..\x02\x01\x00([\x30\x02])", re.DOTALL)
_KINDS = {b"\x30": "PRIVATE KEY", b"\x02": "RSA PRIVATE KEY"}

# In each of the two, one character at least that git does not take off its ends (ident.c, `crud`).
_IDENTITY = re.compile(r"([^<>]*[^<>\s.,:;\"\\'][^<>]*)<([^<>\s]*[^<>\s.,:;\"\\'][^<>\s]*)>")


class Identity(NamedTuple):
    """Who makes a commit, as git writes it: `Name <address>`. git takes any address."""

    name: str
    address: str


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
    verify: str
    configure_git: bool
    git_identity: Identity | None
    revoke: bool
    env_name: str
    export_env: bool
    mask_log: bool
    ci: str
    output_file: str
    env_file_reader: Reader
    channel: str
    channel_file: str
    keep_file: bool
    print: str
    summary: bool
    max_attempts: int | None
    timeout: float
    deadline: float
    ca_file: str
    debug: bool
    key_as_given: Secret
    """The text that `private_key` was made from, which is masked as well."""
    origins: Mapping[str, Origin]
    """What may be told of each input that was given, or of what was found for it and does not count, by its name."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret among the inputs that was given."""
        return tuple(value for value in self if isinstance(value, Secret) and value)

    def require(self, name: str) -> None:
        """Raise `MissingInputError` unless the input called `name` was given."""
        if not getattr(self, name.replace("-", "_")):
            raise MissingInputError(name, BY_NAME[name].variable, self.origins.get(name, Origin()).passed_over)

    def sources(self) -> dict[str, str]:
        """Return from where each input comes that somebody gave, by its name."""
        return {name: origin.source for name, origin in self.origins.items() if origin.source not in ("", DEFAULT)}

    def told_origins(self, *names: str) -> str:
        """Return sentences for a person whose server refuses the inputs called `names`: where each of them comes from.

        A quote around one is told too, for the server gets it as a part of the value.
        """
        found = [(name, self.origins[name]) for name in names if name in self.origins]
        told = [f"{name} is from {origin.source}" for name, origin in found if origin.source]
        quoted = [f" {name} begins and ends with a quote." for name, origin in found if origin.quoted]
        return (f"{' and '.join(told)}." if told else "") + "".join(quoted)

    def refuse_other_servers(self, what: str, why: str, now: str) -> None:
        """Raise `InputError` if `token-url` or `issuer` names an OAuth 2.0 server that is no Bitbucket, for `what`."""
        if self.token_url or self.issuer:
            raise InputError(f"{'token-url' if self.token_url else 'issuer'} cannot be used with {what}.", why, now)


def checked_inputs(given: Mapping[str, Given], ci_names: tuple[str, ...]) -> Inputs:
    """Turn what was given into checked values; `InputError` names the first input that is wrong."""

    def value(name: str) -> Given:
        return given.get(name) or Given(BY_NAME[name].default, DEFAULT)

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
        verify=parse_text("verify", value("verify")),
        configure_git=parse_flag("configure-git", value("configure-git")),
        git_identity=parse_identity("git-identity", value("git-identity")),
        revoke=parse_flag("revoke", value("revoke")),
        env_name=parse_env_name("env-name", value("env-name")),
        export_env=parse_flag("export-env", value("export-env")),
        mask_log=parse_flag("mask-log", value("mask-log")),
        ci=parse_choice("ci", value("ci"), ("auto", *ci_names)),
        output_file=parse_text("output-file", value("output-file")),
        env_file_reader=parse_reader("env-file-reader", value("env-file-reader")),
        channel=parse_text("channel", value("channel")),
        channel_file=parse_text("channel-file", value("channel-file")),
        keep_file=parse_flag("keep-file", value("keep-file")),
        print=parse_choice("print", value("print"), ("", *PRINTS)),
        summary=parse_flag("summary", value("summary")),
        max_attempts=parse_bound("max-attempts", value("max-attempts"), at_most=1000),
        timeout=parse_seconds("timeout", value("timeout"), at_least=0.1),
        deadline=parse_seconds("deadline", value("deadline"), at_least=0.1),
        ca_file=parse_text("ca-file", value("ca-file")),
        debug=parse_flag("debug", value("debug")),
        key_as_given=Secret("\n".join(value("private-key").text.splitlines())),
        origins={name: found.origin() for name, found in given.items()},
    )


def parse_private_key(name: str, given: Given) -> Secret:
    """Return a private key as a PEM file with line ends as they should be.

    Stores of secrets turn line ends into spaces, and people write a backslash and an n for them; both are undone. A
    store that takes one line only is given base64 of the file, or what stands between its first and its last line.
    Raises `InputError` for anything else, without a word of it.
    """
    if not given.text:
        return Secret("")
    now = f"Give {name} the whole PEM file of an RSA key without a passphrase: openssl genrsa 2048"
    kind, body = _taken_apart(given.text)
    if kind == "ENCRYPTED PRIVATE KEY" or "ENCRYPTED" in body:
        raise InputError(
            f"{name} (from {given.source}) has a passphrase.",
            "A pipeline cannot be asked for one; what protects the key here is the store of secrets.",
            f"Remove it (openssl pkey -in key.pem -out open.pem), and store the result as {name}.",
        )
    if kind in ("EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"):
        raise InputError(
            f"{name} (from {given.source}) is of a kind that cannot be used here ({kind}).",
            "It was made for SSH, or by another algorithm than RSA.",
            now,
        )
    if kind not in _KINDS.values() or not _BASE64.fullmatch(body):
        raise InputError(
            f"{name} (from {given.source}) holds no private key in PEM form.",
            "It is cut off or damaged, or another file: the public key, a certificate, or a path instead of the file.",
            now,
        )
    lines = [body[start : start + _PEM_LINE] for start in range(0, len(body), _PEM_LINE)]
    return Secret("\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]))


def _taken_apart(text: str) -> tuple[str, str]:
    """The kind of the key in `text`, and its base64 on one line; two empty texts if there is none."""
    text = _LINE_END.sub("\n", text)
    if found := _PEM.search(text):
        return found[1], "".join(found[2].split())
    body = "".join(text.split())
    data = _decoded(body)
    if found := _PEM.search(_LINE_END.sub("\n", data.decode("latin-1"))):
        return found[1], "".join(found[2].split())
    der = _DER.match(data)
    return (_KINDS[der[1]], body) if der else ("", "")


def _decoded(body: str) -> bytes:
    """What `body` is the base64 of; nothing if it is none."""
    try:
        return b64decode(body, validate=True)
    except ValueError:
        return b""


def parse_identity(name: str, given: Given) -> Identity | None:
    """Return the name and the address of `Name <address>`, or None for an empty text."""
    text = parse_text(name, given)
    if not text:
        return None
    found = _IDENTITY.fullmatch(text)
    if found is None:
        raise InputError(
            f"{name} (from {given.source}) is not of the form `Name <address>`.",
            "The angle brackets or one of the two are missing, or there is more than one address.",
            f"Set {name} as in: Release bot <bot@example.com>",
        )
    return Identity(found[1].strip(), found[2])
