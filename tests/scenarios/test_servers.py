"""Which server is asked, how, and what of its answer counts: Cloud then and now, Data Center, any other."""

import json
from base64 import b64decode, b64encode

import pytest

from sandbox import Consumer, Fault
from tests.program import World, run_program

SPECIAL = Consumer(key="ke y+%/&=ü", secret="se%cr+et /&=:ü and more of it", scopes=("read", "write"))


def test_cloud_as_since_may_2026(world: World) -> None:
    """`scope`, no refresh token, a token of more than 2,000 characters."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert len(world.sandbox.tokens[0].value) > 2000
    assert "scopes account repository:write pullrequest pipeline:variable, lifetime 7200 s" in outcome.out


@pytest.mark.sandbox(era="before")
def test_cloud_as_before_may_2026(world: World) -> None:
    """`scopes`, `state`, and a refresh token that is shown and exported nowhere."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert "scopes account repository:write pullrequest pipeline:variable, lifetime 7200 s" in outcome.out
    assert "refresh" not in "".join([outcome.out, *outcome.files.values()])


def test_consumers_from_before_2026_work(world: World) -> None:
    """18 and 32 characters; nothing is told by a length."""
    old = world.sandbox.old_consumer
    outcome = run_program(world, env={**world.github(), "CONSUMER_KEY": old.key, "CONSUMER_SECRET": old.secret})

    assert outcome.code == 0
    assert outcome.requests[0].authorization == ("basic", b64encode(f"{old.key}:{old.secret}".encode()).decode())


def test_a_token_of_64_kib_of_every_allowed_character_arrives_whole(world: World) -> None:
    """The longest there may be."""
    token = ("".join(chr(code) for code in range(0x21, 0x7F)) * 700)[: 64 * 1024]
    body = json.dumps({"access_token": token, "token_type": "BEARER", "expires_in": "60"})
    world.sandbox.faults.add(Fault(body=body))
    outcome = run_program(world, env={**world.github(), **world.consumer}, tokens=[token])

    assert outcome.code == 0
    assert f"\n{token}\n" in outcome.files["runner/env"]
    assert token in outcome.masks
    assert "scopes not told, lifetime 60 s" in outcome.out


def test_a_data_center_keeps_its_context_path(world: World) -> None:
    """`base-url`, with and without a slash at its end; key and secret form-encoded, as RFC 6749 says."""
    for base in (f"{world.sandbox.url}/bitbucket", f"{world.sandbox.url}/bitbucket/"):
        outcome = run_program(world, "--base-url", base, "--scope", "account", env=world.consumer)
        assert outcome.code == 3
        assert outcome.sent == [
            "POST https://127.0.0.1:<port>/bitbucket/rest/oauth2/latest/token as basic <key>:<secret>: "
            "grant_type=client_credentials&scope=account"
        ]


@pytest.mark.sandbox(consumers=[SPECIAL])
@pytest.mark.parametrize(("auth", "code"), [("basic", 0), ("basic-encoded", 0), ("body", 0), ("basic-raw", 3)], ids=str)
def test_another_server_gets_key_and_secret_form_encoded(world: World, auth: str, code: int) -> None:
    """RFC 6749 section 2.3.1, unless `client-auth` says otherwise."""
    env = {**world.github(), **world.consumer, "TOKEN_URL": world.sandbox.rfc_token_url, "CLIENT_AUTH": auth}
    outcome = run_program(world, env=env)

    assert outcome.code == code
    [request] = outcome.requests
    scheme, credentials = request.authorization
    if auth == "body":
        assert scheme == ""
        assert request.form == {
            "grant_type": "client_credentials",
            "client_id": SPECIAL.key,
            "client_secret": SPECIAL.secret,
        }
    else:
        plain = b64decode(credentials).decode()
        assert plain.startswith("ke y+%" if auth == "basic-raw" else "ke+y%2B%25%2F%26%3D%C3%BC:se%25cr%2Bet+")
        assert request.form == {"grant_type": "client_credentials"}


@pytest.mark.sandbox(consumers=[SPECIAL])
def test_cloud_gets_key_and_secret_raw(world: World) -> None:
    """As its documentation's curl sends them, at its own address and when `token-url` names that."""
    for more in ({}, {"TOKEN_URL": "https://bitbucket.org/site/oauth2/access_token"}):
        outcome = run_program(world, env={**world.github(), **world.consumer, **more})
        assert outcome.code == 0
        assert b64decode(outcome.requests[0].authorization[1]).decode() == f"{SPECIAL.key}:{SPECIAL.secret}"


@pytest.mark.sandbox(consumers=[Consumer(key="with:colon")])
def test_a_colon_in_the_key_cannot_be_sent_raw(world: World) -> None:
    """RFC 7617; nothing is sent, and the advice names the forms that can."""
    outcome = run_program(world, env={**world.github(), **world.consumer})

    assert outcome.code == 2
    assert "consumer-key holds a colon" in outcome.failure
    assert outcome.requests == []


@pytest.mark.sandbox(scheme="http")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_for_loopback(world: World, host: str) -> None:
    """For tests and sidecars."""
    url = f"http://{host}:{world.sandbox.port}/oauth2/token"
    outcome = run_program(world, "--token-url", url, env={**world.github(), **world.consumer})

    assert outcome.code == 0
    assert outcome.connects == []


def test_scopes_can_be_asked_for_in_many_ways(world: World) -> None:
    """Commas, spaces, line ends; each once."""
    env = {**world.consumer, "TOKEN_URL": world.sandbox.rfc_token_url, "SCOPE": " account,repository:write\n account "}
    outcome = run_program(world, env={**world.github(), **env})

    assert outcome.code == 0
    assert outcome.requests[0].form["scope"] == "account repository:write"
    assert "scopes account repository:write, lifetime" in outcome.out


def test_required_scopes_that_are_implied_count(world: World) -> None:
    """`repository:write` implies `repository`."""
    outcome = run_program(
        world, "--required-scopes", "repository, pullrequest", env={**world.github(), **world.consumer}
    )

    assert outcome.code == 0


def test_a_required_scope_that_is_missing_ends_the_run(world: World) -> None:
    """Exit 6; the token is masked, and not exported."""
    env = {**world.github(), **world.consumer, "REQUIRED_SCOPES": "repository:admin account"}
    outcome = run_program(world, env=env)

    assert outcome.code == 6
    assert outcome.failure.splitlines()[0] == (
        "The token lacks the scopes repository:admin; granted are account repository:write pullrequest "
        "pipeline:variable."
    )
    assert world.sandbox.tokens[0].value in outcome.masks


def test_a_token_that_ends_too_soon_ends_the_run(world: World) -> None:
    """`min-lifetime`."""
    outcome = run_program(world, "--min-lifetime", "7201", env={**world.github(), **world.consumer})

    assert outcome.code == 6
    assert "lives for 7200 s; required are 7201 s" in outcome.failure


@pytest.mark.parametrize(
    ("option", "value"), [("--required-scopes", "account"), ("--min-lifetime", "60")], ids=["scopes", "lifetime"]
)
def test_what_the_server_does_not_say_is_not_assumed(world: World, option: str, value: str) -> None:
    """Exit 6, and what to leave out for such a server."""
    world.sandbox.faults.add(Fault(body='{"access_token": "opaque-token-of-a-terse-server"}'))
    tokens = ["opaque-token-of-a-terse-server"]
    outcome = run_program(world, option, value, env={**world.github(), **world.consumer}, tokens=tokens)

    assert outcome.code == 6
    assert f"Leave {option[2:]} out" in outcome.failure


def test_scopes_that_were_asked_for_and_not_repeated_are_granted(world: World) -> None:
    """RFC 6749 section 5.1."""
    world.sandbox.faults.add(Fault(body='{"access_token": "opaque-token-of-a-terse-server"}'))
    tokens = ["opaque-token-of-a-terse-server"]
    env = {**world.github(), **world.consumer, "SCOPE": "account", "REQUIRED_SCOPES": "account"}
    assert run_program(world, env=env, tokens=tokens).code == 0
