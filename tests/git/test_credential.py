"""The program as git's credential helper: a fresh token whenever git asks, and only for Bitbucket."""

from collections.abc import Iterator

import pytest

from sandbox import Fault
from tests import parts
from tests.git.conftest import Job
from tests.program import ROOT, World, run_program

HELLO = "https://bitbucket.org/team/hello.git"
ASKED = b"protocol=https\nhost=bitbucket.org\npath=team/hello.git\n\n"


PAGE = (ROOT / "docs" / "long-jobs.md").read_text()


@pytest.fixture
def job(world: World) -> Iterator[Job]:
    """A job with key and secret in its environment, whose git has the helper that docs/long-jobs.md names."""
    job = Job(world, parts.need("git"))
    program = f"!{world.python} -I -m pipe credential"
    job.env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "credential.https://bitbucket.org.helper"}
    job.env |= {"GIT_CONFIG_VALUE_0": program, **world.consumer}
    yield job
    assert not (world.work / ".bitbucket-token").exists()


def test_each_command_has_a_token_of_its_own(job: Job) -> None:
    """So none is too old, however long the job lives."""
    job.succeed("git", "clone", HELLO)
    job.world.sandbox.tokens[0].expire()
    job.succeed("git", "commit", "--allow-empty", "-m", "More", cwd=job.world.work / "hello")
    job.succeed("git", "push", cwd=job.world.work / "hello")

    assert len(job.world.sandbox.tokens) >= 2


def test_the_helpers_of_the_machine_keep_no_token(job: Job) -> None:
    """With the lines of docs/long-jobs.md, in a script that may run twice: one that stores is neither asked nor told.

    It would hand out the old token when that has ended.
    """
    [recipe] = [block for block in PAGE.split("```")[1::2] if "git config --global" in block]
    image = recipe.partition("'!")[2].partition("'")[0]
    assert image.startswith("docker run --rm -i -e CONSUMER_KEY -e CONSUMER_SECRET ")
    assert image.endswith(" credential")
    program = job.env["GIT_CONFIG_VALUE_0"].removeprefix("!")
    setting, _, _ = recipe.removeprefix("sh\n").replace(image, program).partition("git clone ")
    home = job.world.runner / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    job.env = {**job.world.consumer, "HOME": str(home)}
    job.succeed("sh", "-euc", f"{setting}{setting}git clone {HELLO}")
    job.world.sandbox.tokens[0].expire()
    job.succeed("git", "fetch", cwd=job.world.work / "hello")

    assert [path.name for path in home.iterdir()] == [".gitconfig"]


def test_a_stored_grant_is_asked_again(job: Job) -> None:
    """Each command uses the refresh token that the one before has left in the file."""
    store = job.world.runner / "store" / "token"
    store.parent.mkdir()
    first = job.world.sandbox.refresh_token()
    job.env |= {"GRANT": "refresh_token", "REFRESH_TOKEN": first, "REFRESH_TOKEN_STORE": f"file:{store}"}
    for clone in ("one", "two"):
        job.succeed("git", "clone", HELLO, clone)

    assert list(job.world.sandbox.refresh_tokens.values()) == [1, 1, 0]
    assert store.read_text().strip() == list(job.world.sandbox.refresh_tokens)[-1]


def test_git_is_told_user_password_and_end(world: World) -> None:
    """In the form of git-credential(1), and nothing else is on standard output."""
    outcome = run_program(world, "credential", "get", env=world.consumer, stdin=ASKED, prints=True)
    token = world.sandbox.tokens[0].value
    user, password, end, rest = outcome.out.split("\n")

    assert outcome.code == 0
    assert (user, password, rest) == ("username=x-token-auth", f"password={token}", "")
    assert end.startswith("password_expiry_utc=")
    assert int(end.partition("=")[2]) > 1_700_000_000
    assert "Asking bitbucket.org for a token" in outcome.err


@pytest.mark.parametrize("host", ["bitbucket.org:443", "BitBucket.org"])
def test_the_host_may_be_written_in_another_way(world: World, host: str) -> None:
    """With the port that https has anyway, or in capitals: git asks as the address says it."""
    asked = f"protocol=https\nhost={host}\n\n".encode()
    outcome = run_program(world, "credential", "get", env=world.consumer, stdin=asked, prints=True)

    assert outcome.code == 0
    assert outcome.out.startswith("username=x-token-auth\npassword=")


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("store", ASKED),
        ("erase", ASKED),
        ("something-new", ASKED),
        ("get", b"protocol=https\nhost=bitbucket.org.example.com\n"),
        ("get", b"protocol=https\nhost=bitbucket.org:444\n"),
        ("get", b"protocol=https\nhost=bitbucket.org:443:443\n"),
        ("get", b"protocol=https\nhost=bitbucket.org:x\n"),
        ("get", b"protocol=https\nhost=[bitbucket.org\n"),
        ("get", b"protocol=http\nhost=bitbucket.org:443\n"),
        ("get", b"protocol=http\nhost=bitbucket.org\n"),
        ("get", b"protocol=https\nhost=example.com\nhost =bitbucket.org\n"),
        ("get", b"host=bitbucket.org\n"),
        ("get", b""),
        ("get", b"\xff\xfe\n=\n"),
        ("get", ASKED + b"x" * 64 * 1024),
    ],
)
def test_anything_else_is_met_with_silence(world: World, word: str, asked: bytes) -> None:
    """No token is asked for, so none goes astray."""
    outcome = run_program(world, "credential", word, env=world.consumer, stdin=asked)

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert outcome.requests == []


def test_git_asks_nobody_else_when_there_is_no_token(job: Job) -> None:
    """It says so and ends, with the advice above that."""
    job.world.sandbox.faults.add(Fault("/site/oauth2/access_token", status=401, times=None))
    status, output = job.run("git", "clone", HELLO, GIT_ASKPASS="/bin/false")

    assert status == 128
    assert "Now: " in output
    assert "told us to quit" in output


@pytest.mark.parametrize("given", [{"REQUIRED_SCOPES": "project:admin"}, {"VERIFY": "team/none"}], ids=str)
def test_a_token_that_does_not_do_is_not_handed_on(world: World, given: dict[str, str]) -> None:
    """The checks are those of a run."""
    outcome = run_program(world, "credential", "get", env={**world.consumer, **given}, stdin=ASKED)

    assert (outcome.code, outcome.out) == (6, "quit=1\n")


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        ((), {}, "credential is git's to call"),
        (("get", "more"), {}, "credential is git's to call"),
        (("get",), {"BASE_URL": "https://bitbucket.example.com"}, "credential is for Bitbucket Cloud"),
        (("get",), {"TOKEN_URL": "https://login.example.com/token"}, "token-url cannot be used with credential"),
    ],
)
def test_what_it_cannot_do_is_told(world: World, words: tuple[str, ...], given: dict[str, str], said: str) -> None:
    """Before anything is asked."""
    outcome = run_program(world, "credential", *words, env={**world.consumer, **given}, stdin=ASKED)

    assert outcome.code == 2
    assert said in outcome.failure
    assert outcome.requests == []


def test_the_function_for_scripts_gets_another_token_in_time(world: World) -> None:
    """Not before, and the log shows neither the old one nor the new one."""
    recipe = PAGE.partition("fresh_token() {")
    recipe_text = recipe[1] + recipe[2].partition("```")[0]
    image = recipe_text.partition("$(")[2].partition("$(")[2].partition(" --print")[0]
    assert image.startswith("docker run --rm -e CONSUMER_KEY -e CONSUMER_SECRET ")
    job = Job(world, parts.need("git"), dict(world.consumer))
    script = recipe_text.replace(image, f"{world.python} -I -m pipe")
    script += 'fresh_token; first=$BITBUCKET_ACCESS_TOKEN; fresh_token; [ "$BITBUCKET_ACCESS_TOKEN" = "$first" ]\n'
    script += 'fresh_until=0; fresh_token; [ "$BITBUCKET_ACCESS_TOKEN" != "$first" ]\n'
    script += 'echo "first: $first, second: $BITBUCKET_ACCESS_TOKEN"\n'
    output = job.succeed("sh", "-euc", script)

    assert "first: ***, second: ***" in output
    assert len(world.sandbox.tokens) == 2
