"""`python -m benchmarks`: run everything by turns, and print one table."""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.contestants import BARE, Contestant, contestants
from benchmarks.environment import PYTHON, prepare
from benchmarks.server import serving

_STOPWATCH = Path(__file__).resolve().with_name("stopwatch.py")


class Cost(NamedTuple):
    """What one run cost."""

    cpu: float
    """Seconds of user and system time."""
    wall: float
    """Seconds."""
    memory: float
    """KiB at the peak."""


Round = Mapping[str, Cost]
"""What each contestant's run cost, by name, in one turn of them all."""


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often each program is run (30)")
    parser.add_argument("--warm-up", type=int, default=2, help="rounds before, which do not count (2)")
    options = parser.parse_args()
    prepare()
    with TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        with serving(folder) as server:
            given = {"PATH": os.defpath, "HOME": temporary, "LANG": "C.UTF-8", **server.variables}
            all_of_them = contestants(given, folder)
            for _ in range(options.warm_up):
                one_round(all_of_them, given, folder)
            rounds = [one_round(all_of_them, given, folder) for _ in range(options.rounds)]
            runs = (options.warm_up + options.rounds) * len(all_of_them)
            if server.tokens() != runs:
                print(f"{runs} runs got {server.tokens()} tokens: the figures cannot be trusted.", file=sys.stderr)
                return 1
    print(report(rounds))
    return 0


def one_round(all_of_them: list[Contestant], given: Mapping[str, str], folder: Path) -> Round:
    """Run each once."""
    return {contestant.name: run(contestant, given, folder) for contestant in all_of_them}


def run(contestant: Contestant, given: Mapping[str, str], folder: Path) -> Cost:
    """Run one once. Raises `RuntimeError` with its output if it fails."""
    output = folder / "output"
    output.unlink(missing_ok=True)
    said = subprocess.check_output(
        [str(PYTHON), "-I", "-S", str(_STOPWATCH), str(output), *contestant.command],
        cwd=folder,
        env={**given, **contestant.variables},
        text=True,
    )
    *cost, status = map(float, said.split())
    if status:
        raise RuntimeError(f"{contestant.name} ended with {status:g}:\n{output.read_text()}")
    return Cost(*cost)


def medians(rounds: list[Round], name: str, other: str) -> tuple[Cost, Cost]:
    """Return the medians of the ratios to `other`'s run of the same round, and those of the costs themselves."""
    parts = range(len(Cost._fields))
    ratios = Cost(*(median(each[name][part] / each[other][part] for each in rounds) for part in parts))
    return ratios, Cost(*(median(each[name][part] for each in rounds) for part in parts))


def report(rounds: list[Round]) -> str:
    """Return the table: medians of the ratios to the bare script's run of the same round, and plain medians."""
    lines = [
        f"{len(rounds)} rounds by turns; Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        f"{platform.system()} {platform.machine()}",
        "",
        f"{'':32}{'CPU':>7}{'wall':>7}{'memory':>8}{'CPU':>12}{'wall':>10}{'memory':>11}",
        f"{'':32}{'as a ratio to the bare':>22}{'median':>12}{'':>10}{'':>11}",
    ]
    for name in rounds[0]:
        ratios, plain = medians(rounds, name, BARE)
        lines.append(
            f"{name:32}{ratios.cpu:7.2f}{ratios.wall:7.2f}{ratios.memory:8.2f}"
            f"{plain.cpu * 1000:9.0f} ms{plain.wall * 1000:7.0f} ms{plain.memory / 1024:7.1f} MiB"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
