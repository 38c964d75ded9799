"""Addresses that swallow packets: listeners on this machine whose queues are full, so that Linux drops each SYN."""

import ctypes
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

from tests.parts import absent, need

_CLONE_NEWNS = 0x0002_0000
_CLONE_NEWNET = 0x4000_0000
_MOST = 8


@contextmanager
def swallowing(*addresses: str, port: int) -> Iterator[None]:
    """Let nothing that is sent to `port` of `addresses` be answered."""
    with ExitStack() as held:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(0)
            for _ in range(_MOST):
                client = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
                client.settimeout(0.3)
                try:
                    client.connect((address, port))
                except TimeoutError:
                    break
            else:
                raise AssertionError("the queue does not fill")
        yield


def in_own_network(work: Callable[[], None], *, addresses: dict[str, list[str]]) -> None:
    """Do `work` where nothing but this machine's loopback is there, and each name has those addresses.

    Linux gives a thread a network and mounts of its own; what that thread starts is there too. Skips the test where
    this may not be done.
    """
    need("ip")
    need("mount")
    failures: list[BaseException] = []

    def do() -> None:
        try:
            _leave()
            _prepare(addresses)
            work()
        except BaseException as error:
            failures.append(error)

    thread = Thread(target=do)
    thread.start()
    thread.join()
    if failures and isinstance(failures[0], PermissionError):
        absent("a network namespace", "root may not make one here")
    if failures:
        raise failures[0]


def _leave() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS | _CLONE_NEWNET):
        raise PermissionError(ctypes.get_errno(), "unshare")


def _prepare(addresses: dict[str, list[str]]) -> None:
    # Before anything else is mounted: not even that may be seen outside.
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in {
        address for found in addresses.values() for address in found if ":" in address and address != "::1"
    }:
        subprocess.run(["ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
    descriptor, name = tempfile.mkstemp()
    try:
        lines = [f"{address} {host}\n" for host, found in addresses.items() for address in found]
        os.write(descriptor, "".join(lines).encode())
        os.close(descriptor)
        subprocess.run(["mount", "--bind", name, "/etc/hosts"], check=True)
    finally:
        Path(name).unlink()
