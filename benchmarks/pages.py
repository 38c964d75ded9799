"""`python -m benchmarks.pages`: what a list of 1,000 pages costs, beside a loop over requests, and curl with jq."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.__main__ import Round, medians, run
from benchmarks.contestants import Contestant
from benchmarks.environment import PYTHON, prepare
from benchmarks.server import serving

_PAGES = 1000
_LENGTH = 100
# What `team` of the stand-in has beside these.
_USUAL = 12
_LIST = f"https://api.bitbucket.org/2.0/repositories/team?pagelen={_LENGTH}"
_LOOP = "requests, a loop"
_PROGRAM = "bitbucket-token api"


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each program is run (3)")
    options = parser.parse_args()
    prepare()
    with TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        with serving(folder, "--more-repositories", str(_PAGES * _LENGTH - _USUAL)) as server:
            given = {"PATH": os.defpath, "HOME": temporary, "LANG": "C.UTF-8", **server.variables, **server.proxy}
            # Bitbucket's own hosts are asked, by way of the stand-in's proxy.
            del given["TOKEN_URL"]
            given["BITBUCKET_ACCESS_TOKEN"] = _token(given)
            few, all_of_them = _contestants(f"{_LIST}&page={_PAGES - 9}"), _contestants(_LIST)
            short, long = [], []
            for _ in range(options.rounds):
                short.append(_round(few, given, folder, 10))
                long.append(_round(all_of_them, given, folder, _PAGES))
    print(_report(short, long))
    return 0


def _token(given: Mapping[str, str]) -> str:
    command = [str(PYTHON), "-I", "-m", "pipe", "--print", "raw"]
    return subprocess.run(
        command, env=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
    ).stdout.strip()


def _contestants(url: str) -> list[Contestant]:
    programs = Path(__file__).resolve().with_name("programs")
    found = [
        Contestant(_LOOP, (str(PYTHON), "-I", "-m", "programs.pages", url)),
        Contestant(_PROGRAM, (str(PYTHON), "-I", "-m", "pipe", "api", url, "--paginate")),
    ]
    if shutil.which("curl") and shutil.which("jq"):
        found.append(Contestant("curl and jq, a script", ("/bin/sh", str(programs / "pages.sh"), url)))
    return found


def _round(contestants: list[Contestant], given: Mapping[str, str], folder: Path, pages: int) -> Round:
    """Run each once. Raises `RuntimeError` if one has not printed every value."""
    costs = {}
    for contestant in contestants:
        costs[contestant.name] = run(contestant, given, folder)
        with (folder / "output").open("rb") as output:
            printed = sum(line.startswith(b"{") for line in output)
        if printed != pages * _LENGTH:
            raise RuntimeError(f"{contestant.name} printed {printed} values")
    return costs


def _report(short: list[Round], long: list[Round]) -> str:
    """Return the table: medians of the ratios to the loop's run of the same round, and plain medians."""
    lines = [
        f"{len(long)} rounds by turns, {_PAGES} pages of {_LENGTH}; Python {platform.python_version()}, "
        f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}",
        "",
        f"{'':24}{'CPU':>7}{'wall':>7}{'memory':>8}{'CPU':>12}{'wall':>10}{'memory':>11}{'its growth':>12}",
        f"{'':24}{'as a ratio to the loop':>22}{'median':>12}{'':>10}{'':>11}{'from 10 pages':>14}",
    ]
    for name in long[0]:
        ratios, plain = medians(long, name, _LOOP)
        growth = median(each[name].memory / few[name].memory for few, each in zip(short, long, strict=True))
        lines.append(
            f"{name:24}{ratios.cpu:7.2f}{ratios.wall:7.2f}{ratios.memory:8.2f}"
            f"{plain.cpu:10.2f} s{plain.wall:8.2f} s{plain.memory / 1024:7.1f} MiB{growth:12.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
