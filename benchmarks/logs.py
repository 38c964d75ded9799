"""`python -m benchmarks.logs`: what the env file's log filter costs, in each way to mask an ordinary build log.

Each way runs with a PATH that holds nothing but the programs that it takes. A filter is no child of the shell that
loaded it, so this process adopts it, and waits for it, to count its time too.
"""

import argparse
import ctypes
import os
import platform
import random
import resource
import shutil
import string
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipe.export.env_file import render
from pipe.redaction.secret import Secret, forms

_BASICS = ("cat", "mkdir", "mkfifo", "rm", "sleep")

_CAT = "cat, without a filter"
_SED = "GNU sed alone (masks no pieces)"

# Each with the programs that it needs: the name that the shell looks for, and whose that is.
_WAYS: dict[str, Mapping[str, str]] = {
    "perl": {"perl": "perl"},
    "gawk": {"awk": "gawk"},
    "busybox awk": dict.fromkeys((*_BASICS, "awk"), "busybox"),
    "mawk between two GNU sed": {"awk": "mawk", "sed": "sed"},
    "original-awk between two GNU sed": {"awk": "original-awk", "sed": "sed"},
    "mawk alone (loses what is behind NUL)": {"awk": "mawk"},
    _SED: {"sed": "sed"},
}
_PR_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """Seconds of one run."""

    cpu: float
    wall: float


Round = Mapping[str, Cost]


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logs", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=20, help="size of the log (20)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken (3)")
    options = parser.parse_args()
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("this process cannot adopt others")
    with TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        size = (folder / "log").write_bytes(build_log(options.megabytes * 1_000_000))
        (folder / "env").write_text(_env_file())
        paths = {name: _tools(folder / name, programs) for name, programs in _WAYS.items() if _are_here(programs)}
        rounds: list[Round] = []
        for _ in range(options.rounds):
            costs = {_CAT: _run("cat log", folder, os.defpath, size)}
            for name, path in paths.items():
                costs[name] = _run(". ./env; cat log", folder, path, size)
            rounds.append(costs)
    print(f"{len(rounds)} rounds by turns, {size:,} bytes; {os.cpu_count()} CPUs, {platform.system()}\n")
    print(_report(rounds))
    return 0


def _env_file() -> str:
    token = Secret("".join(random.choices(string.ascii_letters + string.digits + "-_.=", k=1400)))  # noqa: S311 - no secret
    return render({"TOKEN": token}, masks=forms(token), mask_log=True, remove=None)


def _are_here(programs: Mapping[str, str]) -> bool:
    return all(map(shutil.which, programs.values()))


def _tools(folder: Path, programs: Mapping[str, str]) -> str:
    folder.mkdir()
    for name, program in {**dict.fromkeys(_BASICS, ""), **programs}.items():
        (folder / name).symlink_to(shutil.which(program or name) or "")
    return str(folder)


def _run(script: str, folder: Path, path: str, size: int) -> Cost:
    """Run a script once. Raises `RuntimeError` if what comes out is not as long as the log."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stream:
        process = subprocess.Popen(["/bin/sh", "-c", script], cwd=folder, env={"PATH": path}, stdout=writing)
        os.close(writing)
        shown = 0
        while part := stream.read(1 << 20):
            shown += len(part)
    process.wait()
    wall = time.perf_counter() - begin
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if shown != size or process.returncode:
        raise RuntimeError(f"{shown} bytes came out of {size}; status {process.returncode}")
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def _report(rounds: list[Round]) -> str:
    lines = [f"{'':42}{'CPU':>8}{'wall':>8}{'CPU':>8}{'wall':>8}{'CPU':>10}"]
    lines.append(f"{'as a ratio to':42}{'cat':>8}{'':>8}{'GNU sed':>8}{'':>8}{'median':>10}")
    for name in rounds[0]:
        ratios = "".join(
            f"{median(each[name][part] / each[other][part] for each in rounds):8.2f}"
            for other in (_CAT, _SED)
            if other in rounds[0]
            for part in range(len(Cost._fields))
        )
        lines.append(f"{name:42}{ratios}{median(each[name].cpu for each in rounds):8.2f} s")
    return "\n".join(lines)


def build_log(size: int) -> bytes:
    """Return lines such as package managers, compilers and test runners print."""
    chance = random.Random(1)  # noqa: S311 - no secret

    def word(length: int) -> str:
        return "".join(chance.choices(string.ascii_lowercase, k=length))

    def number(below: int) -> int:
        return chance.randrange(below)

    lines: tuple[Callable[[], str], ...] = (
        lambda: f"npm http fetch GET 200 https://registry.example.com/@{word(6)}%2f{word(9)} {number(999)}ms",
        lambda: (
            f"[INFO] Downloaded from central: https://repo.maven.apache.org/maven2/org/{word(8)}/{word(11)}-1.0.jar"
        ),
        lambda: f"cc -O2 -g -Wall -I/usr/include/{word(7)} -c -o build/{word(9)}.o src/{word(5)}/{word(9)}.c",
        lambda: f"src/{word(6)}/{word(8)}.c:{number(2000)}:{number(80)}: warning: unused variable '{word(6)}'",
        lambda: f"tests/unit/test_{word(7)}.py::test_{word(5)}_{word(6)}_{word(4)} PASSED [ {number(100)}%]",
        lambda: f"12:{number(60)}:{number(60)}.{number(999)}  {word(3)} of {word(7)} {word(2)} {word(9)} is {word(5)}",
        lambda: f"sha256:{chance.randbytes(32).hex()}: Pull complete",
        lambda: f"  added {number(999)} packages, and audited {number(999)} in {number(99)}s",
        lambda: "",
    )
    block = "".join(f"{chance.choice(lines)()}\n" for _ in range(20_000)).encode()
    return (block * (size // len(block) + 1))[:size]


if __name__ == "__main__":
    sys.exit(main())
