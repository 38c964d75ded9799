"""`python -m benchmarks.versions REVISION`: what one run costs now, beside what it cost at an earlier revision.

Both run by turns, on the same Python and packages, against the same server. Each is started in the same way, from a
folder of its own that holds its `pipe` alone, with its bytecode.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.__main__ import Round, medians, one_round
from benchmarks.contestants import Contestant, contestants
from benchmarks.environment import PYTHON, prepare
from benchmarks.server import serving

_ROOT = Path(__file__).resolve().parent.parent
_START = "import runpy, sys; sys.path.insert(0, {folder!r}); runpy.run_module('pipe', run_name='__main__')"
_KINDS = ("bitbucket-token, on GitHub", "bitbucket-token, as a pipe", "bitbucket-token, --print raw")


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("revision", help="a commit, a tag or a branch")
    parser.add_argument("--rounds", type=int, default=30, help="how often each program is run (30)")
    parser.add_argument("--warm-up", type=int, default=2, help="rounds before, which do not count (2)")
    options = parser.parse_args()
    prepare()
    with TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        now, then = folder / "now", folder / "then"
        shutil.copytree(_ROOT / "pipe", now / "pipe", ignore=shutil.ignore_patterns("__pycache__"))
        _extract(options.revision, then)
        for version in (now, then):
            subprocess.run([str(PYTHON), "-I", "-m", "compileall", "-q", str(version)], check=True)
        with serving(folder) as server:
            given = {"PATH": os.defpath, "HOME": temporary, "LANG": "C.UTF-8", **server.variables}
            kinds = [contestant for contestant in contestants(given, folder) if contestant.name in _KINDS]
            both = [_started_from(version, kind) for kind in kinds for version in (now, then)]
            for _ in range(options.warm_up):
                one_round(both, given, folder)
            rounds = [one_round(both, given, folder) for _ in range(options.rounds)]
    print(_report(rounds, options.revision))
    return 0


def _extract(revision: str, target: Path) -> None:
    archive = subprocess.check_output(["git", "archive", revision, "pipe"], cwd=_ROOT)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(target, filter="data")


def _started_from(version: Path, kind: Contestant) -> Contestant:
    arguments = kind.command[kind.command.index("pipe") + 1 :]
    command = (str(PYTHON), "-I", "-c", _START.format(folder=str(version)), *arguments)
    return kind._replace(name=f"{kind.name} ({version.name})", command=command)


def _report(rounds: list[Round], revision: str) -> str:
    lines = [
        f"{len(rounds)} rounds by turns; ratios of now to {revision}",
        "",
        f"{'':32}{'CPU':>7}{'wall':>7}{'memory':>8}",
    ]
    for kind in _KINDS:
        ratios, _ = medians(rounds, f"{kind} (now)", f"{kind} (then)")
        lines.append(f"{kind:32}{ratios.cpu:7.3f}{ratios.wall:7.3f}{ratios.memory:8.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
