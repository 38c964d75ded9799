"""Data Centers that fail: no token is lost or made twice, each failure has its own advice, and no secret is shown."""

import json

import pytest

from sandbox import Fault
from tests.grants.center import CONTEXT, NAME, OWN, TOKENS, Center, asked

WHO = f"{CONTEXT}/rest/api/latest/application-properties"
USERS = f"{CONTEXT}/rest/api/latest/users"
FAST = {"MAX_ATTEMPTS": "2"}


def errors(message: str, exception: str = "com.atlassian.bitbucket.SomeException") -> str:
    return json.dumps({"errors": [{"context": None, "message": message, "exceptionName": exception}]})


# -- creating is not idempotent


def test_after_a_lost_answer_the_orphan_is_deleted_before_the_next_try(center: Center) -> None:
    """The server has made a token whose text nobody knows; it is found by its name."""
    old = center.server.mint(OWN, NAME)
    center.world.sandbox.faults.add(Fault(TOKENS, "truncated", method="PUT"))

    outcome = center.run()

    assert outcome.code == 0
    _, orphan, new = center.server.tokens.made
    assert asked(outcome)[-5:] == [
        f"PUT /{OWN}",
        f"GET /{OWN}",
        f"DELETE /{OWN}/{orphan.id}",
        f"PUT /{OWN}",
        f"DELETE /{OWN}/{old.id}",
    ]
    assert center.named() == [new]
    assert new.value in outcome.files["work/.bitbucket-token/env"]
    assert "Deleted a token called the-token whose text did not arrive." in outcome.shown


@pytest.mark.parametrize("kind", ["close", "reset", "truncated", "reset-body", "truncated-chunks"])
def test_when_every_answer_is_lost_no_orphan_is_left(center: Center, kind: str) -> None:
    """The last try's is deleted too, and the old token is as it was."""
    old = center.server.mint(OWN, NAME)
    center.world.sandbox.faults.add(Fault(TOKENS, kind, method="PUT", times=None))  # type: ignore[arg-type]

    outcome = center.run(**FAST)

    assert outcome.code == 4
    assert center.named() == [old]


def test_an_orphan_that_cannot_be_looked_for_is_told_of(center: Center) -> None:
    """It is on the server, and ends by itself."""
    faults = center.world.sandbox.faults
    faults.add(Fault(TOKENS, "gzip", method="GET"), Fault(TOKENS, method="GET", status=503, times=None))
    faults.add(Fault(TOKENS, "truncated", method="PUT"))

    outcome = center.run(**FAST)

    assert outcome.code == 5
    assert "Warning: a token called the-token whose text nobody knows may be left." in outcome.shown
    assert len(center.named()) == 1


def test_the_deadline_holds_while_the_answer_is_awaited(center: Center) -> None:
    """There is no time to look for an orphan then."""
    center.world.sandbox.faults.add(Fault(TOKENS, "silence", method="PUT"))

    outcome = center.run(DEADLINE="4", TIMEOUT="60")

    assert outcome.code == 4
    assert "may be left" in outcome.shown


def test_a_lost_answer_at_the_limit_deletes_the_orphan(center: Center) -> None:
    """The old one had to go first, and what the server made after that goes too."""
    center.server.mint(OWN, NAME)
    center.server.tokens.limit = 1
    center.world.sandbox.faults.add(Fault(TOKENS, "delay", method="PUT", seconds=0.0))
    center.world.sandbox.faults.add(Fault(TOKENS, "truncated", method="PUT"))

    outcome = center.run()

    assert outcome.code == 0
    [token] = center.named()
    assert token is center.server.tokens.made[-1]
    assert token.value in outcome.files["work/.bitbucket-token/env"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_for(center: Center, status: int) -> None:
    """As with any other request."""
    center.world.sandbox.faults.add(Fault(TOKENS, method="PUT", status=status, retry_after=0))

    outcome = center.run()

    assert outcome.code == 0
    assert len(center.named()) == 1


ANSWERS = {
    "no JSON": "<html>welcome</html>",
    "no object": "[]",
    "no token": '{"id": "1"}',
    "a number": '{"token": 5}',
    "an empty one": '{"token": ""}',
    "one with a space": '{"token": "a b"}',
    "one with a line end": '{"token": "a\\nb"}',
    "one without end": json.dumps({"token": "x" * 70_000}),
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_without_a_usable_token_is_no_token(center: Center, body: str) -> None:
    """Nothing is exported, no second one is asked for, and what the server may have made is looked for."""
    center.world.sandbox.faults.add(Fault(TOKENS, method="PUT", body=body))

    outcome = center.run()

    assert outcome.code == 5
    assert asked(outcome)[-2:] == [f"PUT /{OWN}", f"GET /{OWN}"]


ODD = {
    "unknown permissions": ('"permissions": ["EVERYTHING", 7, null]', "scopes REPO_READ, lifetime not told"),
    "a day that is none": ('"expiryDays": "many"', "lifetime not told"),
    "an end before its beginning": ('"createdDate": 9000, "expiryDate": 1000', "lifetime 0 s"),
    "an end in another age": ('"expiryDays": 99999999999', "lifetime 2147483647 s"),
    "true for a number": ('"expiryDays": true', "lifetime not told"),
    "an end that is no number": ('"createdDate": 1, "expiryDate": 1e400', "lifetime not told"),
}


@pytest.mark.parametrize(("members", "shown"), ODD.values(), ids=ODD)
def test_odd_facts_about_a_token_do_no_harm(center: Center, members: str, shown: str) -> None:
    """What cannot be understood is not told."""
    body = f'{{"token": "the-token-of-an-odd-server", {members}}}'
    center.world.sandbox.faults.add(Fault(TOKENS, method="PUT", body=body))

    outcome = center.run("--print", "raw")

    assert outcome.code == 0
    assert shown in outcome.told


# -- deleting the old one


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_old_token_that_stays_is_a_warning(center: Center, status: int) -> None:
    """The new one is there and good; the warning says what is left."""
    old = center.server.mint(OWN, NAME)
    center.world.sandbox.faults.add(Fault(f"{TOKENS}/{old.id}", method="DELETE", status=status, times=None))

    outcome = center.run(**FAST)

    assert outcome.code == 0
    assert f"Warning: an older token called the-token (id {old.id}) is left" in outcome.shown
    assert len(center.named()) == 2


def test_an_old_token_that_is_gone_already_is_no_trouble(center: Center) -> None:
    """Somebody else deleted it in between, or the answer to the first try was lost."""
    old = center.server.mint(OWN, NAME)
    center.world.sandbox.faults.add(Fault(f"{TOKENS}/{old.id}", "close", method="DELETE"))
    center.world.sandbox.faults.add(Fault(f"{TOKENS}/{old.id}", method="DELETE", status=404, body=errors("gone")))

    outcome = center.run()

    assert outcome.code == 0
    assert "Warning" not in outcome.shown


# -- lists

PAGES = {
    "no JSON": "<html>welcome</html>",
    "no values": '{"isLastPage": true}',
    "values that are none": '{"isLastPage": true, "values": {}}',
    "a next page without a start": '{"isLastPage": false, "values": []}',
    "a next page that is this one": '{"isLastPage": false, "values": [], "nextPageStart": 0}',
    "a start that is no number": '{"isLastPage": false, "values": [], "nextPageStart": "https://elsewhere.example/"}',
    "true for a start": '{"isLastPage": false, "values": [], "nextPageStart": true}',
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_list_that_makes_no_sense_ends_the_run(center: Center, body: str) -> None:
    """Before a token is made: nobody would know which ones are old."""
    center.world.sandbox.faults.add(Fault(TOKENS, method="GET", body=body))

    outcome = center.run()

    assert outcome.code == 5
    assert center.server.tokens.made == []


def test_entries_that_are_no_tokens_are_passed_over(center: Center) -> None:
    """Their ids are used in addresses, so they must be texts."""
    ids: list[object] = [None, 5, "", ["1"], "../../projects/PRJ"]
    values = [7, None, *({"name": NAME, "id": value} for value in ids)]
    center.world.sandbox.faults.add(
        Fault(TOKENS, method="GET", body=json.dumps({"isLastPage": True, "values": values}))
    )

    outcome = center.run()

    assert outcome.code == 0
    assert asked(outcome)[-1] == f"DELETE /{OWN}/..%2F..%2Fprojects%2FPRJ"


# -- refusals, each with its own advice

REFUSALS = {
    "a login page": (
        Fault(kind="redirect", location="/bitbucket/login?next=/rest"),
        (3, "sends this program to its login page", "single sign-on"),
    ),
    "another address": (
        Fault(kind="redirect", status=301, location="https://new.example/"),
        (5, "redirects to new.example", "final address"),
    ),
    "a wrong password": (
        Fault(status=401, body=errors("Authentication failed.")),
        (3, "Authentication failed.", "CAPTCHA"),
    ),
    "a user who may not": (
        Fault(status=401, body=errors("You are not permitted"), headers={"X-AUSERNAME": "bob"}),
        (3, "It knows the user bob, who may not do this.", "token-owner"),
    ),
    "a CAPTCHA": (
        Fault(
            status=403, body=errors("CAPTCHA required.", "com.atlassian.auth.CaptchaRequiredAuthenticationException")
        ),
        (3, "CAPTCHA required.", "Log in as that user in a browser once"),
    ),
    "a firewall": (Fault(status=403), (3, "HTTP 403", "this runner's address")),
    "no such place": (Fault(status=404), (5, "HTTP 404", "base URL")),
    "no such project": (Fault(status=404, body=errors("No project")), (3, "No project", "token-owner")),
    "a bad value": (Fault(status=400, body=errors("Not so")), (3, "Not so", "token-permissions")),
    "an odd status": (Fault(status=418, body="{}"), (3, "HTTP 418", "this runner's address")),
    "a page": (Fault(kind="html"), (5, "answered with an HTML page", "base URL")),
    "too many requests": (Fault(status=429, times=None), (5, "HTTP 429", "limit of that user")),
    "trouble": (Fault(status=503, times=None), (5, "HTTP 503", "Run the step again")),
}


@pytest.mark.parametrize(("fault", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_each_refusal_has_its_own_advice(center: Center, fault: Fault, expected: tuple[int, str, str]) -> None:
    """What happened, why it usually does, and what to do now."""
    center.world.sandbox.faults.add(fault)

    outcome = center.run(**FAST)

    code, what, now = expected
    assert outcome.code == code
    assert what in outcome.failure
    assert now in outcome.failure
    assert center.server.tokens.made == []


def test_wrong_passwords_are_tried_once_until_a_captcha_locks_the_account(center: Center) -> None:
    """Then the right one is refused as well, and the advice says so."""
    wrong = {**center.by_password, "PASSWORD": "a-wrong-password"}
    for _ in range(5):
        outcome = center.run(**wrong, secrets=["a-wrong-password"])
        assert outcome.code == 3
        assert len(outcome.requests) == 1

    outcome = center.run()

    assert outcome.code == 3
    assert "CAPTCHA required. Your Bitbucket account has been locked." in outcome.failure
    assert "however right this one" in outcome.failure


def test_an_anonymous_answer_is_a_refusal(center: Center) -> None:
    """A proxy that removes the header makes everybody a stranger, and strangers get answers as well."""
    body = json.dumps({"version": "9.4.2"})
    center.world.sandbox.faults.add(Fault(WHO, body=body, headers={"X-AUSERNAME": "anonymous"}))

    outcome = center.run()

    assert outcome.code == 3
    assert "answers as to an anonymous user" in outcome.failure


HOSTILE = {
    "a command": "%0A::add-mask::x",
    "control characters": "%1B[2Jbob",
    "no UTF-8": "%FF%FE",
    "a long one": "b" * 5000,
}


@pytest.mark.parametrize("user", HOSTILE.values(), ids=HOSTILE)
def test_what_the_server_calls_the_user_is_not_trusted(center: Center, user: str) -> None:
    """It is shown harmless, and used in no address unless the list of users has it."""
    center.world.sandbox.faults.add(Fault(WHO, body="{}", headers={"X-AUSERNAME": user}))

    outcome = center.run()

    assert outcome.code == 3
    assert "does not list the user" in outcome.failure
    assert "token-owner: user:SLUG" in outcome.failure


def test_what_the_server_repeats_of_a_secret_is_not_shown(center: Center) -> None:
    """Neither in an error nor in a user's name; the oracle looks at everything."""
    password = center.server.bot.password
    repeated = errors(f"The password {password} is wrong")
    center.world.sandbox.faults.add(Fault(USERS, status=401, body=repeated, headers={"X-AUSERNAME": password}))

    outcome = center.run()

    assert outcome.code == 3
    assert "The password *** is wrong" in outcome.failure
