"""Lists of Bitbucket Cloud that break the rules of its paging: read to their end, or told that they were not."""

import json

import pytest

from tests.api.conftest import API, LIST, Caller, asked, lines

TEAM = "repositories/team"
HELLO = f"{TEAM}/hello"
PIPELINES = f"/2.0/{HELLO}/pipelines"


def may_read(caller: Caller) -> dict[str, str]:
    """A token for pipelines."""
    return {"BITBUCKET_ACCESS_TOKEN": caller.token("pipeline")}


@pytest.mark.parametrize("most", [100, 50, 25, 10])
def test_a_length_that_is_refused_is_lowered(caller: Caller, most: int) -> None:
    """A hundred, fifty, twenty-five, ten; then the list is read to its end."""
    refused = [length for length in (100, 50, 25, 10) if length > most]
    error = json.dumps({"type": "error", "error": {"message": "Invalid pagelen"}})
    caller.fault(LIST, status=400, body=error, times=len(refused))
    outcome = caller.run(TEAM, "--paginate")

    assert outcome.code == 0
    assert len(lines(outcome)) == 12
    first = asked(outcome)[: len(refused) + 1]
    assert first == [f"GET {LIST}?pagelen={length}" for length in [*refused, most]]


def test_no_length_is_left(caller: Caller) -> None:
    """The refusal is told."""
    caller.fault(LIST, status=400, body='{"type": "error", "error": {"message": "Invalid pagelen"}}', times=4)
    outcome = caller.run(TEAM, "--paginate")

    assert outcome.code == 5
    assert "Invalid pagelen" in outcome.failure
    assert len(outcome.requests) == 4


@pytest.mark.parametrize("more", [(), ("--fields", "values.build_number"), ("--fields", "-size,-page,-pagelen")])
def test_a_list_that_names_no_next_page_goes_on_by_number(caller: Caller, more: tuple[str, ...]) -> None:
    """As far as its size says; pipelines are such ones."""
    outcome = caller.run(f"{HELLO}/pipelines", "--paginate", "--page-length", "10", *more, env=may_read(caller))

    assert outcome.code == 0
    assert [value["build_number"] for value in lines(outcome)] == [*range(1, 22)]
    assert len(outcome.requests) == 3


def test_it_goes_on_from_where_it_began(caller: Caller) -> None:
    """What stands before that page counts as seen."""
    outcome = caller.run(f"{HELLO}/pipelines?page=2", "--paginate", "--page-length", "10", env=may_read(caller))

    assert outcome.code == 0
    assert [value["build_number"] for value in lines(outcome)] == [*range(11, 22)]
    assert len(outcome.requests) == 2


def test_a_page_that_is_shorter_than_was_asked_for_loses_nothing(caller: Caller) -> None:
    """Neither where the answer says so, nor where it does not."""
    for said in (10, 100):
        values = [{"build_number": number} for number in range(1, 11)]
        caller.answer({"page": 1, "pagelen": said, "size": 21, "values": values}, PIPELINES)
        caller.answer({"page": 2, "pagelen": said, "size": 21, "values": values}, PIPELINES)
        caller.answer({"page": 3, "pagelen": said, "size": 21, "values": values[:1]}, PIPELINES)
        outcome = caller.run(f"{HELLO}/pipelines", "--paginate", env=may_read(caller))

        assert (outcome.code, len(lines(outcome))) == (0, 21)
        assert [one.rpartition("?")[2] for one in asked(outcome)] == [
            "pagelen=100",
            "pagelen=100&page=2",
            "pagelen=100&page=3",
        ]


def test_code_search_ends_with_a_failure_and_not_early(caller: Caller) -> None:
    """It names no page after the second, and gives a thousand of what it counts."""
    outcome = caller.run("workspaces/team/search/code?search_query=x", "--paginate")

    assert outcome.code == 5
    assert len(lines(outcome)) == 1000
    assert "gave 1000 values of a list of 1234, and no page with the rest" in outcome.failure
    assert "--query" in outcome.failure


@pytest.mark.parametrize("status", [400, 404, 403, 410, 500, 503])
def test_a_next_page_that_fails_is_asked_for_by_its_number(caller: Caller, status: int) -> None:
    """Those after it are so at once; the list is read to its end."""
    caller.answer(
        {"page": 1, "pagelen": 10, "size": 12, "values": [{}] * 10, "next": f"{API}/repositories/broken?page=2"}
    )
    caller.fault("/2.0/repositories/broken", status=status, times=None)
    outcome = caller.run(TEAM, "--paginate", "--page-length", "10")

    assert outcome.code == 0
    assert len(lines(outcome)) == 12
    assert asked(outcome) == [
        f"GET {LIST}?pagelen=10",
        "GET /2.0/repositories/broken?page=2",
        f"GET {LIST}?pagelen=10&page=2",
    ]


def test_variables_are_read_to_their_end(caller: Caller) -> None:
    """What their list names as the next page answers with an error; it is asked for once."""
    found = caller.world.sandbox.repositories.of("team")[0].variables
    found += [{"key": f"K{n}", "value": "V", "secured": False, "uuid": f"{{{n}}}"} for n in range(35)]
    outcome = caller.run(f"{HELLO}/pipelines_config/variables", "--paginate", "--page-length", "10")

    assert outcome.code == 0
    assert [value["key"] for value in lines(outcome)] == [f"K{n}" for n in range(35)]
    assert len(outcome.requests) == 5


def test_a_list_that_goes_by_a_cursor_has_no_numbers(caller: Caller) -> None:
    """It is followed; where that fails, the failure is told, and no number is tried."""
    path = f"/2.0/{HELLO}/commits"
    outcome = caller.run(f"{HELLO}/commits", "--paginate", "--page-length", "10")
    assert (outcome.code, len({value["hash"] for value in lines(outcome)})) == (0, 25)

    for counted in ({}, {"page": 1, "size": 25}):
        caller.answer({**counted, "pagelen": 10, "values": [{}] * 10, "next": f"{API}/{HELLO}/commits?page=dbtR"}, path)
        outcome = caller.run(f"{HELLO}/commits", "--paginate")

        assert (outcome.code, len(lines(outcome))) == (5, 10)
        assert "Invalid page" in outcome.failure
        assert [one.rpartition("?")[2] for one in asked(outcome)] == ["pagelen=100", "page=dbtR"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"size": 21}, None),
        ({"size": 21, "page": 1}, {"size": 21, "page": 1, "values": [{}] * 10}),
        ({"size": 21, "page": 1}, {"size": 21, "page": 2, "values": []}),
        ({"size": 21, "page": 1}, {"size": 21, "values": [{}] * 10}),
        ({"size": 21, "page": "1"}, None),
        ({"size": 21, "page": True}, None),
        ({"size": 21, "page": 1}, {"message": "This is not here."}),
    ],
)
def test_a_list_that_cannot_be_read_on_fails(caller: Caller, first: dict[str, object], second: object) -> None:
    """Exit 5: how many came, and of how many. What came is printed."""
    caller.answer({**first, "values": [{}] * 10}, PIPELINES)
    caller.answer(second, PIPELINES, status=404 if second and "message" in str(second) else 200)
    outcome = caller.run(f"{HELLO}/pipelines", "--paginate", env=may_read(caller))

    assert (outcome.code, len(lines(outcome))) == (5, 10)
    assert "gave 10 values of a list of 21, and no page with the rest" in outcome.failure
    assert len(outcome.requests) == (1 if second is None else 2)


@pytest.mark.parametrize("size", [None, 10, 9, 0, -1, "21", True])
def test_a_size_that_asks_for_no_more_ends_the_list(caller: Caller, size: object) -> None:
    """Nor does one that is no number."""
    caller.answer({"size": size, "page": 1, "pagelen": 10, "values": [{}] * 10}, PIPELINES)
    outcome = caller.run(f"{HELLO}/pipelines", "--paginate", env=may_read(caller))

    assert (outcome.code, len(outcome.requests)) == (0, 1)
