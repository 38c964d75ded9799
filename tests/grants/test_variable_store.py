"""A variable keeps a new refresh token, whatever the list of the variables does."""

import json

import pytest

from sandbox import Fault
from tests.grants.test_refresh_token import VARIABLES, refresh, values, variables
from tests.program import World


def filled(world: World, count: int) -> list[dict[str, object]]:
    """Variables of other names, and behind them the one for the refresh token."""
    found = variables(world.sandbox)
    names = [*(f"OTHER_{number}" for number in range(count)), "REFRESH"]
    found += [{"key": name, "value": "old", "secured": True, "uuid": f"{{{name}}}"} for name in names]
    return found


def listing(**more: object) -> str:
    """An answer with the first ten of twenty-one variables."""
    return json.dumps({"values": [{"key": f"OTHER_{number}", "uuid": f"{{{number}}}"} for number in range(10)], **more})


NEXT = "https://api.bitbucket.org" + VARIABLES
COUNTED = {"page": 1, "pagelen": 10, "size": 21}


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([], id="as Bitbucket does: what is named as the next page is none"),
        pytest.param([Fault(f"{VARIABLES}variables", status=500, times=None)], id="it answers 500"),
        pytest.param([Fault(f"{VARIABLES}variables", status=503, times=None)], id="it answers 503"),
        pytest.param([Fault(VARIABLES, status=400)], id="a page of 100 is refused"),
        pytest.param([Fault(VARIABLES, status=400, times=3)], id="all but 10 are refused"),
        pytest.param([Fault(VARIABLES, body=listing(**COUNTED))], id="no next page is named"),
        pytest.param([Fault(VARIABLES, body=listing(**COUNTED, next=f"{NEXT}x?page=2"))], id="shortened, and broken"),
        pytest.param([Fault(VARIABLES, body=listing(), method="GET", times=2)], id="nothing is said of the length"),
        pytest.param(
            [Fault(VARIABLES, body=listing(page=1, size=10), method="GET", times=2)], id="a lie is told of the size"
        ),
        pytest.param([Fault(VARIABLES, body=listing(next=f"{NEXT}?page=dbtR"))], id="a cursor is named, and broken"),
        pytest.param([Fault(VARIABLES, status=400, times=4)], id="every length is refused"),
    ],
)
def test_a_variable_is_found_whatever_page_it_is_on(world: World, faults: list[Fault]) -> None:
    """Nothing that a list does keeps the new refresh token from its variable, and none is made twice."""
    found = filled(world, 120)
    world.sandbox.faults.add(*faults)
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 0
    assert {variable["key"]: variable["value"] for variable in found if variable["value"] != "old"} == {
        "REFRESH": list(world.sandbox.refresh_tokens)[-1]
    }
    assert len(found) == 121


@pytest.mark.parametrize("count", [9, 10, 11, 99, 100, 101, 250])
def test_a_variable_that_is_not_there_is_made_behind_any_number(world: World, count: int) -> None:
    """All pages were looked at first; each of them once."""
    found = filled(world, count)
    del found[-1]
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 0
    assert values(found)["REFRESH"] == list(world.sandbox.refresh_tokens)[-1]
    pages = [request.query for request in outcome.requests if request.path == VARIABLES and request.method == "GET"]
    assert pages == ["pagelen=100", *(f"pagelen=100&page={number}" for number in range(2, (count + 99) // 100 + 1))]


def test_a_variable_that_is_there_and_nowhere_listed(world: World) -> None:
    """Exit 7: that it is there, what to do, and how to get at a refresh token."""
    filled(world, 3)
    world.sandbox.faults.add(Fault(VARIABLES, body='{"values": []}', method="GET", times=None))
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 7
    assert "A variable with this key already exists" in outcome.failure
    assert "choose another name" in outcome.failure
    assert "about ten minutes" in outcome.failure
    assert "bitbucket-token login" in outcome.failure


def test_a_list_that_gives_one_page_for_every_number_ends(world: World) -> None:
    """What is there twice is not looked through for ever."""
    filled(world, 120)
    world.sandbox.faults.add(Fault(VARIABLES, body=listing(), method="GET", times=None))
    outcome = refresh(world, "repository:team/hello/REFRESH")

    assert outcome.code == 7
    assert len(outcome.requests) == 5
