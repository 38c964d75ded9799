"""What all unit tests share: a moderate number of examples, and a log and a server that can be looked at."""

from collections.abc import Iterator
from io import StringIO
from threading import Thread

import pytest
from hypothesis import settings

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
