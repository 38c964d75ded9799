"""What all unit tests share: a moderate number of examples, and a log and a server that can be looked at."""

import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import settings

from pipe.http.client import Http
from pipe.http.context import Context
from pipe.http.retry import RetryPolicy
from pipe.redaction.log import Log
from tests.unit.server import Server

_MODERATE = settings(max_examples=80, print_blob=True)


@pytest.fixture(autouse=True, scope="package")
def moderate_examples() -> Iterator[None]:
    """Set the number of examples for this folder alone; a test that wants another says so itself."""
    before = settings()
    settings.register_profile("unit", _MODERATE)
    settings.load_profile("unit")
    yield
    settings.register_profile("before unit", before)
    settings.load_profile("before unit")


class Written:
    """A log, and what was written to each of its streams."""

    def __init__(self) -> None:
        self.out = StringIO()
        self.err = StringIO()
        self.log = Log(self.out, self.err)

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.getvalue().splitlines()

    @property
    def failures(self) -> list[str]:
        """The lines of standard error."""
        return self.err.getvalue().splitlines()


def context_of(
    http: Http,
    log: Log | None = None,
    *,
    cwd: Path = Path("/"),
    max_attempts: int = 1,
    has_outputs: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Context:
    """Return what a grant or a store acts with; without a `log`, it says what it says into the void."""
    log = log or Written().log
    return Context(
        http,
        log,
        RetryPolicy(max_attempts, http.deadline, log.line, sleep),
        mask_in_ci=lambda _masks: None,
        warn=log.line,
        set_output=lambda _name, _value: None,
        has_outputs=has_outputs,
        cwd=cwd,
    )


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
