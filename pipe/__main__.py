"""`python -m pipe`, and the console script."""

import os
import signal
from typing import NoReturn


def start() -> NoReturn:
    """Make the process ready, and only then import the program, which takes most of the time that it needs to begin."""
    # Until the program catches them itself: end at once, without a traceback, also as the first process of a container.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: os._exit(128 + number))
    # TLS would write the keys of its connections there, for whoever recorded them to read. Some versions of requests
    # make what holds the keys when they are imported (2.32.4 does).
    os.environ.pop("SSLKEYLOGFILE", None)

    from pipe.cli.main import entry  # noqa: PLC0415

    entry()


if __name__ == "__main__":
    start()
