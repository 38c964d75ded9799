"""Signals as exceptions: interrupts, and an alarm for what has no limit of its own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pipe.errors import OutOfTime, RunEnded
from pipe.http.retry import Deadline

# Seconds. Other limits end nearly everything before the alarm does, also on a machine that is busy with something else.
# It rings again, for its own message can hang too.
_ALARM_AFTER_DEADLINE = 1.0
_LAST_WORDS = 1.0
# Times that the alarm rings in vain while something is done to its end.
_MOST_UNHEARD = 5


class Interrupted(RunEnded):
    """A signal asked this program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.name = signal.Signals(number).name


class Signals:
    """Has the first SIGINT or SIGTERM raise `Interrupted` wherever the program is, and SIGALRM raise `OutOfTime`."""

    def __init__(self) -> None:
        self._holding = False
        self._held = 0
        self._unheard = 0

    def catch(self) -> None:
        """Begin to catch the signals."""
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._interrupt)
        signal.signal(signal.SIGALRM, self._ring)

    def ring_at(self, deadline: Deadline) -> None:
        """Set the alarm."""
        signal.setitimer(signal.ITIMER_REAL, deadline.remaining() + _ALARM_AFTER_DEADLINE, _LAST_WORDS)

    def be_quiet(self) -> None:
        """Turn the alarm off."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let what is in the block be done to its end; an interrupt that comes meanwhile counts after it.

        The alarm counts only if the block takes longer than some seconds: then it hangs.
        """
        self._holding = True
        self._unheard = 0
        try:
            yield
        finally:
            self._holding = False
            if self._held:
                self._raise(self._held)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signal module's form
        signal.signal(signal.SIGINT, _ignore)
        signal.signal(signal.SIGTERM, _ignore)
        if self._holding:
            self._held = number
        else:
            self._raise(number)

    def _raise(self, number: int) -> NoReturn:
        signal.setitimer(signal.ITIMER_REAL, _LAST_WORDS, _LAST_WORDS)
        raise Interrupted(number)

    def _ring(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._unheard += 1
        if not self._holding or self._unheard > _MOST_UNHEARD:
            raise OutOfTime


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing. SIG_IGN would not do: Python complains aloud of a signal that was on its way when it was set."""
