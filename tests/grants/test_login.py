"""`bitbucket-token login`: a person, a browser, and a refresh token that no screen shows."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox import Consumer, Fault
from tests.oracle import Oracle
from tests.program import ROOT, Outcome, World, run_program

WITHOUT = Consumer(callback_url="http://127.0.0.1")


class Browser:
    """Follows the address that the program prints, as a person's browser would, in a thread of its own."""

    def __init__(self, world: World, *, stream: str = "stdout", change: Callable[[str], str] = lambda url: url) -> None:
        self.world = world
        self.stream = stream
        self.change = change
        self.told = ""
        self.address = ""
        self.pages: list[str] = []
        self.thread = threading.Thread(target=self.follow)

    def __call__(self, process: "subprocess.Popen[bytes]") -> None:
        """Read what is printed up to the address, and go there."""
        stream = getattr(process, self.stream)
        data = b""
        while not re.search(rb"    https://\S+\n", data):
            piece = os.read(stream.fileno(), 1)
            if not piece:
                break
            data += piece
        self.told = data.decode()
        found = re.search(r"    (https://\S+)\n", self.told)
        if found:
            self.address = found[1]
            self.thread.start()

    def close(self) -> None:
        """Wait for the last page, so that what goes wrong with it is told where it happened."""
        if self.address:
            self.thread.join()

    def follow(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.proxies = {"https": self.world.sandbox.proxy_url}
            session.verify = str(self.world.sandbox.ca_file)
            answer = session.get(self.address, allow_redirects=False, timeout=10)
            target = self.change(answer.headers["Location"])
            for url in target.split():
                self.pages.append(session.get(url, timeout=10).text)


def login(world: World, *arguments: str, browser: Browser | None = None, **variables: str) -> tuple[Outcome, Browser]:
    browser = browser or Browser(world, stream="stderr" if "--print" in arguments else "stdout")
    outcome = run_program(
        world,
        "login",
        "--redirect-uri",
        "http://localhost:0/",
        *arguments,
        env={**world.consumer, **variables},
        during=browser,
        allowed=[world.work / "token"],
        may_export=True,
    )
    browser.close()
    sandbox = world.sandbox
    oracle = Oracle([*sandbox.refresh_tokens, *(token.value for token in sandbox.tokens), sandbox.consumer.secret])
    oracle.check("what was told", browser.told)
    for page in browser.pages:
        oracle.check("a page", page)
    return outcome, browser


def test_to_a_file(world: World) -> None:
    """PKCE, a state, the loopback address; the page says nothing, and the file is its owner's."""
    outcome, browser = login(world, "--refresh-token-store", "file:token")

    assert outcome.code == 0
    [token] = world.sandbox.refresh_tokens
    assert (world.work / "token").read_text() == f"{token}\n"
    assert (world.work / "token").stat().st_mode & 0o777 == 0o600
    assert set(outcome.files) == {"work/token", "work/token.lock"}
    parts = urlsplit(browser.address)
    asked = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert (parts.netloc, parts.path) == ("bitbucket.org", "/site/oauth2/authorize")
    assert asked["client_id"] == world.sandbox.consumer.key
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 32
    assert re.fullmatch(r"http://localhost:\d+/", asked["redirect_uri"])
    form = outcome.requests[-1].form
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", form["code_verifier"])
    Oracle([form["code"], asked["state"]]).check("a page", "".join(browser.pages))
    Oracle([form["code"], form["code_verifier"]]).check("the streams", browser.told + outcome.out + outcome.err)
    assert "Go back to the terminal" in browser.pages[0]
    assert "grant: refresh_token" in outcome.out


def test_to_a_pipe(world: World) -> None:
    """The refresh token alone on standard output; all else on standard error."""
    outcome, _ = login(world, "--print", "raw")

    assert outcome.code == 0
    [token] = world.sandbox.refresh_tokens
    assert outcome.out == f"{token}\n"
    assert outcome.files == {}


def test_to_a_secured_variable(world: World) -> None:
    """With the token that came with it."""
    outcome, _ = login(world, "--refresh-token-store", "repository:team/hello/REFRESH_TOKEN")

    assert outcome.code == 0
    [variable] = world.sandbox.repositories.of("team")[0].variables
    assert (variable["value"], variable["secured"]) == (next(iter(world.sandbox.refresh_tokens)), True)
    assert outcome.files == {}


def test_what_login_stores_the_next_run_uses(world: World) -> None:
    """The whole way."""
    assert login(world, "--refresh-token-store", "file:token")[0].code == 0
    env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN_STORE": "file:token"}
    assert run_program(world, env=env, allowed=[world.work / "token"]).code == 0
    assert list(world.sandbox.refresh_tokens.values()) == [1, 0]


def test_scopes_are_asked_for_on_the_page(world: World) -> None:
    """Where the person sees them."""
    _, browser = login(world, "--scope", "account,pullrequest", "--print", "raw")
    assert parse_qs(urlsplit(browser.address).query)["scope"] == ["account pullrequest"]


def denied(url: str) -> str:
    state = parse_qs(urlsplit(url).query)["state"][0]
    return f"{url.partition('?')[0]}?error=access_denied&state={state}"


def test_access_is_denied(world: World) -> None:
    """Exit 3, and nothing is asked for."""
    outcome, _ = login(
        world, "--refresh-token-store", "file:token", browser=Browser(world, change=denied), DEADLINE="20"
    )

    assert outcome.code == 3
    assert "Access was denied in the browser." in outcome.failure
    assert [request.path for request in outcome.requests] == ["/site/oauth2/authorize"]


def test_another_error_is_shown_harmless(world: World) -> None:
    """It comes by way of the browser, so anybody may have written it."""
    browser = Browser(world, change=lambda url: denied(url).replace("access_denied", "%3A%3Aerror%3A%3A%0Ax"))
    outcome, _ = login(world, "--refresh-token-store", "file:token", browser=browser)

    assert outcome.code == 3
    assert '"' in outcome.failure


def forged(url: str) -> str:
    """What another page of the browser could send first, without the state."""
    base = url.partition("?")[0]
    return " ".join([f"{base}?code=stolen&state=guessed", f"{base}?error=access_denied", f"{base}favicon.ico", url])


def test_forged_answers_are_ignored(world: World) -> None:
    """The right one still arrives."""
    outcome, browser = login(world, "--refresh-token-store", "file:token", browser=Browser(world, change=forged))

    assert outcome.code == 0
    assert len(browser.pages) == 4
    assert outcome.requests[-1].form["code"] != "stolen"


def test_nobody_comes(world: World) -> None:
    """The deadline holds; what to compare is told."""
    browser = Browser(world, change=lambda _url: "")
    outcome, _ = login(world, "--refresh-token-store", "file:token", "--deadline", "2", browser=browser)

    assert outcome.code == 4
    assert "Nobody allowed access within 2 s" in outcome.failure
    assert "callback URL" in outcome.failure


def test_it_can_be_interrupted(world: World) -> None:
    """As when somebody presses Ctrl-C."""
    browser = Browser(world, change=lambda _url: "")

    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        browser(process)
        time.sleep(0.2)
        process.terminate()

    env = {**world.consumer, "REFRESH_TOKEN_STORE": "file:token"}
    outcome = run_program(world, "login", "--redirect-uri", "http://localhost:0/", env=env, during=interrupt)
    browser.close()
    assert outcome.code == 143


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "one place"),
        (("--refresh-token-store", "file:token", "--print", "raw"), "one place"),
        (("--print", "json"), "one place"),
        (("--refresh-token-store", "output"), "cannot be output here"),
        (("--refresh-token-store", "nowhere"), "no place that is known"),
        (("--print", "raw", "--redirect-uri", "https://localhost:8976/"), "no address of this machine"),
        (("--print", "raw", "--redirect-uri", "http://192.0.2.1:8976/"), "no address of this machine"),
        (("--print", "raw", "--redirect-uri", "http://localhost:99999/"), "no address of this machine"),
        (("--print", "raw", "--redirect-uri", "http://localhost:1/?x=y"), "no address of this machine"),
        (("--print", "raw", "--token-url", "https://id.example.com/token"), "cannot be used with login"),
        (("--print", "raw", "--issuer", "https://id.example.com"), "issuer cannot be used with login"),
    ],
)
def test_what_is_wrong_is_told_before_anybody_logs_in(world: World, arguments: tuple[str, ...], named: str) -> None:
    """Exit 2, and no address is printed."""
    outcome = run_program(world, "login", *arguments, env=world.consumer)

    assert outcome.code == 2
    assert named in outcome.failure
    assert "authorize" not in outcome.out + outcome.err


@pytest.mark.parametrize("missing", ["CONSUMER_KEY", "CONSUMER_SECRET"])
def test_key_and_secret_are_needed_first(world: World, missing: str) -> None:
    """Nobody logs in for nothing."""
    env = {name: value for name, value in world.consumer.items() if name != missing}
    outcome = run_program(world, "login", "--print", "raw", env=env)

    assert outcome.code == 2
    assert "is missing" in outcome.failure


def test_a_taken_port(world: World) -> None:
    """Exit 2, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        uri = f"http://localhost:{other.getsockname()[1]}/"
        outcome = run_program(world, "login", "--print", "raw", "--redirect-uri", uri, env=world.consumer)

    assert outcome.code == 2
    assert "Nothing can listen on http://localhost" in outcome.failure


def test_a_server_without_refresh_tokens(world: World) -> None:
    """Exit 6."""
    body = '{"access_token": "an-opaque-token-of-a-terse-server"}'
    world.sandbox.faults.add(Fault(path="/site/oauth2/access_token", body=body))
    outcome, _ = login(world, "--print", "raw")

    assert outcome.code == 6
    assert "no refresh token" in outcome.failure


def test_a_data_center(world: World) -> None:
    """Its own page, and its own token endpoint, below the context path."""
    base = world.sandbox.data_center_url
    outcome, browser = login(
        world, "--refresh-token-store", "file:token", "--base-url", base, CA_FILE=str(world.sandbox.ca_file)
    )

    assert outcome.code == 0
    assert urlsplit(browser.address).path == "/bitbucket/rest/oauth2/latest/authorize"
    assert outcome.requests[-1].path == "/bitbucket/rest/oauth2/latest/token"


@pytest.mark.parametrize("words", [["logout"], ["--debug", "login"], ["login", "login"], ["Login"]])
def test_other_words_are_no_verbs(world: World, words: list[str]) -> None:
    """A verb is the first word, or none."""
    outcome = run_program(world, *words, env=world.consumer)

    assert outcome.code == 2
    assert outcome.requests == []


def test_a_browser_inherits_no_secret(world: World) -> None:
    """Neither under the name of an input, nor under another name of the job's, nor a token of an earlier step."""
    secret = world.sandbox.consumer.secret
    seen = world.runner / "browser"
    script = world.home / "browser"
    script.write_text(f"#!/bin/sh\nenv >{seen}\n")
    script.chmod(0o700)
    (world.home / "secret").write_text(secret)
    others = {
        "INPUT_CONSUMER-SECRET": secret,
        "CONSUMER_SECRET_FILE": str(world.home / "secret"),
        "THE_JOBS_OWN_NAME": secret,
        "CLIENT_SECRET": "the-secret-of-another-service",
        "PASSWORD": "the-password-of-somebody",
        "PLUGIN_PASSWORD": "the-password-of-nobody",
    }
    tokens = {
        "TOKEN_OF_BEFORE": "the-token-of-an-earlier-step",
        "TOKEN_OF_BEFORE_EXPIRES_AT": "2126-11-21T12:00:00Z",
        "GIT_CONFIG_VALUE_0": "Authorization: Bearer another-token-of-an-earlier-step",
        "STATE_token": "a-token-that-a-runner-keeps",
    }
    kept = {"BROWSER": f"{script} %s", "DISPLAY": ":0", "CONSUMER_KEY": world.sandbox.consumer.key}
    browser = Browser(world)
    outcome = run_program(
        world,
        *("login", "--redirect-uri", "http://localhost:0/", "--refresh-token-store", "file:token"),
        env={**others, **tokens, **kept},
        during=browser,
        allowed=[world.work / "token"],
        secrets=[text for name, text in others.items() if not name.endswith("_FILE")],
        tokens=[text.removeprefix("Authorization: Bearer ") for text in tokens.values() if "token" in text],
        starts=True,
    )
    browser.close()

    assert outcome.code == 0
    inherited = dict(line.split("=", 1) for line in seen.read_text().splitlines())
    assert kept.items() <= inherited.items()
    assert not (others.keys() | tokens.keys() - {"TOKEN_OF_BEFORE_EXPIRES_AT"}) & inherited.keys()
    assert not any(name.endswith("SECRET") for name in inherited)


def test_what_a_browser_prints_stays_out_of_standard_output() -> None:
    """The refresh token may go there, for a program to read."""
    code = """if True:
        import os, webbrowser
        from types import SimpleNamespace
        from pipe.verbs import login
        webbrowser.open = lambda _address: os.write(1, b"Opening in the existing session.")
        login._open("https://bitbucket.org/", SimpleNamespace(say=lambda _text: None))
        os.write(1, b"the token")
    """
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)

    assert (finished.stdout, finished.stderr) == (b"the token", b"Opening in the existing session.")
