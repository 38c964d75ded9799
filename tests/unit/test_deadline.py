"""The one clock of a run."""

import time

from hypothesis import given
from hypothesis import strategies as st

from pipe.http.retry import Deadline


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_counts_down_to_zero_and_no_further() -> None:
    """What waits for the rest of it never waits for less than nothing."""
    clock = Clock()
    deadline = Deadline(120, clock=clock)

    remaining = []
    for clock.now in (1000.0, 1000.5, 1119.0, 1120.0, 5000.0):
        remaining.append(deadline.remaining())

    assert remaining == [120, 119.5, 1, 0, 0]
    assert deadline.seconds == 120


def test_it_can_have_begun_before() -> None:
    """What was read before the inputs told the deadline counts as well."""
    assert Deadline(120, start=990.0, clock=Clock()).remaining() == 110


@given(st.floats(0.1, 86_400), st.lists(st.floats(0, 86_400)))
def test_it_only_ever_gets_less(seconds: float, steps: list[float]) -> None:
    """The clock is one that nobody sets back."""
    clock = Clock()
    deadline = Deadline(seconds, clock=clock)
    before = deadline.remaining()
    for step in steps:
        clock.now += step
        assert 0 <= deadline.remaining() <= before
        before = deadline.remaining()


def test_by_itself_it_uses_the_machines_monotonic_clock() -> None:
    """Setting the time of day does not lengthen a run."""
    before = time.monotonic()
    deadline = Deadline(1000)

    assert 0 <= 1000 - deadline.remaining() <= time.monotonic() - before
