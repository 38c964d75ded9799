"""What the tests do about signals that whoever started them has ignored or blocked."""

import signal
from collections.abc import Callable
from types import FrameType

_HEEDED: dict[int, Callable[[int, FrameType | None], object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
}


def as_in_a_fresh_shell() -> None:
    """Let each program that is started from now on find every signal as a login shell would: not ignored, not blocked.

    `nohup`, a shell without job control or a CI's agent start what they start otherwise, and it is inherited; a shell
    that finds a signal ignored even keeps it so (XCU 2.11). What is caught here, and so changes nothing for the tests
    themselves, is the default again in the programs (execve(2)). SIGINT and SIGQUIT are heeded by the tests, too.
    What Python itself ignores, as SIGPIPE, `subprocess` resets.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN and number not in {signal.SIGPIPE, signal.SIGXFSZ}:
            signal.signal(number, _HEEDED.get(number, lambda *_: None))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
