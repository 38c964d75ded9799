"""`python -m benchmarks.files`: what an upload and a download of 1 GB cost, beside those of 1 MB, and beside curl."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.__main__ import Cost, run
from benchmarks.contestants import Contestant
from benchmarks.environment import PYTHON, prepare

_MEGABYTE = 1000 * 1000
_TOKEN = "a-token-that-the-server-does-not-look-at"


class _Job(NamedTuple):
    """One way of one file, by the program or by curl."""

    name: str
    program: bool
    command: tuple[str, ...]


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each file goes each way (3)")
    parser.add_argument("--megabytes", type=int, default=1000, help="the size of the large file (1000)")
    options = parser.parse_args()
    curl = shutil.which("curl")
    if curl is None:
        print("There is no curl to compare with.", file=sys.stderr)
        return 1
    prepare()
    with TemporaryDirectory(prefix="benchmarks-") as temporary, _serving(Path(temporary)) as (url, ca_file):
        folder = Path(temporary)
        given = {"PATH": os.defpath, "HOME": temporary, "LANG": "C.UTF-8", "CURL_CA_BUNDLE": ca_file}
        given |= {"BASE_URL": url, "BITBUCKET_ACCESS_TOKEN": _TOKEN}
        sizes = (_MEGABYTE, options.megabytes * _MEGABYTE)
        for size in sizes:
            with (folder / f"{size}").open("wb") as file:
                for _ in range(size // _MEGABYTE):
                    file.write(os.urandom(_MEGABYTE))
        rounds = [_round(sizes, url, curl, given, folder) for _ in range(options.rounds)]
    print(_report(rounds, sizes))
    return 0


def _jobs(size: int, url: str, curl: str) -> list[_Job]:
    here = f"{url}/rest/api/latest"
    api = (str(PYTHON), "-I", "-m", "pipe", "api")
    asking = (curl, "-sS", "--fail", "-H", f"Authorization: Bearer {_TOKEN}")
    return [
        _Job("upload", True, (*api, "upload", "--form", f"files=@{size}")),
        _Job("upload", False, (*asking, "-F", f"files=@{size}", f"{here}/upload")),
        _Job("download", True, (*api, f"file/{size}", "--output", "got")),
        _Job("download", False, (*asking, "-o", "got", f"{here}/file/{size}")),
        _Job("download, printed", True, (*api, f"file/{size}")),
        _Job("download, printed", False, (*asking, f"{here}/file/{size}")),
    ]


def _round(
    sizes: tuple[int, ...], url: str, curl: str, given: Mapping[str, str], folder: Path
) -> dict[tuple[str, bool, int], Cost]:
    """Do each once. Raises `RuntimeError` if not every byte has come."""
    costs = {}
    for size in sizes:
        for job in _jobs(size, url, curl):
            (folder / "got").unlink(missing_ok=True)
            costs[job.name, job.program, size] = run(Contestant(job.name, job.command), given, folder)
            output, got = folder / "output", folder / "got"
            if job.name == "upload":
                right = b'"size"' in output.read_bytes() and _received(output.read_bytes()) > size
            else:
                there = got if got.exists() else output
                right = there.stat().st_size >= size
            if not right:
                raise RuntimeError(f"{job.name}: not every byte has come")
    return costs


def _received(output: bytes) -> int:
    return int(output.rpartition(b'"size":')[2].strip(b" }\n"))


def _report(rounds: list[dict[tuple[str, bool, int], Cost]], sizes: tuple[int, int]) -> str:
    """Return the table: medians of ratios within a round."""
    small, large = sizes
    lines = [
        f"{len(rounds)} rounds, {large // _MEGABYTE} MB; Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        f"{platform.system()} {platform.machine()}",
        "",
        f"{'':28}{'CPU':>7}{'wall':>7}{'memory':>8}{'wall':>10}{'memory':>12}{'its growth':>12}",
        f"{'':28}{'as a ratio to curl':>22}{'median':>10}{'':>12}{'from 1 MB':>12}",
    ]
    for name in dict.fromkeys(name for name, _, _ in rounds[0]):
        for program in (True, False):
            ours, curls = ([each[name, who, large] for each in rounds] for who in (program, False))
            ratios = [median(a[part] / b[part] for a, b in zip(ours, curls, strict=True)) for part in range(3)]
            growth = median(each[name, program, large].memory / each[name, program, small].memory for each in rounds)
            shown = name if program else "  by curl"
            lines.append(
                f"{shown:28}{ratios[0]:7.2f}{ratios[1]:7.2f}{ratios[2]:8.2f}"
                f"{median(cost.wall for cost in ours):8.2f} s"
                f"{median(cost.memory for cost in ours) / 1024:8.1f} MiB{growth:12.3f}"
            )
    return "\n".join(lines)


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, str]]:
    """Run the server of files in a process of its own while the block lasts; yield its address and its authority."""
    command = [sys.executable, "-m", "benchmarks.file_server", str(folder / "ca.pem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = next(iter(process.stdout or ()), "")
            yield address.strip(), str(folder / "ca.pem")
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
