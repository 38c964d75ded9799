"""The pace of requests, on a clock of the test's own."""

import pytest

from pipe.errors import AnswerError
from pipe.http.retry import Deadline
from pipe.verbs.api.pace import Pace


class Clock:
    """Goes on only while somebody sleeps."""

    def __init__(self, deadline: float = 10_000) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.pace = Pace(Deadline(deadline, clock=self.read), self.said.append, self.sleep, self.read)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def starts(self, count: int) -> list[float]:
        """When the next requests go."""
        found = []
        for _ in range(count):
            self.pace.wait()
            found.append(round(self.now, 3))
        return found


def data_center(left: int, *, limit: str = "60", interval: str = "5", rate: str = "5") -> dict[str, str]:
    return {
        "X-RateLimit-Limit": limit,
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Interval-Seconds": interval,
        "X-RateLimit-FillRate": rate,
    }


def test_nothing_waits_before_the_server_says_so() -> None:
    """Most servers say nothing of an allowance."""
    clock = Clock()
    clock.pace.note({})
    clock.pace.note({"X-RateLimit-Limit": "1000", "X-RateLimit-Resource": "api"})

    assert clock.starts(3) == [0, 0, 0]
    assert clock.said == []


@pytest.mark.parametrize(
    ("limit", "between"), [("1000", 3.6), ("3600", 1), ("x", 3.6), ("", 3.6), ("-1", 3.6), ("0", 3.6)]
)
def test_clouds_allowance_is_that_of_an_hour(limit: str, between: float) -> None:
    """A limit that is none is taken for the usual one."""
    clock = Clock()
    clock.pace.note({"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": limit})

    assert clock.starts(3) == [between, 2 * between, pytest.approx(3 * between)]
    assert clock.said == [f"The server's allowance runs low: from now on one request every {between:.1f} s."]


@pytest.mark.parametrize(
    ("headers", "starts"),
    [
        (data_center(12), [1, 2]),
        (data_center(13), [0, 0]),
        (data_center(0, rate="10", interval="1"), [0.1, 0.2]),
        (data_center(5, limit=""), [1, 2]),
        (data_center(26, limit=""), [0, 0]),
        (data_center(0, rate="0"), [0, 0]),
        (data_center(0, interval="soon"), [0, 0]),
    ],
)
def test_a_data_center_fills_up_its_allowance(headers: dict[str, str], starts: list[float]) -> None:
    """So many every so many seconds, once a fifth or less is left."""
    clock = Clock()
    clock.pace.note(headers)

    assert clock.starts(2) == starts


def test_it_is_said_once_and_ends_when_the_server_says_so() -> None:
    """The allowance of an hour ago comes back."""
    clock = Clock()
    near = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": "3600"}
    clock.pace.note(near)
    assert clock.starts(1) == [1]
    clock.pace.note({"X-RateLimit-NearLimit": "false"})
    assert clock.starts(2) == [1, 1]
    clock.pace.note(near)
    assert clock.starts(1) == [2]
    assert len(clock.said) == 1


def test_a_wait_that_does_not_fit_is_a_failure() -> None:
    """Told at once, without the wait."""
    clock = Clock(deadline=3)
    clock.pace.note({"X-RateLimit-NearLimit": "true"})

    with pytest.raises(AnswerError, match="beyond the deadline"):
        clock.pace.wait()
    assert clock.now == 0
