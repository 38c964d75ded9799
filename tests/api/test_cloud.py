"""One request to Bitbucket Cloud: what is sent, and what is printed."""

import base64

import pytest

from tests.api.conftest import API, Caller, asked, lines
from tests.program import run_program


def test_the_answer_is_one_line_of_json_and_nothing_else(caller: Caller) -> None:
    """All that is said goes to standard error."""
    outcome = caller.run("/user")

    assert outcome.code == 0
    assert outcome.out.startswith('{"type":"app_user","uuid":')
    assert len(outcome.out.splitlines()) == 1
    assert outcome.told == "Asking api.bitbucket.org: GET /user.\n"
    assert asked(outcome) == ["GET /2.0/user"]
    assert outcome.files == {}


def test_without_a_token_in_the_variable_one_is_got(caller: Caller) -> None:
    """By the grant of the inputs, and it is exported nowhere."""
    outcome = caller.run("user", env={"BITBUCKET_ACCESS_TOKEN": "", **caller.world.consumer})

    assert outcome.code == 0
    assert lines(outcome)[0]["type"] == "app_user"
    assert outcome.sent[-1] == "GET https://api.bitbucket.org/2.0/user as bearer <token>: "
    assert outcome.files == {}


def test_another_variable_may_hold_the_token(caller: Caller) -> None:
    """`env-name` says which."""
    outcome = caller.run("user", "--env-name", "OURS", BITBUCKET_ACCESS_TOKEN="", OURS=caller.token())

    assert outcome.code == 0
    assert len(outcome.requests) == 1


def test_a_persons_api_token_goes_by_basic_authentication(caller: Caller) -> None:
    """With the owner's e-mail address."""
    token = caller.world.sandbox.api_token("me@example.com").value
    basic = base64.b64encode(f"me@example.com:{token}".encode()).decode()
    kind = {"GRANT": "access_token", "ACCESS_TOKEN_KIND": "api-token", "USERNAME": "me@example.com"}
    outcome = caller.run("user", secrets=[basic], env={**kind, "BITBUCKET_ACCESS_TOKEN": token})

    assert outcome.code == 0
    assert outcome.sent == ["GET https://api.bitbucket.org/2.0/user as basic me@example.com:<token>: "]


@pytest.mark.parametrize(
    "path", ["repositories/team/hello", "/2.0/repositories/team/hello", f"{API}/repositories/team/hello"]
)
def test_a_path_may_be_written_in_each_usual_way(caller: Caller, path: str) -> None:
    """As in the documentation, and as answers name it."""
    outcome = caller.run(path, "--fields", "slug")

    assert lines(outcome) == [{"slug": "hello"}]
    assert asked(outcome) == ["GET /2.0/repositories/team/hello?fields=slug"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "https://api.bitbucket.org@evil.example/2.0/user",
            "https://evil.example/2.0/user",
            "http://api.bitbucket.org/",
        ),
        *(
            "https://api.bitbucket.org:444/2.0/user",
            "https://bitbucket.org/api/2.0/user",
            "/repositories/../user",
            "a\nb",
        ),
        *(
            "/repositories/%2e%2E/user",
            "/repositories/..;x/user",
            "/repositories/%2e.%3b/user",
            "/user#x",
            "/user\\..",
            "https://api.bitbucket.org.evil.example/",
            "",
            "ftp://x/",
            "x" * 20_000,
        ),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(caller: Caller, path: str) -> None:
    """Exit 2; nothing was sent."""
    outcome = caller.run(path)

    assert outcome.code == 2
    assert outcome.requests == []
    assert outcome.connects == []
    assert "A PATH " in outcome.failure
    assert "evil" not in outcome.err


def test_words_with_spaces_are_encoded(caller: Caller) -> None:
    """As a query in the path, or by the option for it."""
    options = ("--query", 'slug ~ "service-1"', "--sort", "-slug", "--fields", "values.slug")
    outcome = caller.run("repositories/team", *options)
    in_path = caller.run('repositories/team?q=slug ~ "service-1"&sort=-slug&fields=values.slug', *options)

    assert lines(outcome) == [{"values": [{"slug": "service-11"}, {"slug": "service-10"}]}]
    assert in_path.out == outcome.out
    assert asked(outcome)[0].count("sort=") == asked(in_path)[0].count("sort=") == 1


def test_what_is_no_json_is_printed_as_it_is(caller: Caller) -> None:
    """A diff, a file."""
    text = "diff --git a/x b/x\n+ü\n"
    caller.fault(body=text, headers={"Content-Type": "text/plain"})
    outcome = caller.run("repositories/team/hello/diff/main..x")

    assert outcome.out == text


def test_an_answer_without_a_body_prints_nothing(caller: Caller) -> None:
    """As after DELETE."""
    caller.fault(status=204, body=b"", method="DELETE")
    outcome = caller.run("repositories/team/hello/x", "--method", "delete")

    assert (outcome.code, outcome.out) == (0, "")


def test_head_asks_whether_something_is_there(caller: Caller) -> None:
    """Its answer announces a body that never comes."""
    caller.fault(kind="bytes", body=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n")
    outcome = caller.run("repositories/team/hello", "--method", "HEAD")

    assert (outcome.code, outcome.out) == (0, "")


@pytest.mark.parametrize(
    ("path", "scopes", "code", "said"),
    [
        ("workspaces", (), 5, "Bitbucket has removed this resource"),
        ("repositories/team/nothing", (), 6, "not found"),
        ("repositories/team", ("account",), 6, "The token lacks repository; it has account"),
    ],
)
def test_a_refusal_has_its_exit_code(caller: Caller, path: str, scopes: tuple[str, ...], code: int, said: str) -> None:
    """410, 404, 403: each with advice, and an empty standard output."""
    outcome = caller.run(path, BITBUCKET_ACCESS_TOKEN=caller.token(*scopes))

    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.failure


@pytest.mark.parametrize(("size", "said"), [(1024 * 1024, True), (1024 * 1024 + 1, False)])
def test_a_complaint_without_end_is_none(caller: Caller, size: int, *, said: bool) -> None:
    """To take it apart could take longer than the deadline."""
    start = '{"type": "error", "error": {"message": "That is all wrong"}, "x": "'
    caller.fault(status=400, body=start + "x" * (size - len(start) - 2) + '"}')
    outcome = caller.run("user")

    assert outcome.code == 5
    assert ("That is all wrong" in outcome.failure) == said


def test_an_expired_token_is_told_so(caller: Caller) -> None:
    """Exit 3."""
    token = caller.world.sandbox.mint_token()
    token.expire()
    outcome = caller.run("user", BITBUCKET_ACCESS_TOKEN=token.value)

    assert outcome.code == 3
    assert "The token's time is over" in outcome.failure


@pytest.mark.parametrize("variables", [{"TOKEN_URL": "https://as.example/token"}, {"ISSUER": "https://as.example"}])
def test_another_oauth_server_has_no_known_api(caller: Caller, variables: dict[str, str]) -> None:
    """Exit 2; the token is sent nowhere."""
    outcome = caller.run("user", env=variables)

    assert outcome.code == 2
    assert outcome.requests == []
    assert "which API its tokens are for is not known" in outcome.failure


def test_what_is_no_token_is_not_sent(caller: Caller) -> None:
    """A text with a space in it could be anything."""
    outcome = caller.run("user", BITBUCKET_ACCESS_TOKEN="not a token at all", secrets=["not a token at all"])

    assert outcome.code == 2
    assert outcome.requests == []


def test_masks_do_not_stand_among_the_data(caller: Caller) -> None:
    """The runner reads commands on both streams: they go to standard error."""
    outcome = run_program(caller.world, "api", "user", env={**caller.world.github(), **caller.world.consumer})

    assert outcome.code == 0
    assert len(outcome.out.splitlines()) == 1
    assert caller.world.sandbox.tokens[-1].value in outcome.masks
    assert outcome.files == {}


def test_a_token_that_the_server_repeats_is_not_printed(caller: Caller) -> None:
    """Neither in JSON, which stays JSON, nor in what is printed as it is."""
    token = caller.token()
    caller.answer({"echo": f"Bearer {token}", token: [token, 1]}, "/2.0/user")
    caller.fault("/2.0/user", body=f"you are {token}\n", headers={"Content-Type": "text/plain"})

    assert lines(caller.run("user", BITBUCKET_ACCESS_TOKEN=token)) == [{"echo": "Bearer ***", "***": ["***", 1]}]
    assert caller.run("user", BITBUCKET_ACCESS_TOKEN=token).out == "you are ***\n"


def test_data_gives_a_ci_system_no_orders(caller: Caller) -> None:
    """What would be a command in a log is the same JSON in another spelling; so are control characters."""
    value = {"name": "##vso[task.setvariable]x ##[error] \u009b\u2028 \ud800 ü 🙂 \\## ###"}
    caller.answer(value, "/2.0/user")
    outcome = caller.run("user")

    assert lines(outcome) == [value]
    assert "ü 🙂" in outcome.out
