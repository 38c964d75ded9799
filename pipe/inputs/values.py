"""How the text of one input becomes a checked value. Every error names the input and what is allowed."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from pipe.errors import InputError
from pipe.redaction.log import LONGEST
from pipe.redaction.secret import Secret

DEFAULT = "its default"
"""The source of a value that nobody gave."""

ANYONE: Literal["anyone"] = "anyone"

Reader = int | Literal["anyone"] | None
"""Who reads a file beside root: the user of that id, or whoever gets as far as its directory; None is its owner."""

LONGEST_SECONDS = 86_400
"""A day: no pipeline step lives longer, and no wait should."""

# Surrogates stand for bytes of the environment that are not UTF-8.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LONGEST_NAME = 128
# As `urlsplit` gives it: a name of labels that are not empty, or an address in either protocol.
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f.]*:[0-9a-f:.]*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")
# The one above is chown(2)'s word for "leave it as it is".
_HIGHEST_UID = 2**32 - 2
# What CI systems leave of a variable that they do not know: $NAME, ${NAME}, $(NAME), ${{ NAME }}.
_UNREPLACED = re.compile(r"\$(?:[A-Z_][A-Z0-9_]*|\{[A-Z_][A-Z0-9_]*\}|\([A-Za-z_][\w.]*\)|\{\{[^{}]*\}\})", re.ASCII)
_LONGEST_SHOWN = 24
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


class Given(NamedTuple):
    """The text that somebody gave an input, and from where: shown to the user, so never the text of a secret."""

    text: str
    source: str
    passed_over: str = ""
    """If `text` is empty: what else was found for this input, and why that does not count, in a sentence."""

    def __repr__(self) -> str:
        return f"Given(***, {self.source!r})"

    def origin(self) -> "Origin":
        """What a person may be told of this."""
        text = self.text
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return Origin(self.source, quoted, self.passed_over)


class Origin(NamedTuple):
    """What a person may be told of what an input was given: nothing of its text."""

    source: str = ""
    """The option, variable or file that gave it; empty if nothing did."""
    quoted: bool = False
    """Whether it begins and ends with the same quote: a shell or YAML takes those away, and a store of secrets none."""
    passed_over: str = ""
    """What else was found for it, and why that does not count, in a sentence."""


def parse_text(name: str, given: Given, *, shown: bool = True) -> str:
    """Return the text, which must hold no control characters and no white space around it."""
    text = given.text
    if _CONTROL.search(text) or text != text.strip():
        raise InputError(
            f"{name} (from {given.source}) holds a line break, a control character, or white space around it.",
            "It was probably pasted with a line break or a space too many.",
            f"Set {name} again, without anything around it."
            if shown
            else f"Copy {name} again from Bitbucket, without anything around it.",
        )
    if not shown and _holds_format_characters(text):
        raise InputError(
            f"{name} (from {given.source}) holds an invisible character, such as a zero-width space or a byte order "
            "mark.",
            "It was copied from a web page, a document or a chat, which put that into the text.",
            f"Copy {name} again from where it was made, or type it into the store of secrets by hand.",
        )
    if not shown and _UNREPLACED.fullmatch(text):
        raise InputError(
            f"{name} (from {given.source}) is the name of a variable instead of its value.",
            "The pipeline's secret is not defined here, or misspelt, and the CI handed on what it could not replace.",
            f"Check the name, and that the secret may be used in this pipeline; then set {name} from it.",
        )
    return text


def _holds_format_characters(text: str) -> bool:
    """Whether a character of Unicode's category Cf is in it: a person sees the text without it, and a server does not.

    It is looked up one by one in the table of Unicode only if the text is none of ASCII, and few secrets are.
    """
    if text.isascii():
        return False
    from unicodedata import category  # noqa: PLC0415 - see above

    return any(category(character) == "Cf" for character in text)


def parse_secret(name: str, given: Given) -> Secret:
    """Return the text as a secret, checked like any other text and never shown."""
    return Secret(parse_text(name, given, shown=False))


def parse_choice(name: str, given: Given, choices: Sequence[str]) -> str:
    """Return one of `choices`."""
    if given.text not in choices:
        allowed = ", ".join(choice for choice in choices if choice)
        raise _wrong(name, given, "is not one of the known values", f"one of: {allowed}")
    return given.text


def parse_flag(name: str, given: Given) -> bool:
    """Return true or false, in the spellings that people use in YAML."""
    if not given.text or not (says_yes(given.text) or says_no(given.text)):
        raise _wrong(name, given, "is neither true nor false", "`true` or `false`")
    return says_yes(given.text)


def says_no(text: str) -> bool:
    """Whether `text` is a spelling of false, or nothing: for inputs that are a flag or a name."""
    return text.lower() in ("", *_FALSE)


def says_yes(text: str) -> bool:
    """Whether `text` is a spelling of true."""
    return text.lower() in _TRUE


def parse_seconds(name: str, given: Given, *, at_least: float) -> float:
    """Return a number of seconds."""
    try:
        seconds = float(given.text)
    except ValueError:
        seconds = math.nan
    if not at_least <= seconds <= LONGEST_SECONDS:
        raise _wrong(name, given, "is not a number of seconds in range", f"{at_least:g} to {LONGEST_SECONDS}")
    return seconds


def parse_bound(name: str, given: Given, *, at_most: int) -> int | None:
    """Return a count as `parse_count` does, or None for an empty text: there is no bound."""
    return parse_count(name, given, at_most=at_most) if given.text else None


def parse_count(name: str, given: Given, *, at_most: int) -> int:
    """Return a whole number from 1 on."""
    text = given.text
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= at_most):
        raise _wrong(name, given, "is not a whole number in range", f"1 to {at_most}")
    return int(text)


def parse_reader(name: str, given: Given) -> Reader:
    """Return the id of a user, `anyone`, or None for an empty text. A name of a user may be another one's elsewhere."""
    text = given.text
    if text in ("", ANYONE):
        return ANYONE if text else None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_HIGHEST_UID)) and int(text) <= _HIGHEST_UID):
        allowed = f"the number that `id -u` shows in the step that loads the env file, or `{ANYONE}`"
        raise _wrong(name, given, "is no user id", allowed)
    return int(text)


def parse_scopes(name: str, given: Given) -> tuple[str, ...]:
    """Return the scopes, each once, in the order given."""
    try:
        return split_scopes(given.text)
    except ValueError:
        raise _wrong(
            name, given, "holds characters that no scope has", "scopes separated by commas or spaces"
        ) from None


def parse_env_name(name: str, given: Given) -> str:
    """Return the name of a variable that may be exported without changing how other programs run."""
    text = given.text
    if not _ENV_NAME.fullmatch(text) or len(text) > _LONGEST_NAME:
        raise _wrong(
            name, given, "is no name of a variable", f"letters, digits and _, no digit first, at most {_LONGEST_NAME}"
        )
    if is_reserved(text):
        raise InputError(
            f"{name} (from {given.source}) must not be {text}.",
            "That variable changes how programs run, or belongs to the CI system.",
            "Choose another name, for instance BITBUCKET_ACCESS_TOKEN.",
        )
    return text


def parse_url(name: str, given: Given, *, optional: bool = False, query: bool = True) -> str:
    """Return an https URL, or an http one of a loopback address: a secret goes over no open wire.

    Without `query`, for a URL that a path is appended to, it must have none.
    """
    text = given.text
    if optional and not text:
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not _HOST.fullmatch(host) or not text.isascii() or not text.isprintable() or set(text) & set(' "<>\\^`{|}'):
        raise _wrong(name, given, "is no URL", "an address such as https://bitbucket.org", shown=False)
    if "@" in parts.netloc or "#" in text:
        raise _wrong(name, given, "holds credentials or a fragment", "an address without `user@` and `#`", shown=False)
    if "?" in text and not query:
        raise _wrong(name, given, "holds a query", "an address without `?`", shown=False)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        # A scheme is compared in lower case (RFC 3986 section 3.1). The rest stays: of an issuer, each letter counts.
        return parts.scheme + text[len(parts.scheme) :]
    raise _wrong(name, given, "is not https", "https://, or http:// to a loopback address", shown=False)


def parse_uri(name: str, given: Given) -> str:
    """Return an absolute URI without a fragment (RFC 3986 section 4.3), or nothing. It only names something."""
    text = given.text
    if text and not _URI.fullmatch(text):
        raise _wrong(name, given, "is no absolute URI", "such as https://api.example.com, without `#`", shown=False)
    return text


def is_loopback(host: str) -> bool:
    """Whether `host`, as `urlsplit` gives it, is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host in ("localhost", "::1"):
        return True
    numbers = host.split(".")
    return (
        len(numbers) == 4
        and numbers[0] == "127"
        and all(re.fullmatch(r"[0-9]{1,3}", number) and int(number) <= 255 for number in numbers)
    )


def _wrong(name: str, given: Given, what: str, allowed: str, *, shown: bool = True) -> InputError:
    # A long value is none of the known ones, and could be a secret in the wrong place. No part of it may be shown.
    value = f" '{given.text}'" if shown and 0 < len(given.text) <= _LONGEST_SHOWN else ""
    return InputError(
        f"{name}{value} (from {given.source}) {what}.",
        "The value is misspelt, or an unrelated variable has the same name.",
        f"Allowed: {allowed}.",
    )


_NAMES = frozenset(
    """
    _ PATH HOME USER LOGNAME SHELL PWD OLDPWD IFS ENV TERM TMPDIR TMP TEMP LANG LANGUAGE TZ TZDIR CI EDITOR VISUAL PAGER
    SHELLOPTS PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 CDPATH GLOBIGNORE EUID UID PPID RANDOM SECONDS
    LINENO HISTFILE HISTCMD OPTARG OPTERR OPTIND REPLY POSIXLY_CORRECT ZDOTDIR FPATH COMP_WORDBREAKS DIRSTACK SHLVL
    EPOCHREALTIME EPOCHSECONDS FUNCNAME GROUPS HOSTNAME HOSTTYPE MACHTYPE OSTYPE PIPESTATUS SRANDOM
    NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED CLASSPATH JAVA_HOME JAVA_OPTS
    JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS MAVEN_OPTS GRADLE_OPTS GOFLAGS GOPATH GOPROXY GOROOT RUSTFLAGS
    RUSTC_WRAPPER CARGO_HOME RUBYOPT RUBYLIB GEM_HOME GEM_PATH PERL5LIB PERL5OPT PERLLIB PHPRC PHP_INI_SCAN_DIR
    LUA_PATH LUA_CPATH MAKEFLAGS MFLAGS MAKEFILES CC CXX LD CFLAGS CXXFLAGS LDFLAGS VIRTUAL_ENV CONDA_PREFIX
    HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    CURL_HOME SSLKEYLOGFILE OPENSSL_CONF OPENSSL_MODULES NETRC AWS_CA_BUNDLE HOSTALIASES RES_OPTIONS LOCALDOMAIN
    GCONV_PATH LOCPATH NLSPATH MALLOC_TRACE RESOLV_HOST_CONF SUDO_ASKPASS SSH_ASKPASS SSH_AUTH_SOCK LESSOPEN
    LESSCLOSE DOCKER_HOST DOCKER_CONFIG KUBECONFIG TF_BUILD
    """.split()
)

_STARTS = tuple(
    """
    LD_ DYLD_ BASH PYTHON GIT_ GITHUB_ GITEA_ FORGEJO_ RUNNER_ ACTIONS_ INPUT_ STATE_ PLUGIN_ NPM_CONFIG_ PIP_
    LC_ __
    """.split()
)


def is_reserved(name: str) -> bool:
    """Whether a token must not go to the variable `name`; its case does not count, as for proxies and npm."""
    return name.upper() in _NAMES or name.upper().startswith(_STARTS)


_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def split_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes in `text`, separated by spaces or commas, each once; `ValueError` if one cannot be a scope."""
    scopes = text.replace(",", " ").split()
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise ValueError("not a scope")
    return tuple(dict.fromkeys(scopes))


def format_scopes(scopes: Iterable[str]) -> str:
    """Return `scopes` for a person, as many as fit; none is cut, for a part of a secret would not be known as one."""
    text = " ".join(scopes) or "none"
    return text if len(text) <= LONGEST else text[: LONGEST - 3].rpartition(" ")[0] + "..."
