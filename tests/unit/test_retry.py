"""Which failures are worth another try, and when (`pipe.http.retry`)."""

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.errors import AnswerError, PipeError, RefusedError, UnfitTokenError, UnreachableError
from pipe.http.retry import FIRST_WAIT, LONGEST_WAIT, Deadline, RetryPolicy, with_retries


def trouble(
    *, retry_after: float | None = None, again: bool = True, what: str = "The server is in trouble."
) -> PipeError:
    return AnswerError(what, "It is overloaded.", "Wait.", again=again, retry_after=retry_after)


class World:
    """A clock that only sleeping and answering move, and what the run did with it."""

    def __init__(self, *, deadline: float = 120.0, max_attempts: int | None = 5, answer_takes: float = 0.0) -> None:
        self.now = 0.0
        self.deadline = Deadline(deadline, clock=lambda: self.now)
        self.max_attempts = max_attempts
        self.answer_takes = answer_takes
        self.attempts = 0
        self.waits: list[float] = []
        self.announced: list[str] = []
        self.order: list[str] = []

    def run(self, outcomes: Iterable[PipeError | str]) -> str:
        """Let each attempt end in the next of `outcomes`."""
        left: Iterator[PipeError | str] = iter(outcomes)

        def attempt() -> str:
            self.attempts += 1
            self.order.append("attempt")
            self.now += self.answer_takes
            outcome = next(left)
            if isinstance(outcome, PipeError):
                raise outcome
            return outcome

        return with_retries(attempt, self.policy)

    @property
    def policy(self) -> RetryPolicy:
        """How long this run tries."""
        return RetryPolicy(self.max_attempts, self.deadline, self._announce, self._sleep)

    def _announce(self, line: str) -> None:
        self.order.append("announce")
        self.announced.append(line)

    def _sleep(self, seconds: float) -> None:
        self.order.append("sleep")
        self.waits.append(seconds)
        self.now += seconds


def failed(world: World, outcomes: Iterable[PipeError | str]) -> PipeError:
    with pytest.raises(PipeError) as caught:
        world.run(outcomes)
    return caught.value


def test_what_succeeds_at_once_is_tried_once() -> None:
    """Nothing is announced, nothing is waited for."""
    world = World()

    assert world.run(["token"]) == "token"
    assert (world.attempts, world.waits, world.announced) == (1, [], [])


@pytest.mark.parametrize("error", [RefusedError, UnfitTokenError, AnswerError, UnreachableError])
def test_a_failure_that_no_other_try_helps_is_final(error: type[PipeError]) -> None:
    """Wrong credentials are tried once: more could lock the consumer."""
    world = World()
    final = error("What.", "Why.", "Now.")

    assert failed(world, [final, "token"]) is final
    assert (world.attempts, world.announced) == (1, [])


@pytest.mark.parametrize("error", [AnswerError, UnreachableError])
def test_a_failure_that_another_try_helps_is_tried_again(error: type[PipeError]) -> None:
    """Until it succeeds."""
    world = World()
    passing = error("What.", "Why.", "Now.", again=True)

    assert world.run([passing, passing, "token"]) == "token"
    assert world.attempts == 3


def test_a_defect_is_not_tried_again() -> None:
    """Only failures that say so are."""
    world = World()

    def broken() -> Iterator[str]:
        yield from ()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.run(broken())
    assert world.attempts == 1


@pytest.mark.parametrize("max_attempts", [1, 2, 5])
def test_the_last_failure_is_told_when_the_attempts_run_out(max_attempts: int) -> None:
    """As it came, and not wrapped into another."""
    world = World(max_attempts=max_attempts, deadline=1000)
    failures = [trouble(what=f"Failure {number}.") for number in range(1, 10)]

    assert failed(world, failures) is failures[max_attempts - 1]
    assert world.attempts == max_attempts
    assert len(world.waits) == len(world.announced) == max_attempts - 1


def test_a_final_failure_ends_the_tries() -> None:
    """A server that recovers and then refuses has refused."""
    world = World()
    final = RefusedError("What.", "Why.", "Now.")

    assert failed(world, [trouble(), final, "token"]) is final


def test_each_wait_is_announced_before_it_begins() -> None:
    """In one line: which attempt, what happened, how long."""
    world = World()
    world.run([trouble(), trouble(retry_after=7), "token"])

    assert world.order == ["attempt", "announce", "sleep", "attempt", "announce", "sleep", "attempt"]
    assert world.announced[1] == "Attempt 2 of 5: The server is in trouble. Next try in 7.0 s."
    assert world.announced[0].startswith("Attempt 1 of 5: The server is in trouble. Next try in 0.")
    assert not any("\n" in line for line in world.announced)


@given(st.integers(2, 12))
def test_waits_are_exponential_with_full_jitter(attempts: int) -> None:
    """The n-th lies between nothing and half a second doubled n times, at most eight seconds."""
    world = World(max_attempts=attempts, deadline=86_400)
    failed(world, [trouble()] * attempts)

    assert len(world.waits) == attempts - 1
    assert all(0 <= wait <= min(8, 0.5 * 2**number) for number, wait in enumerate(world.waits))
    assert (FIRST_WAIT, LONGEST_WAIT) == (0.5, 8)


@pytest.mark.parametrize(("number", "longest"), [(0, 0.5), (1, 1), (2, 2), (4, 8), (5, 8), (9, 8)])
def test_the_whole_range_is_used(number: int, longest: float) -> None:
    """Jobs that failed together do not come back together."""
    waits = []
    for _ in range(60):
        world = World(max_attempts=number + 2, deadline=86_400)
        failed(world, [trouble()] * (number + 2))
        waits.append(world.waits[number])

    assert min(waits) < longest * 0.2
    assert longest * 0.8 < max(waits) <= longest


@pytest.mark.parametrize("seconds", [0, 0.5, 1, 45, 119])
def test_the_server_says_how_long_to_wait(seconds: float) -> None:
    """`Retry-After` counts to the second, longer than the program's own longest wait or shorter."""
    world = World()
    world.run([trouble(retry_after=seconds), "token"])

    assert world.waits == [seconds]


@pytest.mark.parametrize("seconds", [120, 121, 3600, 1e9])
def test_a_wait_that_does_not_fit_ends_the_run_at_once(seconds: float) -> None:
    """Exit 5, and the user learns when to come back."""
    world = World()
    error = failed(world, [trouble(retry_after=seconds), "token"])

    assert isinstance(error, AnswerError)
    assert error.exit_code == 5
    assert f"in {seconds:.0f} s" in error.what
    assert f"in {seconds:.0f} s" in error.now
    assert "deadline of 120 s" in error.what
    assert "The server is in trouble." in error.what
    assert (world.attempts, world.waits, world.announced) == (1, [], [])


def test_what_fits_depends_on_what_is_left() -> None:
    """The first wait fits; of the deadline, then, too little is left for the second."""
    world = World()

    assert "after this run's deadline" in failed(world, [trouble(retry_after=70), trouble(retry_after=70)]).what
    assert world.waits == [70]


@given(
    st.lists(st.none() | st.floats(0, 200), min_size=1, max_size=20),
    st.floats(0.1, 200),
    st.integers(1, 15),
    st.floats(0, 40),
)
def test_no_wait_goes_beyond_the_deadline(
    waits: list[float | None], deadline: float, max_attempts: int, answer_takes: float
) -> None:
    """Whatever the server asks for, a wait begins only if it ends in time, and never more attempts are made."""
    world = World(deadline=deadline, max_attempts=max_attempts, answer_takes=answer_takes)
    with suppress(AnswerError):
        world.run([*(trouble(retry_after=wait) for wait in waits), "token"])

    assert world.now <= deadline + answer_takes
    assert world.attempts <= max_attempts
    assert len(world.announced) <= len(world.waits) == world.attempts - 1


def test_time_that_ran_out_tells_the_last_failure() -> None:
    """There is no other try to wait for."""
    world = World(deadline=1, answer_takes=2)
    last = trouble()

    assert failed(world, [last, "token"]) is last
    assert world.waits == []


def test_trouble_says_more_than_the_deadline_after_it() -> None:
    """The server answered 503 before; that its next answer came too late explains nothing."""
    late = UnreachableError("No whole answer within the deadline.", "It is slow.", "Wait.")
    refused = UnreachableError("It refused the connection.", "It is down.", "Wait.", again=True)

    error = failed(World(deadline=4, answer_takes=2), [trouble(), late])
    assert (type(error), error.what) == (AnswerError, "The server is in trouble.")
    assert failed(World(deadline=4, answer_takes=2), [refused, late]) is late
    assert failed(World(max_attempts=2), [trouble(), refused]) is refused


@pytest.mark.parametrize(("takes", "rate_limited"), [(0.0, False), (0.1, False), (10.0, False), (0.0, True)])
def test_ninety_seconds_without_the_server_are_outlived(takes: float, rate_limited: bool) -> None:
    """With the usual deadline: 503, refused connections, silence (each attempt times out), refusals for the rate."""
    for seed in range(200):
        random.seed(seed)
        world = World(max_attempts=None)

        def attempt(world: World = world) -> str:
            world.attempts += 1
            if world.now >= 90:
                return "token"
            world.now += takes
            raise AnswerError("Trouble.", "So.", "Wait.", again=True, rate_limited=rate_limited)

        assert with_retries(attempt, world.policy) == "token"
        assert world.now < 120
        assert len(world.announced) <= 12


def test_what_is_left_of_the_deadline_is_used() -> None:
    """A wait that would end too late is cut, so that there is time for a last attempt."""
    for seed in range(50):
        random.seed(seed)
        world = World(max_attempts=None, deadline=10)
        error = failed(world, [AnswerError("No.", "So.", "Wait.", again=True, rate_limited=True)] * 100)

        assert error.what == "No."
        assert world.now == pytest.approx(9)


def test_a_refusal_for_the_rate_waits_for_longer() -> None:
    """Its allowance has to refill: the n-th wait lies below four seconds doubled n times, at most twenty."""
    waits: list[list[float]] = []
    for seed in range(100):
        random.seed(seed)
        world = World(max_attempts=5, deadline=86_400)
        failed(world, [AnswerError("No.", "So.", "Wait.", again=True, rate_limited=True)] * 5)
        waits.append(world.waits)

    longest = [max(found[number] for found in waits) for number in range(4)]
    assert all(bound * 0.8 < most <= bound for most, bound in zip(longest, (4, 8, 16, 20), strict=True))


def test_a_long_wait_is_told_in_a_dozen_lines() -> None:
    """The first waits each, then ever less often; once, for how long it goes on."""
    random.seed(1)
    world = World(max_attempts=None, deadline=3600)
    failed(world, [trouble()] * 5000)

    assert world.attempts > 500
    assert 6 <= len(world.announced) <= 16
    assert world.announced[0].startswith("Attempt 1: The server is in trouble. Next try in 0.")
    assert sum("It is tried for" in line for line in world.announced) == 1
