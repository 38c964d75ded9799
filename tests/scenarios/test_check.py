"""`bitbucket-token check`: what each step finds, that it costs nothing, and that it ends as a run would."""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox import Consumer, Fault
from tests.grants.center import OWN, TOKENS, Center
from tests.program import ROOT, Outcome, World, run_program

TOKEN = "/site/oauth2/access_token"
USER = "/2.0/user"
HELLO = "/2.0/repositories/team/hello"

SHOWN = """\
✔ inputs: grant client_credentials, on no known CI system; given: consumer-key (CONSUMER_KEY), consumer-secret \
(CONSUMER_SECRET).
✔ dns: the proxy 127.0.0.1 is 127.0.0.1.
✔ proxy: 127.0.0.1:<proxy port> lets through for bitbucket.org; 127.0.0.1:<proxy port> lets through for \
api.bitbucket.org.
✔ tls: bitbucket.org by TLSv1.3, certificate of Bitbucket stand-in with <many> days left; api.bitbucket.org by \
TLSv1.3, certificate of Bitbucket stand-in with <many> days left.
✔ clock: within 60 s of that of bitbucket.org.
✔ token endpoint: bitbucket.org answers (HTTP 405).
✔ grant: client_credentials gives a token, which is exported nowhere.
✔ scopes: account repository:write pullrequest pipeline:variable (implied: email pipeline pipeline:write \
repository); lifetime 7200 s.
✔ api: api.bitbucket.org takes the token for that of team-app_user (app_user).
- rate limits: not told by any answer.
"""
PRIVATE_KEY = (
    rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)
NAMES = ["inputs", "dns", "proxy", "tls", "clock", "token endpoint", "grant", "scopes", "api", "rate limits"]


def check(world: World, *arguments: str, **variables: str) -> Outcome:
    return run_program(world, "check", *arguments, env={**world.consumer, **variables})


def lines(outcome: Outcome) -> str:
    """The lines for people, with a dash that everybody can type and without the many days of the stand-in."""
    return re.sub(r"\d{5,} days", "<many> days", outcome.shown.replace("\N{EN DASH} ", "- "))


def steps(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """What `--json` says of each step, by its name."""
    [line] = outcome.out.splitlines()
    told = json.loads(line)
    assert told["exit_code"] == outcome.code
    assert told["ok"] is (outcome.code == 0)
    assert [step["name"] for step in told["steps"]] == NAMES
    return {step["name"]: step for step in told["steps"]}


def test_all_is_fine(world: World) -> None:
    """One line for each step, nothing exported, and no more than a run would have asked but whose the token is."""
    outcome = check(world)

    assert outcome.code == 0
    assert outcome.told == ""
    assert lines(outcome) == SHOWN
    assert outcome.files == {}
    assert outcome.sent == [
        f"GET https://bitbucket.org{TOKEN}: ",
        f"POST https://bitbucket.org{TOKEN} as basic <key>:<secret>: grant_type=client_credentials",
        f"GET https://api.bitbucket.org{USER}?fields=type,display_name as bearer <token>: ",
    ]


def test_the_page_about_it_shows_what_it_prints() -> None:
    """Its example is this output, with names and numbers as they are elsewhere."""
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    example = page.partition("```text\n")[2].partition("```")[0].replace("\N{EN DASH} ", "- ")
    elsewhere = {
        "proxy.example.com:3128": "127.0.0.1:<proxy port>",
        "proxy.example.com is 192.0.2.7": "127.0.0.1 is 127.0.0.1",
        "DigiCert Inc": "Bitbucket stand-in",
        "128 days": "<many> days",
    }
    for there, here in elsewhere.items():
        assert there in example
        example = example.replace(there, here)

    assert example == SHOWN
    assert all(f"| `{name}` |" in page for name in NAMES)


def test_what_is_found_is_there_as_json(world: World) -> None:
    """On standard output and alone there; the lines for people go to standard error."""
    outcome = check(world, "--json", REQUIRED_SCOPES="repository")

    assert outcome.code == 0
    assert outcome.told.startswith("✔ inputs: ")
    found = steps(outcome)
    assert {name for name, step in found.items() if step["ok"] is None} == {"rate limits"}
    assert found["inputs"]["facts"]["given"] == {
        "consumer-key": "CONSUMER_KEY",
        "consumer-secret": "CONSUMER_SECRET",
        "required-scopes": "REQUIRED_SCOPES",
    }
    assert found["tls"]["facts"]["bitbucket.org"]["issuer"] == "Bitbucket stand-in"
    assert found["scopes"]["facts"]["implied"] == ["email", "pipeline", "pipeline:write", "repository"]
    assert found["api"]["facts"]["name"] == "team-app_user"


def test_a_secret_goes_nowhere_but_where_a_run_sends_it(world: World) -> None:
    """What carries one is a part of what a run with `verify` sends; what else is asked, a run asks too."""
    variables = {"VERIFY": "team/hello"}
    run = run_program(world, env={**world.consumer, **variables})
    outcome = check(world, **variables)

    def carrying(of: Outcome) -> list[tuple[str, str, str]]:
        return [(request.method, request.host, request.path) for request in of.requests if _has_secret(request.headers)]

    assert run.code == outcome.code == 0
    assert carrying(outcome) == carrying(run)
    assert {(request.host, request.path) for request in outcome.requests} <= {
        (request.host, request.path) for request in run.requests
    }
    [probe] = [request for request in outcome.requests if not _has_secret(request.headers)]
    assert (probe.method, probe.body, probe.query) == ("GET", b"", "")


def _has_secret(headers: tuple[tuple[str, str], ...]) -> bool:
    return any(name.lower() in ("authorization", "cookie", "proxy-authorization") for name, _ in headers)


NO_PROXY = {"HTTPS_PROXY": "", "https_proxy": ""}
KIND = '{"type": "error", "error": {"message": "This API is not accessible by this authentication mechanism"}}'
WRONG = '{"error": {"message": "Token is invalid, expired, or not supported for this endpoint."}}'
VERIFY = {"VERIFY": "team/hello"}


def _refuse(world: World) -> None:
    world.sandbox.proxy.refuse_all = True


def _strike(**fields: Any) -> Callable[[World], None]:
    return lambda world: world.sandbox.faults.add(Fault(times=None, **fields))


def _nothing(world: World) -> None:
    """All is as ever."""


CASES: Mapping[str, tuple[str, dict[str, str], Callable[[World], None], int]] = {
    "no such grant": ("inputs", {"GRANT": "nonsense"}, _nothing, 2),
    "no secret": ("inputs", {"CONSUMER_SECRET": ""}, _nothing, 2),
    "no secret file": ("inputs", {"CONSUMER_SECRET": "", "CONSUMER_SECRET_FILE": "/nowhere"}, _nothing, 2),
    "no such channel": ("inputs", {"CHANNEL": "dotenv"}, _nothing, 2),
    "no such CA file": ("inputs", {"CA_FILE": "/nowhere/ca.pem"}, _nothing, 2),
    "no name for true": ("inputs", {"VERIFY": "true"}, _nothing, 2),
    "no code": ("inputs", {"GRANT": "authorization_code"}, _nothing, 2),
    "no store": ("inputs", {"GRANT": "refresh_token", "REFRESH_TOKEN": "a-refresh-token"}, _nothing, 2),
    "no such name": ("dns", {**NO_PROXY, "TOKEN_URL": "https://nowhere.invalid/token"}, _nothing, 4),
    "no such proxy": ("proxy", {"https_proxy": "http://user:hunter2-hunter2@127.0.0.1:1"}, _nothing, 4),
    "no proxy's address": ("proxy", {"https_proxy": "socks5://127.0.0.1:1"}, _nothing, 4),
    "no proxy's port": ("proxy", {"https_proxy": "http://user:hunter2-hunter2@127.0.0.1:99999"}, _nothing, 4),
    "no number for a port": ("proxy", {"https_proxy": "http://127.0.0.1:80a"}, _nothing, 4),
    "half an address": ("proxy", {"https_proxy": "http://[::1"}, _nothing, 4),
    "a raw slash": ("proxy", {"https_proxy": "http://user:hunter2/hunter2@127.0.0.1:1"}, _nothing, 4),
    "no proxy's password": ("inputs", {"https_proxy": "http://user:%E2%82%AC@127.0.0.1:1"}, _nothing, 2),
    "a proxy that is none": ("proxy", {"https_proxy": "http://127.0.0.1:{port}"}, _nothing, 4),
    "a proxy over TLS that is none": ("token endpoint", {"https_proxy": "https://127.0.0.1:{port}"}, _nothing, 4),
    "a proxy that refuses": ("proxy", {}, _refuse, 4),
    "a server that closes": ("tls", {}, _strike(kind="connect-close"), 4),
    "no TLS": ("tls", {}, _strike(kind="connect-garbage"), 4),
    "an error on every request": ("grant", {}, _strike(path=TOKEN, status=500, body="{}"), 5),
    "a wrong secret": ("grant", {"CONSUMER_SECRET": "another-secret-of-the-tests"}, _nothing, 3),
    "too many requests": ("grant", {}, _strike(path=TOKEN, method="POST", status=429, retry_after=7), 5),
    "a page": ("grant", {}, _strike(path=TOKEN, kind="html"), 5),
    "a missing scope": ("scopes", {"REQUIRED_SCOPES": "webhook"}, _nothing, 6),
    "a short life": ("scopes", {"MIN_LIFETIME": "7201"}, _nothing, 6),
    "a token that is not taken": ("api", VERIFY, _strike(path=HELLO, status=401, body=WRONG), 6),
    "no such repository": ("api", {"VERIFY": "team/none"}, _nothing, 6),
    "an API in trouble": ("api", VERIFY, _strike(path=HELLO, status=503), 5),
    "an API's limit": ("api", VERIFY, _strike(path=HELLO, status=429), 5),
}


@pytest.mark.parametrize("name", CASES)
def test_a_check_ends_as_a_run_does(world: World, name: str) -> None:
    """With the same exit code and the same reason; the step is named, those before it are fine, others are told off."""
    step, variables, prepare, code = CASES[name]
    prepare(world)
    variables = {name: text.replace("{port}", str(world.sandbox.port)) for name, text in variables.items()}
    env = {**world.consumer, "MAX_ATTEMPTS": "1", **variables}
    secrets = [value for value in (variables.get("CONSUMER_SECRET"), variables.get("REFRESH_TOKEN")) if value]
    run = run_program(world, env=env, secrets=secrets)
    outcome = run_program(world, "check", "--json", env=env, secrets=secrets)

    assert run.code == outcome.code == code
    found = steps(outcome)
    before, after = NAMES[: NAMES.index(step)], NAMES[NAMES.index(step) + 1 :]
    assert [before for before in before if found[before]["ok"] is False] == []
    assert found[step]["ok"] is False
    assert found[step]["why"]
    assert found[step]["now"]
    assert f"✖ {step}: " in outcome.told
    assert outcome.files == {}
    if step in NAMES[:4]:
        # Nothing was said to a server that could not be reached, or that a run would not have asked.
        assert all(found[name]["ok"] is None for name in after)
        assert outcome.requests == []
    if step == "inputs":
        assert found[step]["what"] == run.failure.splitlines()[0].removeprefix("✖ ")


CERTIFICATES = {"untrusted": "private authority", "wrong-host": "for another name", "expired": "has expired"}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(said, marks=pytest.mark.sandbox(certificate=certificate), id=certificate)
        for certificate, said in CERTIFICATES.items()
    ],
)
def test_a_certificate_that_is_not_trusted(world: World, said: str) -> None:
    """Exit 4, as in a run, with what OpenSSL says; no secret has left."""
    run = run_program(world, "--max-attempts", "1", env=world.consumer)
    outcome = check(world, "--json")

    assert run.code == outcome.code == 4
    found = steps(outcome)["tls"]
    assert found["ok"] is False
    assert "OpenSSL says: " in found["what"]
    assert said in found["why"]
    assert ("this runner's clock says 20" in found["what"]) is ("expired" in said)
    assert outcome.requests == []


@pytest.mark.sandbox(newest_tls=ssl.TLSVersion.TLSv1_1)
def test_tls_that_is_too_old(world: World) -> None:
    """Exit 4, as in a run."""
    assert run_program(world, "--max-attempts", "1", env=world.consumer).code == 4

    outcome = check(world)
    assert outcome.code == 4
    assert "✖ tls: No TLS connection to bitbucket.org could be agreed on" in lines(outcome)
    assert "Why: The server speaks no TLS 1.2 or newer" in lines(outcome)


@pytest.mark.sandbox(certificate="ends-soon")
def test_a_certificate_that_ends_soon_is_a_warning(world: World) -> None:
    """A run still succeeds today."""
    outcome = check(world, "--json")

    assert outcome.code == 0
    found = steps(outcome)["tls"]
    assert found["ok"] is True
    assert found["facts"]["bitbucket.org"]["days"] == 5
    assert found["what"].startswith("Warning: ")
    assert "Have the certificate renewed" in found["now"]


@pytest.mark.sandbox(proxy_credentials=("user", "proxy-p4ssword-of-the-tests"))
def test_a_proxy_that_wants_a_password(world: World) -> None:
    """Right, it is used and not shown; wrong, exit 4 as in a run."""
    outcome = check(world)
    assert outcome.code == 0
    assert "p4ssword" not in outcome.out + outcome.err

    wrong = {"https_proxy": world.sandbox.proxy_url.replace("p4ssword", "another")}
    assert run_program(world, env={**world.consumer, **wrong}).code == 4
    outcome = check(world, **wrong)
    assert outcome.code == 4
    assert "✖ proxy: The proxy 127.0.0.1:<proxy port> wants a user name and a password (407)." in lines(outcome)
    assert "another" not in outcome.out + outcome.err


def test_a_proxy_whose_name_is_misspelt(world: World) -> None:
    """The variable is named, by a run and in the same words by the check."""
    variables = {"https_proxy": "http://proxy.invalid:3128", "MAX_ATTEMPTS": "1"}
    run = run_program(world, env={**world.consumer, **variables})
    outcome = check(world, **variables)

    assert run.code == outcome.code == 4
    told = "The name of the proxy proxy.invalid:3128 could not be resolved.\n"
    assert f"✖ {told}" in run.failure
    assert f"✖ dns: {told}" in lines(outcome)
    assert "Now: Correct or unset HTTPS_PROXY" in lines(outcome)


def test_a_server_that_closes_behind_a_proxy_is_not_taken_for_the_proxy(world: World) -> None:
    """The proxy was fine a line above."""
    world.sandbox.faults.add(Fault(path=USER, kind="close", times=None))
    outcome = check(world, MAX_ATTEMPTS="1")

    assert outcome.code == 4
    told = "✖ api: The connection to api.bitbucket.org through the proxy 127.0.0.1:<proxy port> broke off"
    assert told in lines(outcome)


def test_without_a_proxy_the_servers_name_is_resolved(world: World) -> None:
    """And nothing is asked of a proxy."""
    outcome = check(world, **NO_PROXY, TOKEN_URL=world.sandbox.rfc_token_url.replace("127.0.0.1", "localhost"))

    assert outcome.code == 0
    assert "✔ dns: localhost is 127.0.0.1" in lines(outcome).replace("0000:0000:0000:0000:0000:0000:0000:0001, ", "")
    assert "✔ proxy: none for localhost:<port>.\n" in lines(outcome)
    assert "- api: not tried, because only Bitbucket's own API is known.\n" in lines(outcome)
    assert outcome.connects == []


@pytest.mark.sandbox(scheme="http")
def test_a_server_of_this_machine_needs_no_tls(world: World) -> None:
    """Plain HTTP on loopback."""
    outcome = check(world, TOKEN_URL=world.sandbox.rfc_token_url)

    assert outcome.code == 0
    assert "✔ tls: none for 127.0.0.1:<port>, which is asked over plain HTTP.\n" in lines(outcome)


@pytest.mark.parametrize(("hours", "said"), [(2, "behind"), (-2, "ahead of")])
def test_a_clock_that_is_off_is_a_warning(world: World, hours: int, said: str) -> None:
    """By the header Date of an answer; a run may succeed all the same."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    world.sandbox.faults.add(Fault(path=TOKEN, method="GET", status=405, headers={"Date": date}))
    outcome = check(world, "--json")

    assert outcome.code == 0
    found = steps(outcome)["clock"]
    assert 6900 < abs(found["facts"]["seconds"]) < 7500
    assert said in found["what"]
    assert "NTP" in found["now"]


@pytest.mark.parametrize("seconds", [15, -15])
@pytest.mark.parametrize("signs", [True, False])
def test_seconds_matter_to_what_signs(world: World, seconds: int, *, signs: bool) -> None:
    """Some servers take no signature that is from their future; a secret is good at any time."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    world.sandbox.faults.add(Fault(path=TOKEN, method="GET", status=405, headers={"Date": date}))
    more = {"CLIENT_AUTH": "private_key_jwt", "PRIVATE_KEY": PRIVATE_KEY} if signs else {}
    outcome = run_program(world, "check", "--json", env={**world.consumer, **more}, secrets=[PRIVATE_KEY])
    found = steps(outcome)["clock"]

    assert found["ok"] is True
    assert bool(found["why"]) is signs
    assert found["what"].startswith("Warning: " if signs else "within 60 s of that of bitbucket.org.")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Date": format_datetime(datetime.now(UTC) + timedelta(days=1)), "Age": "86400"}, "- clock: not tried"),
        ({"Date": "yesterday"}, "- clock: not tried"),
        ({"Date": "Thu, 01 Jan 99999999999 00:00:00 GMT"}, "- clock: not tried"),
    ],
    ids=["cached", "no date", "beyond"],
)
def test_a_date_that_tells_nothing(world: World, headers: dict[str, str], said: str) -> None:
    """It is not believed, and does no harm."""
    world.sandbox.faults.add(Fault(path=TOKEN, method="GET", status=405, headers=headers))
    outcome = check(world)

    assert outcome.code == 0
    assert said in lines(outcome)


def test_rate_limits_are_told(world: World) -> None:
    """As the answers say them; a refusal that a second try got over is told too."""
    limits = {"X-RateLimit-Limit": "1000", "X-RateLimit-Resource": "api", "X-RateLimit-NearLimit": "false"}
    world.sandbox.faults.add(
        Fault(path=USER, headers=limits, body='{"type": "user"}'),
        Fault(path=TOKEN, method="POST", status=429, retry_after=0),
    )
    outcome = check(world, "--json")

    assert outcome.code == 0
    found = steps(outcome)["rate limits"]
    assert found["what"] == (
        "bitbucket.org: 1 x too many requests (HTTP 429), Retry-After: 0 s; "
        "api.bitbucket.org: limit 1000, resource api, near limit false."
    )
    assert found["facts"]["api.bitbucket.org"] == {"limit": "1000", "resource": "api", "near_limit": "false"}
    assert found["facts"]["bitbucket.org"] == {"refused": "1", "retry_after": 0}


@pytest.mark.sandbox(consumers=[Consumer(scopes=("repository",))])
def test_a_token_that_may_not_say_whose_it_is_is_a_real_one(world: World) -> None:
    """403 for a missing scope alone."""
    outcome = check(world)

    assert outcome.code == 0
    assert "✔ api: api.bitbucket.org takes the token, which may not ask whose it is; name a " in lines(outcome)


@pytest.mark.parametrize("status", [403, 401])
def test_a_consumers_token_that_may_not_ask_whose_it_is_is_good(world: World, status: int) -> None:
    """Should an `app_user` get the answer that access tokens get: asked once, and `verify` is how to try it."""
    world.sandbox.faults.add(Fault(path=USER, status=status, body=KIND))
    outcome = check(world)

    assert outcome.code == 0
    said = f"✔ api: api.bitbucket.org takes the token, but tells none of its kind whose it is (HTTP {status}); name a "
    assert said in lines(outcome)
    assert [request.path for request in outcome.requests].count(USER) == 1


def test_an_access_token_is_checked_on_its_repository(world: World) -> None:
    """Nothing else is asked with it; without the input, it is a good one all the same, and the input is told of."""
    token = world.sandbox.repository_token("team/hello").value
    env = {"GRANT": "access_token", "ACCESS_TOKEN": token}
    outcome = run_program(world, "check", env=env, tokens=[token])
    assert outcome.code == 0
    assert "tells none of its kind whose it is (HTTP 403); to try it on more, the input repository is" in lines(outcome)

    outcome = run_program(world, "check", env={**env, "REPOSITORY": "team/hello"}, tokens=[token])
    assert outcome.code == 0
    assert "✔ api: the token is good for the repository team/hello.\n" in lines(outcome)
    assert {request.path for request in outcome.requests if request.authorization[1] == token} == {HELLO}


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault(path=USER, status=401, body=WRONG), 0, "- api: api.bitbucket.org does not say whose token it is"),
        (Fault(path=USER, status=401, times=3, body='{"error": {"message": "Access token expired."}}'), 3, "✖ api: "),
        (Fault(path=USER, kind="html"), 5, "✖ api: "),
        (Fault(path=USER, kind="endless"), 5, "✖ api: api.bitbucket.org answered with more than"),
        (Fault(path=USER, body='{"display_name": "::error::\\u001b[31m##[x", "type": ["a"]}'), 0, "✔ api: "),
        (Fault(path=USER, headers={"X-RateLimit-Limit": "##vso[x" * 100}, body="{}"), 0, "limit ## vso[x"),
    ],
    ids=str,
)
def test_what_the_api_says_of_the_token(world: World, fault: Fault, code: int, said: str) -> None:
    """Whatever that is, in one harmless line."""
    world.sandbox.faults.add(fault)
    outcome = check(world)

    assert outcome.code == code
    assert said.replace("## ", "# #") in lines(outcome)
    assert len(outcome.out.splitlines()) == len(NAMES) + 2 * (code != 0)


def test_the_pipelines_own_repository_is_tried(world: World) -> None:
    """Where the CI system says which one that is."""
    outcome = check(world, BITBUCKET_BUILD_NUMBER="7", BITBUCKET_REPO_FULL_NAME="team/hello")

    assert outcome.code == 0
    assert "✔ api: the token is good for the repository team/hello.\n" in lines(outcome)
    assert outcome.requests[-1].path == HELLO


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "team/hello",
            "(HTTP 403)",
            marks=pytest.mark.sandbox(consumers=[Consumer(scopes=("pipeline:variable",))]),
            id="lacks the scope",
        ),
        pytest.param("other/repository", "(HTTP 404)", id="of another workspace"),
    ],
)
def test_a_token_may_be_for_something_else_than_the_pipelines_repository(world: World, name: str, said: str) -> None:
    """Nobody named that one by `verify`: a run ends well, and so does the check, to which it proves the token."""
    step = {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_REPO_FULL_NAME": name}
    run = run_program(world, env={**world.consumer, **step})
    outcome = check(world, **step)

    assert run.code == outcome.code == 0
    told = f"✔ api: api.bitbucket.org takes the token, which is not good for the repository {name} of this step {said};"
    assert told in lines(outcome)
    assert check(world, **step, VERIFY="true").code == 6


def test_a_token_that_is_refused_on_the_pipelines_repository_is_no_good(world: World) -> None:
    """Exit 6: 401 says nothing of the repository."""
    world.sandbox.faults.add(Fault(path=HELLO, status=401, body=WRONG, times=3))
    outcome = check(world, BITBUCKET_BUILD_NUMBER="7", BITBUCKET_REPO_FULL_NAME="team/hello")

    assert outcome.code == 6
    assert "✖ api: " in lines(outcome)


def test_the_first_trouble_counts(world: World) -> None:
    """A run would not have come as far as the second."""
    world.sandbox.faults.add(Fault(path=HELLO, status=500))
    outcome = check(world, "--json", REQUIRED_SCOPES="webhook", VERIFY="team/hello", MAX_ATTEMPTS="1")

    assert outcome.code == 6
    assert [name for name, step in steps(outcome).items() if step["ok"] is False] == ["scopes", "api"]
    assert outcome.told.endswith("take them out of required-scopes.\n")


def test_only_the_api_is_out_of_reach(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4, though a run without `verify` would not notice: what the token is for would fail. The rest is tried."""
    monkeypatch.setattr("sandbox.proxy._BITBUCKET", frozenset({"bitbucket.org:443"}))
    outcome = check(world)

    assert outcome.code == 4
    assert "✖ proxy: The proxy 127.0.0.1:<proxy port> does not let this runner connect to api.bitbucket.org." in lines(
        outcome
    )
    assert "✔ tls: bitbucket.org by TLSv1.3" in lines(outcome)
    assert "✔ grant: client_credentials" in lines(outcome)
    assert "- api: not tried, because the step proxy did not reach api.bitbucket.org.\n" in lines(outcome)


@pytest.mark.sandbox(host="::1")
def test_an_address_with_colons(world: World) -> None:
    """Two in a row could be read as a command, so it is written in full."""
    outcome = check(world, **NO_PROXY, TOKEN_URL=world.sandbox.rfc_token_url)

    assert outcome.code == 0
    assert "is 0000:0000:0000:0000:0000:0000:0000:0001.\n" in lines(outcome)
    assert "✔ tls: [: :1]:<port> by TLSv1.3" in lines(outcome)


def test_on_github_the_token_is_masked_and_not_exported(world: World) -> None:
    """And what fails is annotated as in a run."""
    outcome = check(world, "--json", **world.github())
    assert outcome.code == 0
    assert world.sandbox.tokens[0].value in outcome.masks
    assert set(outcome.files) == set()
    assert len(outcome.out.splitlines()) == 1

    outcome = check(world, REQUIRED_SCOPES="webhook", **world.github())
    assert outcome.code == 6
    assert outcome.failure.startswith("The token lacks the scopes webhook")


def test_the_deadline_holds_over_all_steps(world: World) -> None:
    """A server that is silent takes no more than that."""
    world.sandbox.faults.add(Fault(kind="connect-silence", times=None))
    outcome = check(world, "--deadline", "2")

    assert outcome.code == 4
    assert "✖ tls: bitbucket.org gave no whole answer within the deadline of 2 s." in lines(outcome)


def test_a_deadline_that_passes_between_two_steps_is_a_failure(world: World) -> None:
    """The clock is asked of the same answer that the next step wants, and of none it says nothing."""
    world.sandbox.faults.add(Fault(path=TOKEN, method="GET", kind="silence", times=None))
    outcome = check(world, "--deadline", "2")

    assert outcome.code == 4
    assert "did not end within its deadline" in lines(outcome) + outcome.told
    assert {request.method for request in outcome.requests} == {"GET"}


def test_debug_tells_what_happens_by_the_way(world: World) -> None:
    """Otherwise each step is one line."""
    assert "debug: Asking bitbucket.org for a token (client_credentials).\n" in lines(check(world, "--debug"))


def test_a_code_is_not_used_up(world: World) -> None:
    """It works once, and a run still needs it."""
    code = world.sandbox.authorization_code()
    env = {**world.consumer, "GRANT": "authorization_code", "CODE": code}
    outcome = run_program(world, "check", env=env, secrets=[code])

    assert outcome.code == 0
    assert "- grant: not tried, because a code works once, and a run still needs it.\n" in lines(outcome)
    assert "- scopes: not tried, because there is no token.\n" in lines(outcome)
    assert [request.method for request in outcome.requests] == ["GET"]
    assert run_program(world, env=env, secrets=[code]).code == 0


def test_a_refresh_token_is_used_only_if_the_next_one_is_kept(world: World) -> None:
    """Without a store, it is not tried; with one, the next run finds the new one there."""
    token = world.sandbox.refresh_token()
    env = {**world.consumer, "GRANT": "refresh_token", "REFRESH_TOKEN": token}
    outcome = run_program(world, "check", env={**env, "TOKEN_URL": world.sandbox.rfc_token_url}, secrets=[token])
    assert outcome.code == 0
    assert "- grant: not tried, because the server may replace the refresh token, and" in lines(outcome)
    assert [request.method for request in outcome.requests] == ["GET"]

    store = {"REFRESH_TOKEN_STORE": "file:kept"}
    kept = world.work / "kept"
    outcome = run_program(world, "check", env={**env, **store}, secrets=[token], allowed=[kept])
    assert outcome.code == 0
    assert "✔ grant: refresh_token gives a token" in lines(outcome)
    assert kept.read_text().strip() in world.sandbox.refresh_tokens
    assert kept.read_text().strip() != token
    assert run_program(world, env={**env, **store}, secrets=[token], allowed=[kept]).code == 0


def test_a_token_that_is_there_already(world: World) -> None:
    """It is tried as a run does it, on the API alone."""
    token = world.sandbox.mint_token("account").value
    outcome = run_program(world, "check", env={"GRANT": "access_token", "ACCESS_TOKEN": token}, tokens=[token])

    assert outcome.code == 0
    assert "✔ token endpoint: api.bitbucket.org answers (HTTP 401).\n" in lines(outcome)
    assert {request.host for request in outcome.requests} == {"api.bitbucket.org"}


def test_a_server_that_describes_itself(world: World) -> None:
    """Its description is asked for first, as in a run; what it lacks is told as there."""
    env = {**world.consumer, "ISSUER": world.sandbox.url, "MAX_ATTEMPTS": "1"}
    body = json.dumps({"issuer": world.sandbox.url, "token_endpoint": world.sandbox.rfc_token_url})
    world.sandbox.faults.add(Fault(path="/.well-known/*", body=body, times=None))
    outcome = run_program(world, "check", env=env)
    assert outcome.code == 0
    assert "✔ token endpoint: 127.0.0.1:<port> answers (HTTP 401).\n" in lines(outcome)

    world.sandbox.faults.clear()
    assert run_program(world, env=env).code == 5
    outcome = run_program(world, "check", env=env)
    assert outcome.code == 5
    assert "✖ token endpoint: 127.0.0.1:<port> does not describe itself" in lines(outcome)


def test_a_data_centers_tokens_are_left_alone(world: World) -> None:
    """Whose they are is asked and which there are; none is made, and none deleted."""
    center = Center(world)
    center.server.mint(OWN, "the-token")
    before = center.tokens
    outcome = center.run("check")

    assert outcome.code == 0
    assert (
        "✔ grant: as the user Build.Bot@example.com, tokens of user build.bot_example.com can be listed; 1 of them "
        "called the-token; no token was made, for that would replace one that jobs may use.\n"
    ) in lines(outcome)
    assert center.tokens == before
    assert {request.method for request in outcome.requests} == {"GET"}
    assert TOKENS in {request.path for request in outcome.requests}


def test_a_data_centers_wrong_password_counts_once(world: World) -> None:
    """Exit 3 as in a run: after some of them, the account is locked."""
    center = Center(world)
    outcome = center.run(
        "check", "--json", USERNAME=center.server.bot.name, PASSWORD="another-password", secrets=["another-password"]
    )

    assert outcome.code == 3
    assert steps(outcome)["grant"]["ok"] is False
    assert center.server.bot.wrong_passwords == 1


def test_a_data_center_says_whose_the_token_is(world: World) -> None:
    """In a header of a resource that anybody may ask for."""
    center = Center(world)
    token = center.server.oauth2_token(center.server.bot)
    path = "/bitbucket/rest/oauth2/latest/token"
    body = json.dumps({"access_token": token, "scope": "REPO_READ"})
    world.sandbox.faults.add(Fault(path=path, method="POST", body=body, times=None))
    base = world.sandbox.data_center_url
    env = {**world.consumer, "BASE_URL": base}
    outcome = run_program(world, "check", env=env, tokens=[token])

    assert outcome.code == 0
    assert "✔ api: 127.0.0.1:<port> takes the token for that of Build.Bot@example.com; name " in lines(outcome)
    assert outcome.requests[-1].authorization == ("bearer", token)

    outcome = run_program(world, "check", "--verify", "PRJ/hello", env=env, tokens=[token])
    assert outcome.code == 0
    assert "✔ api: the token is good for the repository PRJ/hello.\n" in lines(outcome)
