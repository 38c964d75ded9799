"""An environment of its own for what is compared, so that nothing of it mixes with what the program runs on."""

import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent
_FOLDER = _ROOT / ".bench-venv"
_LOCK = _HERE / "requirements.txt"
_INSTALLED = _FOLDER / ".installed"

PYTHON = _FOLDER / "bin" / "python"


def prepare() -> None:
    """Install the locked packages unless they are there, and then the program and the others as they are now."""
    wanted = f"{sys.version}\n{_LOCK.read_text()}"
    if not _INSTALLED.exists() or _INSTALLED.read_text() != wanted:
        _install_packages()
        _INSTALLED.write_text(wanted)
    packages = _FOLDER / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for source in (_ROOT / "pipe", _HERE / "programs"):
        target = packages / source.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        _run(str(PYTHON), "-I", "-m", "compileall", "-q", str(target))


def _install_packages() -> None:
    print(f"Installing what the program is compared with into {_FOLDER.name} ...", flush=True)
    _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(_FOLDER))
    pip = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--python", str(PYTHON))
    _run(*pip, "install", "--require-hashes", "--compile", "--requirement", str(_LOCK))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
