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
    """Command line, INPUT_, PLUGIN_, the name itself, aliases, files, and last the env file."""
    key, secret = world.consumer.values()
    (world.home / "conf").write_text(
        f"CONSUMER_KEY=wrong\nCONSUMER_SECRET='{secret}'\nENV_NAME=FROM_FILE\nGRANT=wrong\n"
    )
    env = {"ENV_FILE": str(world.home / "conf"), "BITBUCKET_CLIENT_ID": key, "GRANT": "client_credentials"}
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
        ("CLIENT_ID", "BITBUCKET_CLIENT_ID"),
        ("BITBUCKET_CLIENT_ID", "CONSUMER_KEY"),
        ("CONSUMER_KEY", "PLUGIN_CONSUMER_KEY"),
        ("PLUGIN_CONSUMER_KEY", "INPUT_CONSUMER_KEY"),
        ("INPUT_CONSUMER_KEY", "INPUT_CONSUMER-KEY"),
    ],
)
def test_the_stronger_source_counts(world: World, weaker: str, stronger: str) -> None:
    """In the order of the documentation."""
    key, secret = world.consumer.values()
    env = {**world.github(), "CLIENT_SECRET": secret, weaker: "wrong", stronger: key}
    assert run_program(world, env=env).code == 0


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
