"""The two images that the container tests start from, made on the spot where no registry can be reached.

`python3 tests/container/images.py` makes both, and with `python` it only prints where this machine has the Python of
the image. It needs nothing but the standard library, so CI can run it while the test environment is still being
installed.

- The base image has the very name of the Dockerfile's last FROM line, so the Dockerfile is built unchanged.
  An image that the engine has or can pull is taken as it is. Otherwise Debian bookworm is put together by
  mmdebstrap, with a Python of the wanted version from pyenv where there is one, else Debian's own.
- The job image is what CI steps run in: the base image with git and curl.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JOB_IMAGE = "bitbucket-token-tests/job:latest"
MADE_LABEL = "bitbucket-token-tests.made-of"

_SLIM = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale")]
_CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def base_name() -> str:
    """Return the name of the image that the Dockerfile builds on."""
    names: list[str] = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return names[-1]


def has_base() -> bool:
    """Say whether the engine has the base image, or gets it from its registry."""
    return _has(base_name()) or _pulled(base_name())


def has_job() -> bool:
    """Say whether the engine has the job image."""
    return _has(JOB_IMAGE)


def provide_base() -> str:
    """Make sure that the engine has the base image; return what it is, in words."""
    name = base_name()
    if not has_base():
        _make_base(name)
    made_of = _inspect(name, f'{{{{index .Config.Labels "{MADE_LABEL}"}}}}')
    return f"{name}, put together here from {made_of}" if made_of else f"{name}, from a registry"


def provide_job() -> str:
    """Make sure that the engine has the job image; return its name."""
    if not has_job():
        provide_base()
        dockerfile = f"FROM {base_name()}\nRUN apt-get update && apt-get install -y --no-install-recommends curl git\n"
        command = ["docker", "build", "--network", "host", "--tag", JOB_IMAGE, "-"]
        _run(command, stdin=dockerfile, env={**os.environ, "DOCKER_BUILDKIT": "0"})
    return JOB_IMAGE


def _make_base(name: str) -> None:
    python = _python_of_image()
    if python:
        # Like the official image: no tests, no bytecode, nothing to compile against.
        without = ["test", "idlelib", "__pycache__", "config-*", "*.a", "*.pth", "./include", "./share"]
        excludes = shlex.join(f"--exclude={pattern}" for pattern in without)
        packages = ["libbz2-1.0", "libffi8", "liblzma5", "libsqlite3-0", "libssl3", "zlib1g"]
        hooks = [
            f'tar -C {shlex.quote(str(python))} {excludes} -c . | tar -C "$1/usr/local" -x',
            'chroot "$1" ldconfig',
        ]
        made_of = f"Debian bookworm and Python {python.name} from pyenv"
    else:
        packages = ["python3-pip", "python3-venv"]
        hooks = ['ln -s /usr/bin/python3 "$1/usr/local/bin/python3"']
        made_of = "Debian bookworm and Debian's Python"
    # The machine's own certificates: pip may have to go through a proxy that only this machine trusts.
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or _CA_BUNDLE
    hooks.append(f'cp {shlex.quote(bundle)} "$1{_CA_BUNDLE}"')
    _import(name, ["ca-certificates", *packages], hooks, made_of)


def python_of_image() -> str:
    """Return the path of an interpreter of the version that the image has; empty if there is none on this machine."""
    folder = _python_of_image()
    return str(folder / "bin" / "python3") if folder else ""


def _python_of_image() -> Path | None:
    """Return where pyenv has the newest Python of the base image's version."""
    wanted = re.search(r":(\d+\.\d+)", base_name())
    if wanted is None:
        return None
    version = wanted[1]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [path for path in versions.glob(f"{version}.*") if (path / "bin" / f"python{version}").exists()]
    return max(found, key=lambda path: int(path.name.rpartition(".")[2]), default=None)


def _import(name: str, packages: list[str], hooks: list[str], made_of: str) -> None:
    changes = [
        "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"ENV PIP_CERT={_CA_BUNDLE}",
        'CMD ["python3"]',
        f'LABEL {MADE_LABEL}="{made_of}"',
    ]
    with tempfile.TemporaryDirectory() as folder:
        tar = Path(folder) / "image.tar"
        _run(
            ["mmdebstrap", "--quiet", "--variant=apt", "--dpkgopt=force-unsafe-io", *_SLIM]
            + [f"--include={','.join(packages)}"]
            + [f"--customize-hook={hook}" for hook in hooks]
            + ["bookworm", str(tar)]
        )
        _run(["docker", "import", *(f"--change={change}" for change in changes), str(tar), name])


def _has(name: str) -> bool:
    return _quiet(["docker", "image", "inspect", name])


def _pulled(name: str) -> bool:
    return _quiet(["docker", "pull", "--quiet", name])


def _inspect(name: str, template: str) -> str:
    return _run(["docker", "image", "inspect", "--format", template, name]).strip()


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _run(command: list[str], *, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
    result = subprocess.run(command, input=stdin, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        output = result.stdout + result.stderr
        raise RuntimeError(f"{shlex.join(command)} ended with {result.returncode}:\n{output}")
    return result.stdout


if __name__ == "__main__":
    if sys.argv[1:] == ["python"]:
        sys.stdout.write(f"{python_of_image()}\n")
        sys.exit()
    for provide in (provide_base, provide_job):
        sys.stdout.write(f"image: {provide()}\n")
