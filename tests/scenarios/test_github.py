"""On GitHub Actions, Gitea and Forgejo: what a user sees and what later steps get, whole."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest

from pipe import VERSION
from tests.oracle import Oracle
from tests.program import MASK_COMMAND, World, run_program

SCOPES = "account repository:write pullrequest pipeline:variable"
ENV = f"""\
BITBUCKET_ACCESS_TOKEN<<<delimiter>
<token>
<delimiter>
BITBUCKET_ACCESS_TOKEN_EXPIRES_AT<<<delimiter>
<time>
<delimiter>
BITBUCKET_ACCESS_TOKEN_SCOPES<<<delimiter>
{SCOPES}
<delimiter>
"""
OUTPUT = f"""\
access-token<<<delimiter>
<token>
<delimiter>
token-type<<<delimiter>
bearer
<delimiter>
expires-in<<<delimiter>
7200
<delimiter>
expires-at<<<delimiter>
<time>
<delimiter>
scopes<<<delimiter>
{SCOPES}
<delimiter>
"""
SUMMARY = f"""\
### ✔ Bitbucket token

| | |
| --- | --- |
| scopes | <code>{SCOPES}</code> |
| lifetime | <code>7200 s</code> |
| expires | <code><time></code> |
| variable | <code>BITBUCKET_ACCESS_TOKEN</code> |
"""
SHOWN = f"""\
<masks>
bitbucket-token <version> on GitHub Actions
Asking bitbucket.org for a token (client_credentials).
<masks>
Got a bearer token: scopes {SCOPES}, lifetime 7200 s, expires <time>.
Exported BITBUCKET_ACCESS_TOKEN, masked, to all later steps of this job.
Set the outputs access-token, token-type, expires-in, expires-at and scopes.
"""
ASKED = "POST https://bitbucket.org/site/oauth2/access_token as basic <key>:<secret>: grant_type=client_credentials"


def test_the_token_is_masked_then_exported_then_reported(world: World) -> None:
    """All of it: exit code, both streams, every file, every request."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert outcome.shown == SHOWN
    assert outcome.told == ""
    assert outcome.left == {"runner/env": ENV, "runner/output": OUTPUT, "runner/summary": SUMMARY}
    assert outcome.sent == [ASKED]
    assert outcome.connects == ["bitbucket.org:443 200"]


def test_one_request_has_these_headers_and_no_others(world: World) -> None:
    """Nothing that this machine knows of itself goes along."""
    [request] = run_program(world, env={**world.github(), **world.consumer}).requests

    key, secret = world.consumer.values()
    assert dict(request.headers) == {
        "Host": "bitbucket.org",
        "User-Agent": f"bitbucket-token/{VERSION}",
        "Accept-Encoding": request.header("Accept-Encoding"),
        "Accept": "application/json",
        "Connection": "keep-alive",
        "Authorization": f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}",
        "Content-Length": str(len("grant_type=client_credentials")),
        "Content-Type": "application/x-www-form-urlencoded",
    }


def test_everything_known_is_masked_before_anything_else_is_printed(world: World) -> None:
    """The secret before the first line, the token before the first line that comes after it."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    first = outcome.out.splitlines()[0]
    assert first.startswith(MASK_COMMAND)
    [token] = world.sandbox.tokens
    lines = outcome.out.splitlines()
    masked = next(number for number, line in enumerate(lines) if line == MASK_COMMAND + token.value)
    after = [line for line in lines[masked:] if not line.startswith(MASK_COMMAND)]
    assert after[0].startswith("Got a bearer token")


def test_no_form_of_a_secret_survives_the_masks(world: World) -> None:
    """A log that holds every form, masked as the runner does it, shows none of them."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    key, secret = world.consumer.values()
    [token] = world.sandbox.tokens
    log = ""
    for text in (secret, token.value):
        forms = {text, quote(text, safe=""), quote_plus(text), json.dumps(text)}
        for plain in (text, f"x-token-auth:{text}", f"{key}:{text}", f"somebody:{text}", f"a:{text}"):
            forms |= {b64encode(plain.encode()).decode(), urlsafe_b64encode(plain.encode()).decode()}
        log += "\n".join(f"before {form} after" for form in forms) + "\n"
    for mask in sorted(outcome.masks, key=len, reverse=True):
        log = log.replace(mask, "***")
    Oracle([secret, token.value], key=key).check("the masked log", log)


@pytest.mark.parametrize(
    "secret", ["p%41ss/w+rd=&?:#'\"\\ ok-and-more", "100%25 sure, isn't it ~ %0A", "schlüssel-straße-ß"]
)
def test_a_secret_of_any_characters_is_escaped_in_its_mask(world: World, secret: str) -> None:
    """`%` above all: the runner undoes `%25`, so the mask is the text itself again."""
    env = {**world.github(), "CONSUMER_KEY": "key", "CONSUMER_SECRET": secret, "TOKEN_URL": world.sandbox.rfc_token_url}
    outcome = run_program(world, env=env, secrets=[secret])

    assert outcome.code == 3
    assert secret in outcome.masks
    assert b64encode(f"key:{secret}".encode()).decode().rstrip("=") in outcome.masks
    assert f"{MASK_COMMAND}{secret.replace('%', '%25')}\n" in outcome.out


def test_the_end_is_the_answers_time_and_its_lifetime_in_utc(world: World) -> None:
    """RFC 3339, to the second."""
    before = datetime.now(UTC)
    outcome = run_program(world, env={**world.github(), **world.consumer, "TZ": "America/New_York"})

    found = re.search(r"expires-at<<(\S+)\n(.*)\n\1\n", outcome.files["runner/output"])
    assert found
    end = datetime.strptime(found[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert 7198 <= (end - before).total_seconds() <= 7200 + outcome.seconds


def test_every_value_has_a_delimiter_of_its_own(world: World) -> None:
    """Nobody can guess one, and so nobody can end a value early."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    delimiters = re.findall(r"<<(bitbucket_token_[0-9a-f]{32})\n", "".join(outcome.files.values()))
    assert len(delimiters) == len(set(delimiters)) == 8


def test_what_earlier_steps_wrote_stays(world: World) -> None:
    """Values are appended, also after a line without its end."""
    env = {**world.github(), **world.consumer}
    (world.runner / "env").write_text("EARLIER=1")
    (world.runner / "output").write_text("earlier=1\n")
    outcome = run_program(world, env=env)

    assert outcome.left["runner/env"] == f"EARLIER=1\n{ENV}"
    assert outcome.left["runner/output"] == f"earlier=1\n{OUTPUT}"


def test_without_export_env_there_are_only_outputs(world: World) -> None:
    """`export-env: false`."""
    outcome = run_program(world, env={**world.github(), **world.consumer, "INPUT_EXPORT-ENV": "false"})

    assert outcome.code == 0
    assert outcome.left == {"runner/output": OUTPUT, "runner/summary": outcome.left["runner/summary"]}
    assert "Exported" not in outcome.out


def test_the_variable_can_have_another_name(world: World) -> None:
    """`env-name`, for the variable and its companions."""
    outcome = run_program(world, env={**world.github(), **world.consumer, "INPUT_ENV-NAME": "MY_TOKEN"})

    assert outcome.left["runner/env"] == ENV.replace("BITBUCKET_ACCESS_TOKEN", "MY_TOKEN")
    assert outcome.shown == SHOWN.replace("BITBUCKET_ACCESS_TOKEN", "MY_TOKEN")


def test_an_output_file_comes_beside_the_runners_files(world: World) -> None:
    """`output-file` adds the env file; nothing else changes."""
    env = {**world.github(), **world.consumer, "INPUT_OUTPUT-FILE": "token.env"}
    outcome = run_program(world, env=env)

    assert outcome.code == 0
    assert set(outcome.files) == {"runner/env", "runner/output", "runner/summary", "work/token.env"}
    assert outcome.left["runner/env"] == ENV
    assert (world.work / "token.env").stat().st_mode & 0o777 == 0o600


def test_inputs_with_hyphens_are_those_of_an_action(world: World) -> None:
    """GitHub sets INPUT_CONSUMER-KEY, which no shell can."""
    key, secret = world.consumer.values()
    env = {**world.github(), "INPUT_CONSUMER-KEY": key, "INPUT_CONSUMER-SECRET": secret, "INPUT_SCOPE": ""}
    outcome = run_program(world, env=env)

    assert outcome.shown == SHOWN


def test_printing_on_github_keeps_standard_output_for_the_token(world: World) -> None:
    """Masks and lines go to standard error, and nothing is exported."""
    outcome = run_program(world, "--print", "raw", env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert outcome.shown == "<token>\n"
    assert outcome.told == "".join(SHOWN.partition("expires <time>.\n")[:2])
    assert set(outcome.files) == {"runner/summary"}


def test_outside_of_an_action_it_says_what_to_do_instead(world: World) -> None:
    """In a `docker run` of a `run` step the variables are there, and the files are not."""
    env = {**world.github(), **world.consumer, "GITHUB_ENV": ""}
    outcome = run_program(world, env=env)

    assert outcome.code == 7
    assert "GITHUB_ENV is not set" in outcome.failure
    assert 'eval "$(docker run ...)"' in outcome.failure


def test_without_outputs_the_variables_are_enough(world: World) -> None:
    """GITHUB_OUTPUT came later than GITHUB_ENV, and some runners do not set it."""
    outcome = run_program(world, env={**world.github(), **world.consumer, "GITHUB_OUTPUT": ""})

    assert outcome.code == 0
    assert outcome.left == {"runner/env": ENV, "runner/summary": SUMMARY}


def test_a_failure_is_one_annotation_and_a_summary(world: World) -> None:
    """What happened, why it usually does, what to do now."""
    env = {**world.github(), **world.consumer, "CONSUMER_KEY": "wrong"}
    outcome = run_program(world, env=env)

    assert outcome.code == 3
    masks, where, asking, error = outcome.shown.splitlines()
    assert (masks, where) == ("<masks>", "bitbucket-token <version> on GitHub Actions")
    assert asking == "Asking bitbucket.org for a token (client_credentials)."
    assert error == (
        "::error title=Bitbucket token%3A Credentials refused::bitbucket.org refused (HTTP 400): "
        '"Invalid OAuth client credentials".%0AWhy: Key or secret is wrong: mistyped, swapped, of a deleted consumer, '
        "or an old secret after a new one was made. consumer-key is from CONSUMER_KEY and consumer-secret is from "
        "CONSUMER_SECRET.%0ANow: Copy key and secret anew from the consumer (Bitbucket: "
        "Workspace settings, OAuth consumers) into the pipeline's secrets. A user name, password, API token or access "
        "token does not work here."
    )
    assert outcome.told == ""
    assert set(outcome.files) == {"runner/summary"}
    assert outcome.files["runner/summary"].startswith(
        "### ✖ Bitbucket token: Credentials refused\n\n<code>bitbucket.org"
    )


def _event(world: World, head: object) -> str:
    path = world.runner / "event.json"
    path.write_text(json.dumps({"pull_request": {"head": {"repo": head}}}))
    return str(path)


@pytest.mark.parametrize("head", [{"full_name": "somebody/project"}, None], ids=["a fork", "a fork that is gone"])
@pytest.mark.parametrize("event", ["pull_request", "pull_request_review"])
def test_a_pull_request_from_a_fork_has_no_secrets(world: World, head: object, event: str) -> None:
    """The advice is about forks, not about spelling."""
    env = {**world.github(), "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": _event(world, head)}
    outcome = run_program(world, env={**env, "INPUT_CONSUMER-KEY": "", "INPUT_CONSUMER-SECRET": ""})

    assert outcome.code == 2
    assert "consumer-key is missing" in outcome.failure
    assert "from a fork's pull request, and GitHub hands no secrets to those" in outcome.failure
    assert outcome.requests == []


def test_a_pull_request_from_the_same_repository_is_no_fork(world: World) -> None:
    """There the secret is misspelt, or was never set."""
    event = _event(world, {"full_name": "team/project"})
    env = {**world.github(), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event, "CONSUMER_KEY": "key"}
    outcome = run_program(world, env=env)

    assert outcome.code == 2
    assert "consumer-secret is missing" in outcome.failure
    assert "misspelt" in outcome.failure
    assert "fork" not in outcome.failure


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"pull_request": 7}', "[" * 100_000, "\xff"])
def test_an_event_that_makes_no_sense_is_no_reason_to_crash(world: World, content: str) -> None:
    """The advice is then the general one."""
    path = world.runner / "event.json"
    path.write_bytes(content.encode("latin-1"))
    env = {**world.github(), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path)}
    outcome = run_program(world, env=env)

    assert outcome.code == 2
    assert "misspelt" in outcome.failure


def test_dependabot_has_secrets_of_its_own(world: World) -> None:
    """The advice says where to store them."""
    outcome = run_program(world, env={**world.github(), "GITHUB_ACTOR": "dependabot[bot]"})

    assert outcome.code == 2
    assert "Dependabot started this run" in outcome.failure
    assert "Settings, Secrets and variables, Dependabot" in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize(
    ("variable", "title"), [("GITEA_ACTIONS", "Gitea Actions"), ("FORGEJO_ACTIONS", "Forgejo Actions")]
)
def test_gitea_and_forgejo_take_the_same_files(world: World, variable: str, title: str) -> None:
    """The same in all but the name and the form of a mask."""
    outcome = run_program(world, env={**world.github(), **world.consumer, variable: "true"})

    assert outcome.code == 0
    assert outcome.shown == SHOWN.replace("GitHub Actions", title)
    assert outcome.told == ""
    assert outcome.left == {"runner/env": ENV, "runner/output": OUTPUT, "runner/summary": SUMMARY}


@pytest.mark.parametrize("variable", ["GITEA_ACTIONS", "FORGEJO_ACTIONS"])
def test_gitea_and_forgejo_get_masks_as_they_stand(world: World, variable: str) -> None:
    """Their runners do not undo escapes, so `%` is masked in both forms."""
    secret = "a%41-secret-with-percent"
    env = {**world.github(), "CONSUMER_KEY": "key", "CONSUMER_SECRET": secret, "TOKEN_URL": world.sandbox.rfc_token_url}
    outcome = run_program(world, env={**env, variable: "true"}, secrets=[secret])

    assert outcome.code == 3
    assert {MASK_COMMAND + secret, MASK_COMMAND + secret.replace("%", "%25")} <= set(outcome.out.splitlines())
    assert outcome.told.startswith("✖ ")


def test_the_system_can_be_named(world: World) -> None:
    """`ci: none` on GitHub writes the env file, and no workflow command at all."""
    outcome = run_program(world, "--ci", "none", env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert "::" not in outcome.out
    assert set(outcome.files) == {
        "work/.bitbucket-token/",
        "work/.bitbucket-token/env",
        "work/.bitbucket-token/.gitignore",
    }
