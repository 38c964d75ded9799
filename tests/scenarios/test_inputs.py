"""Bad input: exit 2, the input named, what is allowed, no value of a secret, and nothing sent."""

import os
import time
from itertools import product
from pathlib import Path

import pytest

from tests.program import Outcome, World, run_program

WRONG = (
    # input, value, what is said of it
    ("grant", "password", "Allowed: one of: client_credentials"),
    ("base-url", "http://bitbucket.org", "https://, or http:// to a loopback address"),
    ("base-url", "bitbucket.org", "an address such as https://bitbucket.org"),
    ("base-url", "ftp://bitbucket.org", "https://"),
    ("base-url", "https://key:and@bitbucket.org", "without `user@`"),
    ("base-url", "https://bitbucket.org:port", "an address such as"),
    ("base-url", "https://[::1", "an address such as"),
    ("token-url", "https://", "an address such as"),
    ("token-url", "http://192.0.2.1/token", "loopback"),
    ("token-url", "http://127.0.0.1.example/token", "loopback"),
    ("token-url", "http://localhost.example/token", "loopback"),
    ("token-url", "https://a.example/\r\nX-Injected: 1", "an address such as"),
    ("client-auth", "digest", "basic, basic-raw, basic-encoded, body"),
    ("scope", "account\x7f", "scopes separated by commas or spaces"),
    ("required-scopes", 'a"b', "scopes separated by commas or spaces"),
    ("min-lifetime", "-1", "0 to 86400"),
    ("min-lifetime", "an hour", "0 to 86400"),
    ("env-name", "1TOKEN", "letters, digits and _"),
    ("env-name", "TOKEN\nPATH", "letters, digits and _"),
    ("env-name", "BITBUCKET-TOKEN", "letters, digits and _"),
    ("env-name", "ß", "letters, digits and _"),
    ("env-name", "PATH", "must not be PATH"),
    ("env-name", "LD_PRELOAD", "must not be LD_PRELOAD"),
    ("env-name", "NODE_OPTIONS", "must not be"),
    ("env-name", "GITHUB_TOKEN", "must not be"),
    ("env-name", "GIT_SSH_COMMAND", "must not be"),
    ("env-name", "BASH_ENV", "must not be"),
    ("env-name", "PythonPath", "must not be"),
    ("export-env", "maybe", "`true` or `false`"),
    ("mask-log", "2", "`true` or `false`"),
    ("ci", "hudson", "auto"),
    ("print", "yaml", "raw, json, sh, dotenv"),
    ("max-attempts", "0", "1 to 1000"),
    ("max-attempts", "1e3", "1 to 1000"),
    ("max-attempts", "٣", "1 to 1000"),
    ("timeout", "0", "0.1 to 86400"),
    ("timeout", "nan", "0.1 to 86400"),
    ("deadline", "inf", "0.1 to 86400"),
    ("deadline", "1 s", "0.1 to 86400"),
    ("ca-file", "nowhere.pem", "cannot be read"),
    ("output-file", "a\tb", "control character"),
)


def is_refused(outcome: Outcome, *said: str) -> None:
    """Check that the run ended before anything was done, and what it said."""
    assert outcome.code == 2
    for text in said:
        assert text in outcome.failure
    assert outcome.requests == []
    assert outcome.connects == []
    assert outcome.files == {}


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_a_wrong_value(world: World, name: str, value: str, said: str) -> None:
    """The input is named, and so is what is allowed."""
    variable = "INPUT_" + name.upper()
    outcome = run_program(world, env={**world.consumer, variable: value})

    is_refused(outcome, name, said)
    if name != "ca-file":
        assert variable in outcome.told


@pytest.mark.parametrize("missing", ["CONSUMER_KEY", "CONSUMER_SECRET"])
@pytest.mark.parametrize("empty", [{}, {"INPUT_CONSUMER-KEY": "", "PLUGIN_CONSUMER_SECRET": ""}])
def test_a_missing_input(world: World, missing: str, empty: dict[str, str]) -> None:
    """Empty means not given."""
    outcome = run_program(world, env={**world.consumer, **empty, missing: ""})

    is_refused(outcome, f"{missing.lower().replace('_', '-')} is missing", missing)


@pytest.mark.parametrize("argument", ["--consumer-secret={}", "--consumer-secret {}"])
def test_a_secret_on_the_command_line(world: World, argument: str) -> None:
    """It is refused, and not repeated."""
    secret = world.sandbox.consumer.secret
    outcome = run_program(world, *argument.format(secret).split(), env={"CONSUMER_KEY": "key"})

    is_refused(outcome, "--consumer-secret is not taken from the command line", "CONSUMER_SECRET_FILE")


@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["--{}"],
        ["-k{}"],
        ["--consumer-sceret={}"],
        ["--consumer-sceret", "{}"],
        ["--debug", "{}"],
        ["--max-attempts", "3", "--max-attempts", "{}"],
        ["--env-file", "{}"],
        ["--ca-file", "{}"],
    ],
)
def test_a_secret_in_the_wrong_place_of_the_command_line(world: World, arguments: list[str]) -> None:
    """No error repeats what may be one, even when nothing says that it is a secret."""
    secret = world.sandbox.consumer.secret
    outcome = run_program(world, *[argument.format(secret) for argument in arguments], env={"CONSUMER_KEY": "key"})

    is_refused(outcome)


@pytest.mark.parametrize(
    "name", ["GRANT", "BASE_URL", "ENV_NAME", "MAX_ATTEMPTS", "DEADLINE", "SCOPE", "PRINT", "CA_FILE"]
)
def test_a_secret_in_another_inputs_place(world: World, name: str) -> None:
    """Key and secret are known, so an error that repeats a value cannot show them."""
    outcome = run_program(world, "--scope", 'a"', env={**world.consumer, name: world.sandbox.consumer.secret})

    is_refused(outcome)


@pytest.mark.parametrize(
    "secret", ["a-secret-with\na-line-end", " a-secret-after-space", "a-secret-with\x1b[2Jescape", "a-secret\u2028line"]
)
def test_a_secret_pasted_with_something_around_it(world: World, secret: str) -> None:
    """It is the usual mistake; the message says so without the secret."""
    outcome = run_program(world, env={**world.consumer, "CONSUMER_SECRET": secret}, secrets=[secret.strip()[:12]])

    is_refused(outcome, "consumer-secret", "Copy consumer-secret again")


def test_bytes_that_are_no_utf8(world: World) -> None:
    """In a secret, in a key, in anything else."""
    broken = os.fsdecode(b"a-secret-with-\xff\xfe-bytes")
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "OUTPUT_FILE", "GRANT", "BASE_URL"):
        secrets = ["a-secret-with-"] if name == "CONSUMER_SECRET" else []
        outcome = run_program(world, env={**world.consumer, name: broken}, secrets=secrets)
        assert outcome.code == 2, name
        assert name.lower().replace("_", "-") in outcome.failure
        assert outcome.requests == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"\xff\xfe-not-utf-8", "is not UTF-8 text"),
        (b"a-secret\0with-nul", "control character"),
        (b"x" * 70_000, "is larger than 65536 bytes"),
        (b"a-secret-line\nanother-line\n", "line break"),
    ],
    ids=["missing", "not UTF-8", "NUL", "large", "two lines"],
)
def test_a_secret_file_that_is_none(world: World, content: bytes | None, said: str) -> None:
    """CONSUMER_SECRET_FILE."""
    path = world.home / "secret"
    if content is not None:
        path.write_bytes(content)
    outcome = run_program(world, env={"CONSUMER_KEY": "key", "CONSUMER_SECRET_FILE": str(path)}, secrets=["a-secret"])

    is_refused(outcome, said)


def test_a_folder_in_a_files_place(world: World) -> None:
    """As Docker makes one where a mount's source does not exist."""
    outcome = run_program(world, env={"CONSUMER_KEY": "key", "CONSUMER_SECRET_FILE": str(world.home)})

    is_refused(outcome, "CONSUMER_SECRET_FILE", "Is a directory")


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_a_secret_file_loses_its_last_line_end(world: World, ending: str) -> None:
    """As editors and Docker secrets write it."""
    (world.home / "secret").write_text(world.sandbox.consumer.secret + ending, newline="")
    env = {"CONSUMER_KEY": world.sandbox.consumer.key, "CONSUMER_SECRET_FILE": str(world.home / "secret")}
    assert run_program(world, env={**world.github(), **env}).code == 0


def test_a_file_can_be_a_pipe_that_somebody_writes_to(world: World) -> None:
    """As in `CONSUMER_SECRET_FILE=<(vault read ...)`."""
    pipe = world.runner / "pipe"
    os.mkfifo(pipe)
    env = {"CONSUMER_KEY": world.sandbox.consumer.key, "CONSUMER_SECRET_FILE": str(pipe)}
    outcome = run_program(
        world,
        env={**world.github(), **env},
        during=lambda _process: _write(pipe, world.sandbox.consumer.secret),
    )
    assert outcome.code == 0


def _write(pipe: Path, text: str) -> None:
    """Write as soon as somebody reads; a program that never does must not hold the test."""
    end = time.monotonic() + 20
    while True:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < end, "nobody reads"
            time.sleep(0.02)
        else:
            break
    os.write(descriptor, text.encode())
    os.close(descriptor)


@pytest.mark.parametrize("name", ["CONSUMER_SECRET_FILE", "ENV_FILE", "CONSUMER_KEY_FILE"])
@pytest.mark.parametrize("how", ["variable", "option"])
def test_a_pipe_that_nobody_writes_to_ends_with_the_deadline(world: World, name: str, how: str) -> None:
    """Not with the default one: the deadline counts before any file is read."""
    pipe = world.runner / "pipe"
    os.mkfifo(pipe)
    arguments = ["--deadline", "1"] if how == "option" else []
    outcome = run_program(world, *arguments, env={"INPUT_DEADLINE": "1", name: str(pipe)}, limit=15)

    assert outcome.code == 4
    assert "did not end within its deadline" in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize("name", ["CA_FILE", "SSL_CERT_FILE", "GITHUB_EVENT_PATH"])
def test_nor_does_any_other_file_hold_the_run(world: World, name: str) -> None:
    """Certificates are refused; an event ends with the deadline, and what it was to explain is told without it."""
    pipe = world.runner / "pipe"
    os.mkfifo(pipe)
    env = {**world.github(), "DEADLINE": "1", "GITHUB_EVENT_NAME": "pull_request", "REQUESTS_CA_BUNDLE": ""}
    more = {} if name == "GITHUB_EVENT_PATH" else world.consumer
    outcome = run_program(world, env={**env, **more, name: str(pipe)}, limit=15)

    assert outcome.code == 2
    assert ("consumer-key is missing" in outcome.failure) == (name == "GITHUB_EVENT_PATH")
    assert outcome.requests == []


def test_the_env_file_is_the_weakest_source(world: World) -> None:
    """Command line, INPUT_, PLUGIN_, the name itself, files, and last the env file; but for the aliases."""
    key, secret = world.consumer.values()
    (world.home / "conf").write_text(
        f"CONSUMER_KEY=wrong\nCONSUMER_SECRET='{secret}'\nENV_NAME=FROM_FILE\nGRANT=wrong\n"
    )
    env = {"ENV_FILE": str(world.home / "conf"), "CONSUMER_KEY": key, "GRANT": "client_credentials"}
    env |= {"BITBUCKET_CLIENT_ID": "wrong", "CLIENT_SECRET": "wrong"}
    outcome = run_program(world, env={**world.github(), **env})

    assert outcome.code == 0
    assert "Exported FROM_FILE" in outcome.told


def test_an_env_file_is_taken_literally(world: World) -> None:
    """`$X` in it is no reference, and what it names does not run."""
    secret = "a-$HOME-`id`-${CONSUMER_KEY}-secret"
    (world.home / "conf").write_text(f"CONSUMER_KEY=key\nCONSUMER_SECRET={secret}\n")
    env = {"TOKEN_URL": world.sandbox.rfc_token_url, "CLIENT_AUTH": "body"}
    outcome = run_program(world, "--env-file", str(world.home / "conf"), env=env, secrets=[secret])

    assert outcome.code == 3
    assert outcome.requests[0].form["client_secret"] == secret


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("CLIENT_ID", "CONSUMER_KEY"),
        ("BITBUCKET_CLIENT_ID", "CONSUMER_KEY"),
        ("CONSUMER_KEY", "PLUGIN_CONSUMER_KEY"),
        ("PLUGIN_CONSUMER_KEY", "INPUT_CONSUMER_KEY"),
        ("INPUT_CONSUMER_KEY", "INPUT_CONSUMER-KEY"),
    ],
)
def test_the_stronger_source_counts(world: World, weaker: str, stronger: str) -> None:
    """In the order of the documentation."""
    key, secret = world.consumer.values()
    env = {**world.github(), "CONSUMER_SECRET": secret, weaker: "wrong", stronger: key}
    assert run_program(world, env=env).code == 0


AZURE = {"CLIENT_ID": "0000-azure-client-id", "CLIENT_SECRET": "azure-secret-of-another-service"}


@pytest.mark.parametrize("ours", ["CONSUMER_KEY", "CONSUMER_SECRET"])
@pytest.mark.parametrize("system", ["github", "none"])
def test_another_services_secret_does_not_stand_in_for_ours(world: World, ours: str, system: str) -> None:
    """The other half is missing or misspelt. Nothing is sent, and it is told what was there."""
    env = {ours: world.consumer[ours], **AZURE, "INPUT_CI": system}
    env |= world.github() if system == "github" else {}
    outcome = run_program(world, env=env, secrets=[AZURE["CLIENT_SECRET"]])

    missing = "consumer-secret" if ours == "CONSUMER_KEY" else "consumer-key"
    other = "CLIENT_SECRET" if ours == "CONSUMER_KEY" else "CLIENT_ID"
    assert outcome.code == 2
    assert f"{missing} is missing. {other} is set, but not taken: " in outcome.failure
    assert f"the other one is from {ours}" in outcome.failure
    assert (outcome.requests, outcome.connects) == ([], [])


def test_an_action_sends_no_other_services_secret(world: World) -> None:
    """A runner sets both inputs to nothing where the secrets of the workflow are misspelt."""
    env = {**world.github(), "INPUT_CONSUMER-KEY": "", "INPUT_CONSUMER-SECRET": "", **AZURE}
    outcome = run_program(world, env=env, secrets=[AZURE["CLIENT_SECRET"]])

    assert outcome.code == 2
    assert "consumer-key is missing. CLIENT_ID is set, but not read in an action" in outcome.failure
    assert (outcome.requests, outcome.connects) == ([], [])


@pytest.mark.parametrize("pair", ["BITBUCKET_CLIENT", "CLIENT"])
def test_an_alias_is_named_before_anything_is_sent(world: World, pair: str) -> None:
    """Whose variables these are can be seen in the log; names of this program's own are not worth a line."""
    key, secret = world.consumer.values()
    outcome = run_program(world, env={f"{pair}_ID": key, f"{pair}_SECRET": secret})

    assert outcome.code == 0
    said = (
        f"consumer-key is from {pair}_ID and consumer-secret is from {pair}_SECRET.\nAsking bitbucket.org for a token"
    )
    assert said in outcome.shown
    assert " is from " not in run_program(world, env=world.consumer).shown


def test_a_refusal_says_where_key_and_secret_are_from(world: World) -> None:
    """One of them is often another than its owner thinks."""
    (world.home / "secret").write_text("not-the-secret-of-this-consumer\n")
    env = {**world.github(), "INPUT_CONSUMER-KEY": "a-key", "CONSUMER_SECRET_FILE": str(world.home / "secret")}
    outcome = run_program(world, env=env, secrets=["not-the-secret-of-this-consumer"])

    assert outcome.code == 3
    said = "consumer-key is from INPUT_CONSUMER-KEY and consumer-secret is from CONSUMER_SECRET_FILE."
    assert said in outcome.failure
    assert said.replace("_", "\\_") in outcome.files["runner/summary"] or said in outcome.files["runner/summary"]


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("name", ["CONSUMER_KEY", "CONSUMER_SECRET"])
def test_a_refusal_says_that_a_value_has_quotes_around_it(world: World, name: str, quote: str) -> None:
    """As `KEY="value"` in a field of a web page leaves them. A secret may really have some, so it is tried first."""
    value = f"{quote}{world.consumer[name]}{quote}"
    outcome = run_program(world, env={**world.consumer, name: value}, secrets=[value])

    assert outcome.code == 3
    assert len(outcome.requests) == 1
    told = [f"consumer-{half} begins and ends with a quote." in outcome.failure for half in ("key", "secret")]
    assert told == [name == "CONSUMER_KEY", name == "CONSUMER_SECRET"]


@pytest.mark.parametrize("character", ["\ufeff", "\u200b", "\u2060", "\u00ad"])
@pytest.mark.parametrize("name", ["CONSUMER_KEY", "CONSUMER_SECRET"])
def test_an_invisible_character_in_key_or_secret(world: World, name: str, character: str) -> None:
    """It is named before anything is sent, and told apart from a wrong secret."""
    value = character + world.consumer[name]
    outcome = run_program(world, env={**world.consumer, name: value}, secrets=[value])

    is_refused(outcome, f"{name.lower().replace('_', '-')} (from {name}) holds an invisible character")


def test_a_secret_file_may_begin_with_a_byte_order_mark(world: World) -> None:
    """As Notepad and PowerShell write it."""
    (world.home / "secret").write_text(f"\ufeff{world.sandbox.consumer.secret}\r\n", newline="")
    env = {"CONSUMER_KEY": world.sandbox.consumer.key, "CONSUMER_SECRET_FILE": str(world.home / "secret")}

    assert run_program(world, env=env).code == 0


@pytest.mark.parametrize("grant", ["access_token", "http_access_token"])
@pytest.mark.parametrize("token", ["tok\u20acn-of-a-euro", "a token with spaces", "gro\u00dfer-token"])
def test_a_token_that_no_header_carries(world: World, grant: str, token: str) -> None:
    """Exit 2, and not a proxy's fault."""
    env = {"GRANT": grant, "ACCESS_TOKEN": token, "TOKEN_NAME": "a-name"}
    env |= {"BASE_URL": world.sandbox.data_center_url} if grant == "http_access_token" else {}
    outcome = run_program(world, env=env, secrets=[token])

    is_refused(outcome, "access-token holds spaces, or letters that no token has")


def test_a_scheme_in_capitals_is_the_same_scheme(world: World) -> None:
    """Also where it is examined."""
    outcome = run_program(world, "check", env={**world.consumer, "BASE_URL": "HTTPS://bitbucket.org"})

    assert outcome.code == 0
    assert "\N{HEAVY CHECK MARK} tls: bitbucket.org by TLSv1" in outcome.shown


def test_a_flag_takes_no_word_of_a_verb_for_its_value(world: World) -> None:
    """`api --debug /user` asks for /user."""
    env = {"BITBUCKET_ACCESS_TOKEN": world.sandbox.mint_token().value}
    outcome = run_program(world, "api", "--debug", "/user", env=env)

    assert outcome.code == 0
    assert outcome.requests[-1].path == "/2.0/user"


def test_the_summary_can_be_turned_off_in_an_env_file(world: World) -> None:
    """That is read later than the rest."""
    (world.home / "conf").write_text("SUMMARY=no\n")
    env = {**world.github(), **world.consumer, "ENV_FILE": str(world.home / "conf")}

    assert "runner/summary" not in run_program(world, env=env).files


@pytest.mark.parametrize("how", ["variable", "option"])
@pytest.mark.parametrize("wrong", [{}, {"GRANT": "wrong"}, {"CONSUMER_SECRET": ""}])
def test_the_summary_can_be_turned_off(world: World, how: str, wrong: dict[str, str]) -> None:
    """Also that of a failure, whatever the inputs lack; all else is as ever."""
    arguments = ["--summary", "false"] if how == "option" else []
    env = {**world.github(), **world.consumer, **wrong, "INPUT_SUMMARY": "false" if how == "variable" else ""}
    outcome = run_program(world, *arguments, env=env)

    assert outcome.code == (2 if wrong else 0)
    assert "runner/summary" not in outcome.files
    assert ("::error title=" in outcome.out) is bool(wrong)


def test_the_summary_of_nobody_is_a_wish(world: World) -> None:
    """GITHUB_STEP_SUMMARY=/dev/null is not worth a warning."""
    outcome = run_program(world, env={**world.github(), **world.consumer, "GITHUB_STEP_SUMMARY": os.devnull})

    assert outcome.code == 0
    assert "arning" not in outcome.shown + outcome.told
    assert "runner/summary" not in outcome.files


def test_the_command_line_is_the_strongest(world: World) -> None:
    """Also with `=`."""
    env = {**world.github(), **world.consumer, "INPUT_CONSUMER-KEY": "wrong"}
    assert run_program(world, f"--consumer-key={world.sandbox.consumer.key}", env=env).code == 0


def test_a_working_directory_that_is_gone(world: World, tmp_path: Path) -> None:
    """Exit 2, and not a traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD"; exec "$@"'
    outcome = run_program(world, env=world.consumer, cwd=gone, prefix=["sh", "-c", script, "sh"])

    assert outcome.code == 2
    assert "The working directory does not exist" in outcome.told


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_needs_nothing(world: World, argument: str) -> None:
    """It asks nobody, and ends with 0."""
    outcome = run_program(world, argument)

    assert outcome.code == 0
    assert outcome.out
    assert outcome.told == ""
    assert outcome.requests == []


def test_help_names_every_input(world: World) -> None:
    """And says of the secret that it is not for the command line."""
    help_text = run_program(world, "--help").out
    assert "CONSUMER_SECRET (environment only)" in help_text
    assert all(f"--{name}" in help_text for name in {name for name, _, _ in WRONG})


def test_debug_shows_more_and_still_no_secret(world: World) -> None:
    """In each of its spellings; a traceback is redacted like all else."""
    for more in ({"DEBUG": "true"}, {"RUNNER_DEBUG": "1"}, {"SYSTEM_DEBUG": "true"}):
        env = {**world.consumer, "GRANT": world.sandbox.consumer.secret, **more}
        outcome = run_program(world, env=env)
        assert outcome.code == 2
        if "DEBUG" not in more:  # Read after the grant.
            assert "debug: Traceback" in outcome.told


def test_it_needs_no_utf8_terminal(world: World) -> None:
    """A message is shown in every encoding, with what that cannot show written otherwise."""
    outcome = run_program(world, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, isolated=False)

    assert outcome.code == 2
    assert "consumer-key is missing" in outcome.told


@pytest.mark.parametrize("arguments", [["--wrong"], ["--consumer-secret=x"], ["--timeout"]])
def test_a_wrong_command_line_is_told_the_way_of_the_system(world: World, arguments: list[str]) -> None:
    """On GitHub as an annotation and a summary."""
    outcome = run_program(world, *arguments, env={**world.github(), **world.consumer})

    assert outcome.code == 2
    assert (outcome.shown + outcome.told).startswith("::error title=Bitbucket token%3A Wrong input::")
    assert set(outcome.files) == {"runner/summary"}


# Which secrets a run has depends on the grant.
GRANT_OF = {
    "CONSUMER_SECRET": "client_credentials",
    "PRIVATE_KEY": "http_access_token",
    "REFRESH_TOKEN": "refresh_token",
    "CODE": "authorization_code",
    "ACCESS_TOKEN": "access_token",
    "PASSWORD": "http_access_token",
}


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        ("CONSUMER_SECRET", "GRANT"),
        *product(GRANT_OF, ["CLIENT_AUTH", "MAX_ATTEMPTS", "TIMEOUT", "REVOKE", "ENV_NAME", "INPUT_CI"]),
    ],
)
def test_a_secret_in_another_inputs_place_is_not_repeated(world: World, secret: str, wrong: str) -> None:
    """Secrets are hidden before anything is checked. This one is so short that a wrong value would be shown."""
    value = "Sparrow-Piano-42"
    env = {**world.consumer, "GRANT": GRANT_OF[secret], secret: value, wrong: value}
    outcome = run_program(world, env=env, secrets=[value])

    assert outcome.code == 2
    assert value not in outcome.out + outcome.err
