"""What a server says reaches the log harmless: no command, no control character, no secret in any of its forms."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from pipe.cli.main import main
from pipe.inputs.table import TABLE, Input
from pipe.verbs import Verb
from sandbox import Consumer, Fault
from tests.program import MASK_COMMAND, Outcome, World, run_program

TOKEN = "opaque-token-of-a-hostile-server"
SECRET = "a/secret+with%special=characters&more"


def say(world: World, text: str, status: int = 400, **more: str) -> Outcome:
    """Have the server refuse with `text`."""
    body = json.dumps({"error": "invalid_request", "error_description": text})
    world.sandbox.faults.add(Fault(status=status, body=body, times=None))
    env = {**world.github(), **world.consumer, "MAX_ATTEMPTS": "1", **more}
    return run_program(world, env=env, tokens=[TOKEN])


COMMANDS = (
    "::set-env name=PATH::/evil",
    "\n::set-env name=PATH::/evil",
    "\r\n::add-mask::a",
    "a\r::stop-commands::x",
    "%0A::error::evil",
    "##vso[task.setvariable variable=PATH]/evil",
    "\n##vso[task.setvariable variable=PATH]/evil",
    "##teamcity[setParameter name='env.PATH' value='/evil']",
    "\n##[set-env name=PATH;]/evil",
    "##[add-path]/evil",
    ":\x00:set-env name=PATH::/evil",
    ":\u200b:set-env name=PATH::/evil",
    "#\ufeff#[add-path]/evil",
    "\x1b]0;evil\x07\x1b[2J\x1b[31mred",
    "\u202eevil\u2066",
    "\u2028::set-env name=PATH::/evil",
    "\x85::set-env name=PATH::/evil",
    "\ud800\udfff::debug::x",
    ":::::::",
    "#####[####vso[",
)


@pytest.mark.parametrize("system", ["github", "none", "gitea"])
def test_commands_in_a_message_are_text(world: World, system: str) -> None:
    """All of them, in each kind of failure; the runner of the tests looks for them in every stream."""
    for start in range(0, len(COMMANDS), 4):
        outcome = say(world, " ".join(COMMANDS[start : start + 4]), CI="", INPUT_CI=system)
        assert outcome.code == 3
        world.sandbox.faults.clear()
        if system == "none" and start == 0:
            assert ": :set-env name=PATH: :/evil" in outcome.told


@pytest.mark.parametrize("form", ["plain", "basic", "basic64url", "percent", "lower percent", "json", "twice", "git"])
@pytest.mark.sandbox(consumers=[Consumer(secret=SECRET)])
def test_a_secret_in_a_message_is_shown_in_no_form(world: World, form: str) -> None:
    """A server may repeat what it was sent."""
    key, secret = world.consumer.values()
    forms = {
        "plain": f"you sent {secret} to me",
        "basic": f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}",
        "basic64url": urlsafe_b64encode(f"{key}:{secret}".encode()).decode(),
        "percent": quote(secret, safe=""),
        "lower percent": re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
        "json": json.dumps({"secret": secret}),
        "twice": secret + secret + secret,
        "git": b64encode(f"x-token-auth:{secret}".encode()).decode(),
    }
    for status in (400, 503):
        outcome = say(world, forms[form], status)
        world.sandbox.faults.clear()
        assert outcome.code == (3 if status == 400 else 5)
        assert "***" in outcome.failure


def test_a_secret_at_the_edge_of_what_is_shown_is_not_cut_in_two(world: World) -> None:
    """Redacted first, cut to 200 characters then."""
    secret = world.sandbox.consumer.secret
    for before in (130, 170):
        outcome = say(world, "x" * before + secret + "y" * 300)
        world.sandbox.faults.clear()
        assert outcome.code == 3


def test_a_message_is_cut_to_200_characters(world: World) -> None:
    """However long it is."""
    outcome = say(world, "long " * 10_000)

    assert outcome.failure.count("long ") < 41


def test_control_characters_do_not_hide_a_secret(world: World) -> None:
    """Nor line ends, which base64 is often broken by."""
    key, secret = world.consumer.values()
    basic = b64encode(f"{key}:{secret}".encode()).decode()
    for text in (
        f"{secret[:38]}\x00{secret[38:]} \x1b[0m{secret}\x08",
        f"{basic[:76]}\n{basic[76:]}",
        " ".join(secret),
    ):
        outcome = say(world, text)
        world.sandbox.faults.clear()
        assert outcome.code == 3
        assert '"***"' in outcome.failure


@pytest.mark.parametrize("member", ["scope", "scopes"])
@pytest.mark.parametrize("before", [0, 170])
def test_a_secret_among_the_scopes_is_not_shown(world: World, member: str, before: int) -> None:
    """Nor any part of it, in the log, in the summary, or in what is said of missing scopes."""
    secret = world.sandbox.consumer.secret
    scopes = f"{'x' * before}{secret} more"
    body = json.dumps({"access_token": TOKEN, member: scopes})
    for more in ({}, {"REQUIRED_SCOPES": "account"}):
        world.sandbox.faults.add(Fault(body=body))
        env = {**world.github(), **world.consumer, "EXPORT_ENV": "false", "GITHUB_OUTPUT": str(world.home / "output")}
        (world.home / "output").touch()
        outcome = run_program(world, "--print", "raw", env={**env, **more}, tokens=[TOKEN])
        assert outcome.code == (6 if more else 0)


def test_the_token_among_the_scopes_is_not_shown(world: World) -> None:
    """Nor any part of it."""
    world.sandbox.faults.add(Fault(body=json.dumps({"access_token": TOKEN, "scope": f"{'x' * 180}{TOKEN}"})))
    outcome = run_program(world, "--required-scopes", "a", env={**world.github(), **world.consumer}, tokens=[TOKEN])

    assert outcome.code == 6


def test_a_long_list_of_scopes_is_cut(world: World) -> None:
    """To 200 characters, as all that a server says."""
    scopes = " ".join(f"scope-number-{number}" for number in range(300))
    world.sandbox.faults.add(Fault(body=json.dumps({"access_token": TOKEN, "scope": scopes})))
    outcome = run_program(world, "--required-scopes", "a", env={**world.github(), **world.consumer}, tokens=[TOKEN])

    assert outcome.code == 6
    assert outcome.failure.count("scope-number-") < 20


@pytest.mark.parametrize(
    "where", ["https://{}.example/", "https://{}@a.example/", "https://a.example:{}/", "https://a.example/{}"]
)
def test_a_secret_in_a_redirect_is_not_shown(world: World, where: str) -> None:
    """Not even in the lower case that host names are compared in."""
    secret = world.sandbox.consumer.secret
    world.sandbox.faults.add(Fault(kind="redirect", location=where.format(secret)))
    outcome = run_program(world, env={**world.github(), **world.consumer}, tokens=[TOKEN])

    assert outcome.code == 5
    lines = [line for line in outcome.out.splitlines() if not line.startswith(MASK_COMMAND)]
    assert secret[:12].lower() not in "".join([*lines, *outcome.files.values()]).lower()


def test_commands_in_a_redirect_are_text(world: World) -> None:
    """The host that it names is the server's text too."""
    world.sandbox.faults.add(Fault(kind="redirect", location="https://a::set-env%0A##vso[x.example/"))
    outcome = run_program(world, env={**world.github(), **world.consumer}, tokens=[TOKEN])

    assert outcome.code == 5


def test_debug_shows_none_of_it_either(world: World) -> None:
    """The traceback is redacted as well."""
    key, secret = world.consumer.values()
    basic = b64encode(f"{key}:{secret}".encode()).decode()
    for text in (secret, basic, "\n::set-env name=PATH::/evil"):
        outcome = say(world, text, DEBUG="true")
        world.sandbox.faults.clear()
        assert "debug: Traceback" in outcome.told


def test_what_is_not_json_is_not_quoted(world: World) -> None:
    """A page may hold anything."""
    secret = world.sandbox.consumer.secret
    for status in (200, 400, 401, 403, 500):
        world.sandbox.faults.add(Fault(status=status, body=f"<h1>{secret}</h1>\n::set-env name=A::b"))
        env = {**world.github(), **world.consumer, "MAX_ATTEMPTS": "1"}
        outcome = run_program(world, env=env)
        assert outcome.code in (3, 5)
        assert "set-env" not in outcome.failure


SECRETS = [declared for declared in TABLE if declared.secret]
PLACES = [declared for declared in TABLE if not declared.secret]


@pytest.mark.parametrize("place", PLACES, ids=lambda declared: declared.name)
@pytest.mark.parametrize("secret", SECRETS, ids=lambda declared: declared.name)
@pytest.mark.usefixtures("signals_as_before")
def test_a_secret_in_any_other_inputs_place_is_not_shown(
    secret: Input, place: Input, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where a wrong value is repeated: it is so short that it would be. In this process, for there are many."""
    value = "Sparrow-Piano-42"
    monkeypatch.setattr("pipe.cli.main._GET_A_TOKEN", Verb(lambda *_: None, "Do nothing."))
    for written in (value, f"https://{value}@bitbucket.org", f"{value} {value}"):
        env = {f"INPUT_{secret.variable}": value, f"INPUT_{place.variable}": written}
        code = main([], env)
        told = "".join(capfd.readouterr())

        assert code in (0, 2)
        assert value not in told
        assert bool(told) is (code == 2)
