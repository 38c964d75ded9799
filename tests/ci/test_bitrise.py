"""Bitrise, with a stand-in for envman that takes its options (cli/commands.go, cli/add.go) and no others."""

import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.ci.contract import LONG, VARIABLE, CiContract, Job

ENVMAN = r"""
import getopt, json, os, stat, sys

def fatal(text):
    print(f"\x1b[31mFATA\x1b[0m[10:00:00] [ENVMAN] {text}", file=sys.stderr)
    sys.exit(1)

store, (command, *arguments) = os.environ["ENVMAN_ENVSTORE_PATH"], sys.argv[1:]
if command != "add":
    fatal("no such command")
names = ["key=", "value=", "valuefile=", "no-expand", "append", "skip-if-empty", "sensitive"]
options, rest = getopt.getopt(arguments, "k:v:f:na", names)
options = dict(options)
if rest or "--value" in options or not options.get("--key"):
    fatal("not called as it should be")
if stat.S_IMODE(os.stat(options["--valuefile"]).st_mode) & 0o077:
    fatal("others can read the value")
if not os.path.isfile(store):
    fatal(f"No file found at path: {store}")
value = open(options["--valuefile"], encoding="utf-8").read()
full = os.path.exists(os.path.join(os.path.dirname(store), "full"))
if len(value) > 256 * 1024 or full and options["--key"].endswith("_SCOPES"):
    fatal(f"Failed to add env var: env var ({options['--key']}) value is too large")
with open(os.path.join(os.path.dirname(store), "calls"), "a") as calls:
    calls.write(json.dumps([sys.argv, dict(os.environ)]) + "\n")
kept = [env for env in json.load(open(store))["envs"] if options["--key"] not in env]
opts = {"is_expand": "--no-expand" not in options, "is_sensitive": "--sensitive" in options}
with open(store, "w") as file:
    json.dump({"envs": [*kept, {options["--key"]: value, "opts": opts}]}, file)
"""


class TestBitrise(CiContract):
    """envman, called so that neither its arguments nor its environment hold a secret."""

    name = "bitrise"

    def environment(self, root: Path) -> dict[str, str]:
        """As a step has it, with a store that `envman init` has made."""
        tools = root / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "envman").write_text(f"#!{sys.executable}\n{ENVMAN}")
        (tools / "envman").chmod(0o755)
        (root / "store.yml").write_text('{"envs": []}')
        return {
            "CI": "true",
            "BITRISE_IO": "true",
            "ENVMAN_ENVSTORE_PATH": str(root / "store.yml"),
            "PATH": f"{tools}:/usr/bin:/bin",
            "TMPDIR": str(root),
        }

    def arrived(self, job: Job, ran: subprocess.CompletedProcess[str], names: tuple[str, ...]) -> Mapping[str, str]:
        """Bitrise reads the store after the step, redacts what is sensitive, and expands what may be."""
        assert ran.returncode == 0
        seen = {}
        for entry in json.loads(Path(job.env["ENVMAN_ENVSTORE_PATH"]).read_text())["envs"]:
            options = entry.pop("opts")
            assert options["is_expand"] is False
            ((name, value),) = entry.items()
            assert options["is_sensitive"] is any(token in value for token in job.tokens)
            seen[name] = value
        return {name: seen[name] for name in names}

    def holders(self, job: Job) -> set[Path]:
        """The store."""
        return {Path(job.env["ENVMAN_ENVSTORE_PATH"])}

    def break_channel(self, job: Job) -> None:
        """The tool fails at the last variable, when it has added the token."""
        (Path(job.env["ENVMAN_ENVSTORE_PATH"]).parent / "full").touch()

    def assert_untouched(self, job: Job) -> None:
        """The store is as it was, and the value's file is gone."""
        store = Path(job.env["ENVMAN_ENVSTORE_PATH"])
        assert store.read_text() == '{"envs": []}'
        assert not list(store.parent.glob("bitbucket-token*"))

    def test_no_argument_and_no_variable_of_envman_holds_a_secret(self, job: Job, tmp_path: Path) -> None:
        """Other processes of the machine can read both."""
        assert job.run().returncode == 0
        calls = [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]
        assert len(calls) == 3
        job.oracle.check("envman's arguments and variables", json.dumps(calls))
        assert {name for _, env in calls for name in env} <= {"HOME", "PATH", "ENVMAN_ENVSTORE_PATH", "LC_CTYPE"}
        assert not list(tmp_path.glob("bitbucket-token*"))

    def test_what_envman_says_is_told(self, job: Job) -> None:
        """Without its colours."""
        self.break_channel(job)
        assert "envman failed with 1: Failed to add env var: env var" in job.run().stderr

    def test_envman_in_the_checkout_is_not_run(self, job: Job) -> None:
        """A pull request could have put it there; then it is the env file."""
        planted = job.directory / "bin"
        planted.mkdir()
        (planted / "envman").write_text("#!/bin/sh\ntouch was-run\n")
        (planted / "envman").chmod(0o755)
        job.env["PATH"] = f"bin:{planted}:/usr/bin:/bin"
        ran = job.run()
        assert not (job.directory / "was-run").exists()
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}

    @pytest.mark.parametrize("missing", ["ENVMAN_ENVSTORE_PATH", "PATH"])
    def test_without_envman_or_its_store_it_is_the_env_file(self, job: Job, tmp_path: Path, missing: str) -> None:
        """Without a store's path, envman would write one into the checkout."""
        job.env |= {missing: "/usr/bin:/bin" if missing == "PATH" else ""}
        ran = job.run()
        assert super().arrived(job, ran, (VARIABLE,)) == {VARIABLE: LONG}
        assert not (tmp_path / "calls").exists()

    def test_a_store_that_is_not_there_is_exit_7(self, job: Job, tmp_path: Path) -> None:
        """As where it is not mounted into the container."""
        (tmp_path / "store.yml").unlink()
        ran = job.run()
        assert ran.returncode == 7
        assert "ENVMAN_ENVSTORE_PATH" in ran.stderr
        assert not (tmp_path / "store.yml").exists()

    def test_an_envman_for_another_machine_is_exit_7(self, job: Job, tmp_path: Path) -> None:
        """As on a Mac, where the container is Linux."""
        (tmp_path / "tools/envman").write_bytes(b"\xcf\xfa\xed\xfe" + bytes(100))
        ran = job.run()
        assert ran.returncode == 7
        assert "envman could not be run" in ran.stderr
        self.assert_untouched(job)
        assert stat.S_IMODE((tmp_path / "store.yml").stat().st_mode) & 0o200

    def test_an_envman_that_hangs_is_ended_by_the_deadline(self, job: Job, tmp_path: Path) -> None:
        """Nothing is left of the try."""
        (tmp_path / "tools/envman").write_text('#!/bin/sh\necho half >>"$ENVMAN_ENVSTORE_PATH"\nexec sleep 60\n')
        assert job.run("--deadline", "2").returncode == 4
        self.assert_untouched(job)
