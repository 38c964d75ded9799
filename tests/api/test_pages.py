"""Lists to their end, and lists that have none."""

import json
from typing import Any

import pytest

from sandbox import Fault
from tests.api.conftest import API, LIST, Caller, asked, lines

TEAM = "repositories/team"


def test_a_list_is_followed_to_its_end(caller: Caller) -> None:
    """Each value is a line, in the list's order."""
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10")

    assert outcome.code == 0
    assert [value["slug"] for value in lines(outcome)] == ["hello", *(f"service-{n:02}" for n in range(1, 12))]
    assert asked(outcome) == [f"GET {LIST}?pagelen=10", f"GET {LIST}?pagelen=10&page=2"]
    assert outcome.told.endswith("Got 12 values on 2 pages.\n")


def test_pages_are_as_long_as_the_server_allows(caller: Caller) -> None:
    """A hundred values; where that is refused, fifty."""
    outcome = caller.run(f"{TEAM}/hello/pullrequests", "--paginate")

    assert outcome.code == 0
    assert [one.rpartition("?")[2] for one in asked(outcome)] == ["pagelen=100", "pagelen=50"]


def test_a_length_that_was_asked_for_is_kept(caller: Caller) -> None:
    """The refusal is told."""
    outcome = caller.run(f"{TEAM}/hello/pullrequests?pagelen=77", "--paginate", "--page-length", "20")

    assert outcome.code == 5
    assert asked(outcome) == ["GET /2.0/repositories/team/hello/pullrequests?pagelen=77"]
    assert "Invalid page" in outcome.failure


@pytest.mark.parametrize(
    "arguments",
    [(TEAM, "--fields", "values.slug"), (f"{TEAM}?fields=values.slug",), (f"{TEAM}?fields=values.slug,next",)],
)
def test_wanted_fields_do_not_end_the_list_early(caller: Caller, arguments: tuple[str, ...]) -> None:
    """`next` is always among them."""
    outcome = caller.run(*arguments, "--paginate", "--page-length", "10")

    assert len(lines(outcome)) == 12
    assert lines(outcome)[0] == {"slug": "hello"}


def test_fields_that_are_only_left_out_stay_as_they_are(caller: Caller) -> None:
    """There is nothing to be added."""
    outcome = caller.run(TEAM, "--paginate", "--fields", "-values.links,-values.mainbranch")

    assert set(lines(outcome)[0]) == {"type", "uuid", "full_name", "slug", "is_private"}
    assert "next" not in asked(outcome)[0]


@pytest.mark.parametrize("fields", ["-next", "values.slug,-next", "-values.links,-next"])
def test_the_next_page_cannot_be_left_out(caller: Caller, fields: str) -> None:
    """The list would end after its first page, and nobody would see that."""
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10", "--fields", fields)

    assert outcome.code == 0
    assert len(lines(outcome)) == 12


def test_what_is_no_list_is_one_value(caller: Caller) -> None:
    """As it came."""
    outcome = caller.run(f"{TEAM}/hello?fields=slug", "--paginate")

    assert lines(outcome) == [{"slug": "hello"}]


@pytest.mark.parametrize(
    "following",
    [
        *("https://evil.example/2.0/x", "http://api.bitbucket.org/2.0/x", "https://api.bitbucket.org:444/2.0/x"),
        *("https://api.bitbucket.org@evil.example/", "https://u:p@api.bitbucket.org/", "//evil.example/x", "/2.0/x"),
        *("https://api.bitbucket.org.evil.example/x", "https://api.bitbucket.org\\@evil.example/", 7, ["x"], ""),
        *("https://api.bitbucket.org\t.evil.example/x", "https://api.bitbucket.org/x#y", "https://[::1", "x" * 20_000),
    ],
)
def test_the_token_does_not_follow_a_next_page_elsewhere(caller: Caller, following: object) -> None:
    """What came before is printed; exit 5."""
    caller.answer({"values": [1, 2], "next": following})
    outcome = caller.run(TEAM, "--paginate")

    assert outcome.code == 5
    assert outcome.out == "1\n2\n"
    assert len(outcome.requests) == 1
    assert set(outcome.connects) == {"api.bitbucket.org:443 200"}
    assert "as the next page: it does not get the token" in outcome.failure
    assert "evil" not in outcome.err


def test_a_page_that_names_itself_as_the_next_ends_the_list(caller: Caller) -> None:
    """At its second time."""
    for page in (2, 2):
        caller.answer({"values": [page], "next": f"{API}/repositories/team?page={page}"})
    outcome = caller.run(TEAM, "--paginate")

    assert outcome.code == 5
    assert len(outcome.requests) == 2
    assert "a page that was there before" in outcome.failure


def test_so_does_a_circle_of_several_pages(caller: Caller) -> None:
    """It is noticed in its second round, or not long after."""
    for turn in range(30):
        caller.answer({"values": [], "next": f"{API}/repositories/team?page={turn % 5}"})
    outcome = caller.run(TEAM, "--paginate")

    assert outcome.code == 5
    assert len(outcome.requests) < 20
    assert "a page that was there before" in outcome.failure


@pytest.mark.parametrize("page", [[], [{}], "x", 1, None, {"values": {}}, {"values": None}, {"values": "ab"}])
def test_a_page_that_is_none_is_told(caller: Caller, page: object) -> None:
    """Exit 5; nothing is printed."""
    caller.answer(page)
    outcome = caller.run(TEAM, "--paginate")

    assert (outcome.code, outcome.out) == (5, "")
    assert "no page of a list" in outcome.failure


def test_a_later_page_without_values_is_none_either(caller: Caller) -> None:
    """It was a list once."""
    caller.answer({"values": [1], "next": f"{API}/repositories/team?page=2"})
    caller.answer({"message": "hello"})
    outcome = caller.run(TEAM, "--paginate")

    assert (outcome.code, outcome.out) == (5, "1\n")


@pytest.mark.parametrize("body", ['{"values": [1, 2', "[" * 100_000, '{"a": 1' + "0" * 5000 + "}", "\xff{}"])
@pytest.mark.parametrize("more", [(), ("--paginate",)])
def test_json_that_is_none_is_told(caller: Caller, body: str, more: tuple[str, ...]) -> None:
    """Cut off, nested absurdly deep, a number without end, not UTF-8: exit 5, and no half line."""
    caller.world.sandbox.faults.add(Fault(LIST, body=body.encode("latin-1").decode("latin-1"), times=None))
    outcome = caller.run(TEAM, *more)

    assert (outcome.code, outcome.out) == (5, "")


@pytest.mark.parametrize("value", ["NaN", "1e999", '{"a": [-Infinity]}'])
def test_a_number_that_json_cannot_tell_is_none(caller: Caller, value: str) -> None:
    """Nothing is printed that the next program could not read."""
    caller.answer(f'{{"values": [1, {value}]}}')
    outcome = caller.run(TEAM, "--paginate")

    assert (outcome.code, outcome.out) == (5, "")


@pytest.mark.parametrize("kind", ["close", "reset", "truncated", "reset-body"])
def test_a_list_goes_on_where_the_connection_broke(caller: Caller, kind: Any) -> None:
    """In the middle, and without a line twice."""
    caller.answer({"values": [1], "next": f"{API}/repositories/team?page=2"})
    caller.fault(kind=kind, body=json.dumps({"values": [3]}) if "body" in kind or "trunc" in kind else None)
    caller.answer({"values": [2]})
    outcome = caller.run(TEAM, "--paginate")

    assert (outcome.code, outcome.out) == (0, "1\n2\n")
    assert len(outcome.requests) == 3


def test_a_kept_connection_that_the_server_closed_is_no_failure(caller: Caller) -> None:
    """Nothing is said of it, and no attempt is counted."""
    caller.answer({"values": [*range(10)], "next": f"{API}/repositories/team?pagelen=10&page=2"})
    caller.fault(kind="close")
    outcome = caller.run(TEAM, "--paginate", MAX_ATTEMPTS="1")

    assert outcome.code == 0
    assert "Attempt" not in outcome.told


def test_but_one_that_stays_silent_is_not_asked_twice(caller: Caller) -> None:
    """It may be answering still, and `timeout` would not be what it says."""
    caller.answer({"values": [1], "next": f"{API}/repositories/team?page=2"})
    caller.fault(kind="silence", times=None)
    outcome = caller.run(TEAM, "--paginate", MAX_ATTEMPTS="1", TIMEOUT="2")

    assert outcome.code == 4
    assert len(outcome.requests) == 2
    assert "did not answer within 2 s" in outcome.failure


def test_all_pages_come_over_one_connection(caller: Caller) -> None:
    """One TLS handshake."""
    before = caller.world.sandbox.connections
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10")

    assert len(outcome.requests) == 2
    assert caller.world.sandbox.connections - before == 1


@pytest.mark.parametrize(("size", "code"), [(64 * 1024 * 1024, 0), (64 * 1024 * 1024 + 1, 5)])
def test_an_answer_may_have_64_mebibytes_and_no_more(caller: Caller, size: int, code: int) -> None:
    """Counted after decompression."""
    caller.fault(kind="gzip", body=b'{"values": ["' + b"x" * (size - 16) + b'"]}')
    outcome = caller.run(TEAM, "--paginate", TIMEOUT="20")

    assert outcome.code == code
    assert len(outcome.out) == (size - 13 if not code else 0)
    assert code == 0 or "more than 67108864 bytes" in outcome.failure


@pytest.mark.parametrize("arguments", [("--method", "POST"), ("--field", "a=b"), ("--method", "HEAD")])
def test_only_what_is_got_has_pages(caller: Caller, arguments: tuple[str, ...]) -> None:
    """Exit 2."""
    outcome = caller.run(TEAM, "--paginate", *arguments)

    assert outcome.code == 2
    assert outcome.requests == []


@pytest.mark.parametrize("length", ["0", "101", "-1", "x", "1e2"])
def test_a_page_length_is_what_the_server_allows(caller: Caller, length: str) -> None:
    """Exit 2."""
    outcome = caller.run(TEAM, f"--page-length={length}")

    assert outcome.code == 2
    assert "1 to 100" in outcome.failure


@pytest.mark.sandbox(more_repositories=20_000)
def test_memory_does_not_grow_with_the_list(caller: Caller) -> None:
    """Two hundred pages take what ten do. The last of the ten is late, so that the ten are seen at their largest."""
    caller.fault(LIST, kind="delay", seconds=0.0, times=9)
    caller.fault(LIST, kind="delay", seconds=1.0)
    short = caller.run(f"{TEAM}?page=192", "--paginate", "--page-length", "100")
    long = caller.run(TEAM, "--paginate", "--page-length", "100")

    assert len(short.out.splitlines()) == 912
    assert len(long.out.splitlines()) == 20_012
    assert long.peak < short.peak * 1.1
