"""One run: inputs, grant, token, checks, mask, export, report, in this order."""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from types import FrameType

import pytest
import requests

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError, PipeError, RefusedError, UnfitTokenError
from pipe.export.variables import Export
from pipe.http.retry import Deadline
from pipe.inputs.inputs import Inputs, checked_inputs
from pipe.inputs.invocation import Invocation
from pipe.inputs.values import Given
from pipe.redaction.log import Log
from pipe.redaction.secret import Secret, broken_lines, forms
from pipe.run import run
from tests.oracle import Oracle
from tests.unit.samples import TOKEN
from tests.unit.server import Server

SECRET = "hunter2-correct/horse"
PASSWORD = "proxy-p4ssword"


class Recording(StringIO):
    """A stream that adds each line to what else happened."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self.events = events

    def write(self, text: str) -> int:
        self.events.append(f"line {text.split(maxsplit=1)[0]}")
        return super().write(text)


class Recorder(CiSystem):
    """A CI system that keeps what it was told."""

    name = "recorder"
    title = "Recorder"

    def __init__(self, env: Mapping[str, str], log: Log, cwd: Path, events: list[str]) -> None:
        super().__init__(env, log, cwd)
        self.events = events
        self.masked: list[str] = []
        self.exported: Export | None = None
        self.facts: Mapping[str, str] = {}

    def mask(self, masks: Sequence[str]) -> None:
        self.events.append("mask")
        self.masked += masks

    def export(self, export: Export) -> list[str]:
        self.events.append("export")
        self.exported = export
        return [f"Exported it: {TOKEN}."]

    def summarize(self, facts: Mapping[str, str]) -> None:
        self.events.append("summarize")
        self.facts = facts

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        return error.because("The recorder knows why.", "Ask it.")


class Stage:
    """A run against a server on this machine."""

    def __init__(self, server: Server, folder: Path) -> None:
        server.body = f'{{"access_token": "{TOKEN}", "expires_in": 7200, "scope": "repository"}}'.encode()
        self.server = server
        self.folder = folder
        self.events: list[str] = []
        self.out = Recording(self.events)
        self.stdout = TextIOWrapper(BytesIO())
        self.log = Log(self.out, self.out)
        self.env = {"HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1"}
        self.ci = Recorder(self.env, self.log, folder, self.events)

    def inputs(self, **texts: str) -> Inputs:
        given = {"consumer-key": "key", "consumer-secret": SECRET, "token-url": self.server.url, "max-attempts": "1"}
        given |= {name.replace("_", "-"): text for name, text in texts.items()}
        return checked_inputs({name: Given(text, "TEST") for name, text in given.items() if text}, ("none",))

    def run(self, **texts: str) -> None:
        run(self.inputs(**texts), self.ci, self.invocation())

    def invocation(self) -> Invocation:
        return Invocation(self.env, self.folder, self.stdout, self.log, Deadline(10))


@pytest.fixture
def stage(server: Server, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(server, tmp_path)
    yield stage
    Oracle([SECRET, TOKEN, PASSWORD], key="key").check("the log", stage.out.getvalue())


def test_everything_is_masked_before_anything_is_printed_or_exported(stage: Stage) -> None:
    """The inputs' secrets first, then the token, then the export, then the report."""
    stage.run()

    assert stage.events == [
        *("mask", "line bitbucket-token", "line Asking", "mask", "line Got", "export", "line Exported", "summarize"),
    ]


def test_each_form_of_each_secret_is_masked(stage: Stage) -> None:
    """The consumer's secret with its key, and the token; of a proxy that is not used, only in the program's own log.

    A CI system is told the lines as well into which programs break them.
    """
    stage.run()

    wanted = {*forms(Secret(SECRET), key="key"), *forms(Secret(TOKEN))}
    broken = {*broken_lines(Secret(SECRET), key="key"), *broken_lines(Secret(TOKEN))}
    assert broken
    assert set(stage.ci.masked) == wanted | broken
    assert set(stage.log.masks) == {*wanted, *forms(Secret(PASSWORD))}


@pytest.mark.parametrize(
    ("variables", "inputs", "masked"),
    [
        ({"HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1"}, {}, False),
        ({"HTTP_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1"}, {}, True),
        ({"HTTP_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1", "NO_PROXY": "127.0.0.1"}, {}, False),
        ({"HTTP_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}, {}, False),
        (
            {"HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1"},
            {"base_url": "https://a.example", "token_url": ""},
            True,
        ),
        ({"HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:1"}, {"revocation_url": "https://a.example"}, True),
    ],
)
def test_a_proxy_that_is_asked_nothing_is_masked_for_nobody_else(
    stage: Stage, variables: dict[str, str], inputs: dict[str, str], masked: bool
) -> None:
    """A mask changes what all others write into the log of the job."""
    stage.env |= {"HTTPS_PROXY": "", **variables}
    with suppress(PipeError):
        stage.run(**inputs)

    assert (PASSWORD in stage.ci.masked) is masked
    assert PASSWORD in stage.log.masks


def test_the_password_of_an_issuers_proxy_is_masked(stage: Stage) -> None:
    """Its metadata names the hosts that are asked, and nobody knows them yet."""
    stage.env["NO_PROXY"] = "id.example.com"
    with suppress(PipeError):
        stage.run(issuer="https://id.example.com", token_url="")

    assert PASSWORD in stage.ci.masked


@pytest.mark.parametrize(
    ("password", "masks"), [("e", []), ("abc", []), ("abc/e/hunter2", ["abc/e/hunter2", "hunter2"])]
)
def test_a_short_password_stars_no_log(stage: Stage, password: str, masks: list[str]) -> None:
    """Neither the program's own nor that of a whole job; of a longer one, each part that is long enough is masked."""
    stage.env["HTTP_PROXY"] = f"http://user:{password}@127.0.0.1:1"
    with suppress(PipeError):
        stage.run()

    for known in (stage.ci.masked, stage.log.masks):
        assert password not in known or len(password) >= 4
        assert set(masks) <= set(known)
        assert not {"e", "abc"} & set(known)


def test_what_is_exported_follows_the_inputs(stage: Stage) -> None:
    """Name, file and choices."""
    stage.run(env_name="T", export_env="false", mask_log="false", keep_file="true", output_file="out/env")

    export = stage.ci.exported
    assert export is not None
    assert export[1:6] == ("T", False, False, True, Path("out/env"))
    assert export.token.value == Secret(TOKEN)
    assert set(export.masks) >= set(forms(Secret(TOKEN)))


def test_the_log_tells_what_was_granted(stage: Stage) -> None:
    """Scopes, lifetime and end; the summary has the same facts."""
    stage.run()

    assert "Got a bearer token: scopes repository, lifetime 7200 s, expires 20" in stage.out.getvalue()
    assert stage.ci.facts["scopes"] == "repository"
    assert stage.ci.facts["variable"] == "BITBUCKET_ACCESS_TOKEN"


def test_what_was_not_told_is_called_so(stage: Stage) -> None:
    """It is neither none nor never."""
    stage.server.body = f'{{"access_token": "{TOKEN}"}}'.encode()
    stage.run()

    assert "scopes not told, lifetime not told, expires not told" in stage.out.getvalue()


def test_a_token_that_is_not_fit_is_masked_and_not_exported(stage: Stage) -> None:
    """Exit 6: nothing is handed to later steps."""
    with pytest.raises(UnfitTokenError):
        stage.run(required_scopes="account")

    assert set(forms(Secret(TOKEN))) <= set(stage.ci.masked)
    assert stage.ci.exported is None
    assert "summarize" not in stage.events


def test_a_refusal_exports_nothing(stage: Stage) -> None:
    """Exit 3; the secret was masked before it was sent."""
    stage.server.status, stage.server.body = 401, b'{"error": "invalid_client"}'

    with pytest.raises(RefusedError):
        stage.run()

    assert stage.ci.exported is None
    assert stage.events == ["mask", "line bitbucket-token", "line Asking"]


@pytest.mark.parametrize("form", ["raw", "json", "sh", "dotenv"])
def test_a_token_that_is_printed_is_not_exported(stage: Stage, form: str) -> None:
    """It is all there is on standard output."""
    stage.run(print=form)

    assert TOKEN in stage.stdout.buffer.getvalue().decode()
    assert stage.ci.exported is None
    assert "line Got" in stage.events


def test_a_token_that_cannot_be_printed_is_not_lost_in_silence(stage: Stage) -> None:
    """Exit 7."""
    stage.stdout.close()

    with pytest.raises(ExportError, match="Standard output is closed"):
        stage.run(print="raw")


def test_the_ci_system_may_know_why_a_secret_is_missing(stage: Stage) -> None:
    """Nothing was sent."""
    with pytest.raises(MissingInputError) as caught:
        stage.run(consumer_secret="")

    assert stage.ci.explained(caught.value).why == "The recorder knows why."
    assert stage.server.requests == []


def test_a_missing_bundle_ends_the_run_before_anything_is_sent(stage: Stage) -> None:
    """Trusting other roots would be a loosening."""
    with pytest.raises(PipeError, match="certificates that ca-file names"):
        stage.run(ca_file="missing.pem")

    assert stage.server.requests == []


def test_an_invocation_does_not_show_its_environment(stage: Stage) -> None:
    """There are secrets in it."""
    Oracle([PASSWORD]).check("the representation", f"{stage.invocation()!r}")


def test_few_steps_lead_from_a_run_to_its_request(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who follows them enters nine functions at most."""
    entered: list[str] = []

    def send(*_: object, **__: object) -> None:
        waiting = sys._current_frames()[threading.main_thread().ident or 0]
        before = [name for name in reversed(functions(waiting)) if name != "awaited"]
        entered.extend([*before[before.index("run") :], *reversed(functions(sys._getframe(1)))])
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "send", send)
    with pytest.raises(PipeError):
        stage.run()

    assert entered[0] == "run"
    assert len(entered) <= 9, entered


def functions(frame: FrameType | None) -> list[str]:
    """The functions of the program that the stack of `frame` is in, innermost first."""
    found = []
    while frame:
        if "/pipe/" in frame.f_code.co_filename:
            found.append(frame.f_code.co_name)
        frame = frame.f_back
    return found
