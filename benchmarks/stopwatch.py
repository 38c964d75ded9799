"""Runs one command and prints what it cost: `stopwatch.py FILE COMMAND...`; FILE gets the command's output.

A program of its own, as small as Python goes: Linux counts the memory of the process that starts a command as the
command's own, so a starter larger than curl would hide what curl needs.
"""

import os
import sys
import time

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def main(output: str, command: list[str]) -> None:
    """Print user and system time (s), wall time (s), peak memory (KiB) and the exit status."""
    start = time.perf_counter()
    process = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, _APPEND, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, output, _APPEND, 0o600),
        ],
    )
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    print(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss, os.waitstatus_to_exitcode(status))


main(sys.argv[1], sys.argv[2:])
