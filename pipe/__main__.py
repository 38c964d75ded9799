"""`python -m pipe`."""

import os
import signal

# Until the program catches them itself: end at once, without a traceback, also as the first process of a container.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _frame: os._exit(128 + number))

from pipe.cli.main import entry  # noqa: E402 - importing it takes most of the time that a signal could come in

entry()
