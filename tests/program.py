"""The real program as a child process, in a world of its own, and all that it leaves behind.

Every test that runs the program does it with `run_program`, so each run is held to the same rules whatever it is
about: no secret anywhere but where it belongs, no file but those meant to be, no workflow command by accident, no
traceback, no time beyond the deadline, and nothing exported unless the exit code says so.
"""

import compileall
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pipe import VERSION
from sandbox import Request, Sandbox
from tests.oracle import Oracle

ROOT = Path(__file__).parent.parent
MASK_COMMAND = "::add-mask::"
EXIT_CODES = frozenset({0, 2, 3, 4, 5, 6, 7, 130, 143})

# Seconds. A machine needs a while to start Python, and a deadline that does not hold takes far longer. What the machine
# kept the program waiting for a processor is not counted.
_PATIENCE = 4.0
_SAMPLE_EVERY = 0.01

_COMMANDS = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[")
_OWN_COMMANDS = re.compile(
    r"^::(add-mask::|error title=Bitbucket token%3A [^:]*::|warning title=Bitbucket token::)"
    r"(?!.*(##\[|##vso\[|##teamcity\[))"
)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_VARIABLE_PARTS = (
    (r"bitbucket_token_[0-9a-f]{32}", "<delimiter>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"Next try in \d+\.\d s", "Next try in <wait> s"),
    (rf"\b{re.escape(VERSION)}\b", "<version>"),
)


def install(folder: Path) -> Path:
    """Make an environment in which `python -I -m pipe` is this checkout's program; return its interpreter."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = folder / "bin" / "python"
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (packages / "pipe").symlink_to(ROOT / "pipe")
    compileall.compile_dir(ROOT / "pipe", quiet=2)
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@dataclass(frozen=True)
class World:
    """The directories of one run, the program's interpreter, and the Bitbucket that it meets."""

    root: Path
    python: Path
    sandbox: Sandbox

    def __post_init__(self) -> None:
        """Make the directories."""
        for folder in (self.work, self.home, self.temporary, self.runner):
            folder.mkdir()

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "work"

    @property
    def home(self) -> Path:
        """HOME."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.root / "tmp"

    @property
    def runner(self) -> Path:
        """Where a CI system keeps the files through which it takes values from a step."""
        return self.root / "runner"

    @property
    def consumer(self) -> dict[str, str]:
        """Key and secret of the sandbox's first consumer, as variables."""
        return {"CONSUMER_KEY": self.sandbox.consumer.key, "CONSUMER_SECRET": self.sandbox.consumer.secret}

    def github(self) -> dict[str, str]:
        """What GitHub's runner sets, its files included."""
        files = {"GITHUB_ENV": "env", "GITHUB_OUTPUT": "output", "GITHUB_STATE": "state"}
        files |= {"GITHUB_STEP_SUMMARY": "summary"}
        for name in files.values():
            (self.runner / name).touch()
        return {
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_REPOSITORY": "team/project",
            "GITHUB_EVENT_NAME": "push",
            **{variable: str(self.runner / name) for variable, name in files.items()},
        }


@dataclass(frozen=True)
class Outcome:
    """All that a run did."""

    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)
    files: Mapping[str, str] = field(repr=False)
    """Every file that is new, changed or gone, by its path in the world; directories end in `/`."""
    requests: Sequence[Request]
    connects: Sequence[str]
    """What the proxy was asked to connect to."""
    seconds: float
    waited: float
    """How many of them it was ready to run and had no processor."""
    peak: int
    """The most memory that it held, in bytes."""
    tidy: Callable[[str], str] = field(repr=False)
    """Replaces what differs from run to run by names such as `<token>`."""

    @property
    def shown(self) -> str:
        """Standard output with the variable parts replaced, each block of mask commands as one line."""
        return _fold_masks(self.tidy(self.out))

    @property
    def told(self) -> str:
        """Standard error, likewise."""
        return _fold_masks(self.tidy(self.err))

    @property
    def left(self) -> dict[str, str]:
        """The files, likewise."""
        return {path: self.tidy(text) for path, text in self.files.items()}

    @property
    def masks(self) -> list[str]:
        """The texts that mask commands name, their escapes undone as GitHub's runner does."""
        lines = (self.out + self.err).splitlines()
        texts = [line.removeprefix(MASK_COMMAND) for line in lines if line.startswith(MASK_COMMAND)]
        return [text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for text in texts]

    @property
    def sent(self) -> list[str]:
        """Each request as one line: where to, who as, and the form."""
        return [self.tidy(_described(request)) for request in self.requests]

    @property
    def failure(self) -> str:
        """The failure as a person reads it, in a log or as GitHub's annotation."""
        assert self.code not in (0, 130, 143), self
        annotation = re.search(r"^::error title=Bitbucket token%3A [^:]*::(.*)$", self.out + self.err, re.MULTILINE)
        if annotation is None:
            return self.told
        return self.tidy(annotation[1].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"))


class _Watch(threading.Thread):
    """Looks at the program while it runs: its memory, its arguments, and every process that it starts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.waited = 0.0
        self.arguments = b""
        self.descendants: dict[int, bytes] = {}
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while True:
            with suppress(OSError):
                self._look()
            if self._ended.wait(_SAMPLE_EVERY):
                return

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()

    def _look(self) -> None:
        folder = Path("/proc", str(self._pid))
        self.arguments = (folder / "cmdline").read_bytes() or self.arguments
        if found := re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text()):
            self.peak = max(self.peak, int(found[1]) * 1024)
        self.waited = max(self.waited, _waited(folder / "schedstat"))
        # Before that it is the shell, or whatever else, that prepares the ground for the program.
        waiting = [folder] if (folder / "exe").readlink().name.startswith("python") else []
        while waiting:
            for listed in waiting.pop().glob("task/*/children"):
                for pid in listed.read_text().split():
                    child = Path("/proc", pid)
                    waiting.append(child)
                    self.descendants[int(pid)] = (child / "cmdline").read_bytes() + (child / "environ").read_bytes()


def run_program(
    world: World,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    tokens: Sequence[str] = (),
    prints: bool = False,
    isolated: bool = True,
    prefix: Sequence[str] = (),
    cwd: Path | None = None,
    stdin: bytes | None = None,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    during: Callable[["subprocess.Popen[bytes]"], bytes | None] = lambda _process: None,
    limit: float = 30.0,
    allowed: Sequence[Path] = (),
    may_export: bool = False,
    may_die: bool = False,
    speechless: bool = False,
    starts: bool = False,
) -> Outcome:
    """Run `python -I -m pipe` to its end, hold it to what is always true, and return all that it did.

    `env` is added to a small environment that leads to the sandbox. `secrets` are those that the oracle cannot know
    of: not the consumer's secret; `tokens` likewise, beside those that the sandbox made. `prints` says that standard
    output may hold the token although neither command line nor environment ask for that. `prefix` is a command that
    starts another one. `during` is called while it runs; it returns what it has read of standard output, if it has.
    `allowed` are more files that the token may stand in; `may_export` says that values may be exported although the run
    fails, as when it is interrupted right after that; `may_die` that a signal may end Python before the program begins;
    `speechless` that a failure cannot be told; `starts` that other programs may be started. What those get is for the
    test to look at: between a fork and its exec they seem to have all that this program was started with.
    """
    environment = {
        "PATH": os.defpath,
        "HOME": str(world.home),
        "TMPDIR": str(world.temporary),
        "LC_ALL": "C.UTF-8",
        **world.sandbox.environment(),
        **(env or {}),
    }
    before = _tree(world.root)
    known = len(world.sandbox.requests), len(world.sandbox.proxy.connects)
    start = time.monotonic()
    process = subprocess.Popen(
        # -B: a run with a limit on the size of files must leave no bytecode that is cut off.
        [*prefix, str(world.python), "-B", *(["-I"] if isolated else []), "-m", "pipe", *arguments],
        cwd=cwd or world.work,
        env=environment,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
    )
    watch = _Watch(process.pid)
    watch.start()
    try:
        read = during(process)
        out, err = process.communicate(stdin, timeout=limit)
    finally:
        process.kill()
        process.wait()
        watch.end()
    seconds = time.monotonic() - start
    after = _tree(world.root)
    code = process.returncode
    if may_die and code in (-signal.SIGINT, -signal.SIGTERM):
        code = 128 - code
    outcome = Outcome(
        code=code,
        out=((read or b"") + (out or b"")).decode("utf-8", "surrogateescape"),
        err=(err or b"").decode("utf-8", "surrogateescape"),
        files=_changes(before, after),
        requests=world.sandbox.requests[known[0] :],
        connects=[f"{connect.target} {connect.status}" for connect in world.sandbox.proxy.connects[known[1] :]],
        seconds=seconds,
        waited=watch.waited,
        peak=watch.peak,
        tidy=_tidier(world, secrets, tokens),
    )
    _Rules(world, arguments, environment, secrets, tokens, prints, allowed, may_export, speechless, starts).hold(
        outcome, watch
    )
    return outcome


@dataclass(frozen=True)
class _Rules:
    """What is true of every run."""

    world: World
    arguments: Sequence[str]
    environment: Mapping[str, str]
    secrets: Sequence[str]
    tokens: Sequence[str]
    prints: bool
    allowed: Sequence[Path]
    may_export: bool
    speechless: bool
    starts: bool

    def hold(self, outcome: Outcome, watch: _Watch) -> None:
        told = f"{outcome.shown}\n{outcome.told}"
        assert outcome.code in EXIT_CODES, f"exit code {outcome.code}\n{told}"
        self._hold_secrets(outcome, watch)
        self._hold_streams(outcome)
        self._hold_files(outcome)
        deadline = self._input("deadline")
        if deadline and outcome.code != 2:
            taken = outcome.seconds - outcome.waited
            assert taken < float(deadline) + _PATIENCE, f"{taken} s, and {outcome.waited} s of waiting\n{told}"
        assert self.starts or not watch.descendants, "it started other programs"

    def _hold_secrets(self, outcome: Outcome, watch: _Watch) -> None:
        inputs, tokens = self._oracles()
        lines = [*outcome.out.splitlines(), "", *outcome.err.splitlines()]
        if self._on_actions:
            lines = [line for line in lines if not line.startswith(MASK_COMMAND)]
        inputs.check("the streams", "\n".join(lines))
        tokens.check("standard error", outcome.err if not self._on_actions else "\n".join(lines[lines.index("") :]))
        if not (self.prints or self._input("print")):
            tokens.check("the streams", "\n".join(lines))
        targets = {str(path.relative_to(self.world.root)) for path in self._token_files()}
        for path, text in outcome.files.items():
            inputs.check(path, path)
            inputs.check(path, text)
            if path not in targets:
                tokens.check(path, text)
        for seen in (watch.arguments, *(() if self.starts else watch.descendants.values())):
            tokens.check("the arguments of a process", seen)
            if not any(secret in argument for argument in self.arguments for secret in self._input_secrets()):
                inputs.check("the arguments of a process", seen)

    def _hold_streams(self, outcome: Outcome) -> None:
        lines = (outcome.out + "\n" + outcome.err).splitlines()
        for line in lines:
            own = self._on_actions and _OWN_COMMANDS.match(line)
            assert own or not _COMMANDS.search(line), f"a command: {outcome.tidy(line)}"
            assert not _CONTROL.search(line), f"control characters: {outcome.tidy(line)!r}"
        if outcome.code in (2, 3, 4, 5, 6, 7) and not self.speechless:
            assert "Why: " in outcome.failure, outcome.failure
            assert "Now: " in outcome.failure, outcome.failure
        if not self._debug:
            assert "Traceback" not in "\n".join(lines), outcome.told

    def _hold_files(self, outcome: Outcome) -> None:
        for path in outcome.files:
            assert not path.startswith(("home/", "tmp/")), path
        if outcome.code and not self.may_export:
            assert set(outcome.files) <= {"runner/summary"}, sorted(outcome.files)

    def _oracles(self) -> tuple[Oracle, Oracle]:
        key = self._input("consumer-key").encode("utf-8", "replace").decode()
        sandbox = self.world.sandbox
        tokens = [*_tokens_of(sandbox), *sandbox.refresh_tokens, *self.tokens]
        inputs = Oracle(self._input_secrets(), key=key)
        for user in sandbox.data_center.users:
            inputs.learn(user.password, key=user.name)
        return inputs, Oracle(tokens, key=key)

    def _input_secrets(self) -> list[str]:
        sandbox = self.world.sandbox
        return [*(consumer.secret for consumer in sandbox.consumers), *sandbox.data_center.secrets, *self.secrets]

    def _token_files(self) -> list[Path]:
        named = [self.environment.get(name, "") for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE")]
        named += [self._input("output-file")]
        clone = Path(self.environment.get("BITBUCKET_CLONE_DIR") or self.world.work)
        found = [*(self.world.work / name for name in named if name), clone / ".bitbucket-token/env", *self.allowed]
        return [path for path in found if path.is_relative_to(self.world.root)]

    @property
    def _on_actions(self) -> bool:
        chosen = self._input("ci")
        return chosen in ("github", "gitea", "forgejo") or (
            chosen in ("", "auto") and self.environment.get("GITHUB_ACTIONS") == "true"
        )

    @property
    def _debug(self) -> bool:
        switched = self.environment.get("RUNNER_DEBUG") == "1" or self.environment.get("SYSTEM_DEBUG") == "true"
        return switched or self._input("debug") == "true"

    def _input(self, name: str) -> str:
        """What the run was given for an input, on the command line or in the environment."""
        for argument, following in pairwise([*self.arguments, ""]):
            if argument == f"--{name}":
                return following
            if argument.startswith(f"--{name}="):
                return argument.partition("=")[2]
        variable = name.upper().replace("-", "_")
        names = (f"INPUT_{name.upper()}", f"INPUT_{variable}", f"PLUGIN_{variable}", variable)
        found = [self.environment[given] for given in names if self.environment.get(given)]
        return found[0] if found and not (name == "ci" and found == [self.environment.get("CI")]) else ""


def _waited(schedstat: Path) -> float:
    """Return how long a thread was ready to run and had no processor, in seconds; zero where Linux does not tell."""
    with suppress(OSError):
        return int(schedstat.read_text().split()[1]) / 1e9
    return 0.0


def _tree(root: Path) -> dict[str, bytes]:
    """Every file under `root`, by its path; a directory has no content, a link has its target."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}".encode()
        elif path.is_dir():
            found[f"{name}/"] = b""
        else:
            found[name] = path.read_bytes() if path.is_file() else b"(no regular file)"
    return found


def _changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    changed = {name: data for name, data in after.items() if before.get(name) != data}
    gone = {name: b"(gone)" for name in before if name not in after}
    return {name: data.decode("utf-8", "surrogateescape") for name, data in {**changed, **gone}.items()}


def _tidier(world: World, secrets: Sequence[str], tokens: Sequence[str]) -> Callable[[str], str]:
    sandbox = world.sandbox
    names = dict.fromkeys([*_tokens_of(sandbox), *tokens], "<token>")
    for consumer in sandbox.consumers:
        names |= {consumer.secret: "<secret>", consumer.key: "<key>"}
    names |= {value: f"<refresh token {number}>" for number, value in enumerate(sandbox.refresh_tokens, 1)}
    names |= dict.fromkeys([*secrets, *sandbox.data_center.secrets], "<other secret>")
    names |= {str(world.root): "<root>"}
    names |= {f":{sandbox.port}": ":<port>", f":{sandbox.proxy.listener.port}": ":<proxy port>"}

    def tidy(text: str) -> str:
        for value, name in names.items():
            text = text.replace(value, name)
        for pattern, name in _VARIABLE_PARTS:
            text = re.sub(pattern, name, text)
        return text

    return tidy


def _tokens_of(sandbox: Sandbox) -> list[str]:
    return [*(token.value for token in sandbox.tokens), *(token.value for token in sandbox.data_center.tokens.made)]


def _fold_masks(text: str) -> str:
    return re.sub(rf"(^{MASK_COMMAND}.*\n)+", "<masks>\n", text, flags=re.MULTILINE)


def _described(request: Request) -> str:
    query = f"?{request.query}" if request.query else ""
    scheme, credentials = request.authorization
    who = f" as {scheme} {_decoded(scheme, credentials)}" if scheme else ""
    body = "&".join(f"{name}={value}" for name, value in request.form.items()) or request.body.decode()
    return f"{request.method} {request.scheme}://{request.host}{request.path}{query}{who}: {body}"


def _decoded(scheme: str, credentials: str) -> str:
    if scheme == "oauth":
        return re.sub(r'(nonce|timestamp|signature)="[^"]+"', r'\1="..."', credentials)
    return b64decode(credentials, validate=True).decode() if scheme == "basic" else credentials
