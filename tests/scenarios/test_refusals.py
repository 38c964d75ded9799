"""Errors that teach: each refusal of Bitbucket has its exit code and advice of its own."""

import pytest

from sandbox import Consumer, Fault
from tests.program import World, run_program


def test_a_wrong_key_is_tried_once(world: World) -> None:
    """Exit 3, one request, advice on key and secret."""
    outcome = run_program(world, env={**world.consumer, "CONSUMER_KEY": "wrong"})

    assert outcome.code == 3
    assert len(outcome.requests) == 1
    assert '"Invalid OAuth client credentials"' in outcome.failure
    assert "Copy key and secret anew" in outcome.failure


def test_a_wrong_secret_is_tried_once(world: World) -> None:
    """The same, and the wrong one is as secret as the right one."""
    wrong = "not-the-secret-of-this-consumer"
    outcome = run_program(world, env={**world.consumer, "CONSUMER_SECRET": wrong}, secrets=[wrong])

    assert outcome.code == 3
    assert len(outcome.requests) == 1
    assert "Copy key and secret anew" in outcome.failure


@pytest.mark.sandbox(consumers=[Consumer(callback_url="")])
def test_a_consumer_without_a_callback_url(world: World) -> None:
    """Any address will do."""
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 3
    assert '"No callback uri defined for the OAuth client."' in outcome.failure
    assert "enter any https address as callback URL" in outcome.failure


@pytest.mark.sandbox(consumers=[Consumer(private=False)])
def test_a_public_consumer(world: World) -> None:
    """A box to tick."""
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 3
    assert "tick 'This is a private consumer'" in outcome.failure


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (
            400,
            '{"error": "unauthorized_client", "error_description": '
            '"Requests must be authenticated using OAuth client credentials"}',
            "something on the way removed the Authorization header",
        ),
        (
            400,
            '{"error_description": "Unsupported grant type: None", "error": "invalid_grant"}',
            "something on the way changed the request's body",
        ),
        (401, '{"error": "invalid_client"}', "Copy key and secret anew"),
        (403, '{"error": "unauthorized_client"}', "private, with a callback URL; copy key and secret anew"),
        (400, '{"error": "invalid_scope"}', "Leave scope out"),
        (400, '{"error": "unsupported_grant_type"}', "Check grant"),
        (400, '{"error": "invalid_grant"}', "use the newest"),
        (400, '{"error": "invalid_request"}', "Check scope, client-auth"),
        (400, '{"error": "something_new"}', "Check base-url or token-url, and the consumer"),
        (401, "", "Copy key and secret anew"),
        (403, "<html>Forbidden</html>", "firewall"),
        (200, '{"error": "invalid_client", "error_description": "Client authentication failed"}', "anew"),
        (400, '{"type": "error", "error": {"message": "Bad things"}}', '"Bad things"'),
    ],
)
def test_a_refusal_in_other_words(world: World, status: int, body: str, advice: str) -> None:
    """Exit 3 after one request, with the advice that fits."""
    world.sandbox.faults.add(Fault(status=status, body=body))
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 3
    assert advice in outcome.failure
    assert len(outcome.requests) == 1


def test_an_html_page_is_no_token(world: World) -> None:
    """A login page, for instance: exit 5, and its text is not shown."""
    world.sandbox.faults.add(Fault(kind="html"))
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 5
    assert outcome.told.startswith("✖ bitbucket.org answered with an HTML page (HTTP 200).")
    assert "Something has gone wrong" not in outcome.told


def test_the_rate_limit_ends_the_run_after_some_tries(world: World) -> None:
    """429 as Bitbucket sends it, plain text without Retry-After."""
    world.sandbox.faults.add(Fault(status=429, times=None))
    outcome = run_program(world, env={**world.consumer, "MAX_ATTEMPTS": "3", "DEADLINE": "20"})

    assert outcome.code == 5
    assert len(outcome.requests) == 3
    announced = [line for line in outcome.shown.splitlines() if line.startswith("Attempt")]
    assert announced == [
        f"Attempt {number} of 3: bitbucket.org has had too many requests (HTTP 429). Next try in <wait> s."
        for number in (1, 2)
    ]
    assert "share one allowance an hour" in outcome.told


def test_a_rate_limit_that_is_over_soon_is_waited_for(world: World) -> None:
    """`Retry-After: 1` is a second, and no less."""
    world.sandbox.faults.add(Fault(status=429, retry_after=1))
    outcome = run_program(world, env=world.consumer)

    assert outcome.code == 0
    first, second = outcome.requests
    assert second.time - first.time >= 1
    assert "Next try in 1.0 s." in outcome.out


def test_a_rate_limit_beyond_the_deadline_ends_the_run_at_once(world: World) -> None:
    """And says when to come back."""
    world.sandbox.faults.add(Fault(status=429, retry_after=3600, times=None))
    outcome = run_program(world, env={**world.consumer, "DEADLINE": "10"})

    assert outcome.code == 5
    assert len(outcome.requests) == 1
    assert "Run the step again in 3600 s" in outcome.told
    assert outcome.seconds < 8
