"""The image at the end of a job: as a runner of GitHub Actions starts it, and by the word `revoke` anywhere else."""

from pathlib import Path

import pytest

from sandbox import Fault, Sandbox
from tests.container import engine
from tests.oracle import Oracle

pytestmark = [pytest.mark.xdist_group("container"), pytest.mark.usefixtures("image")]

POST = "/opt/bitbucket-token/bin/post"
REVOKE = "/oauth2/revoke"


@pytest.fixture
def saved(bitbucket: Sandbox, given: dict[str, str]) -> dict[str, str]:
    """What the runner sets: inputs with their hyphens, what was saved, and an OAuth 2.0 server that takes it back."""
    bitbucket.faults.add(Fault(REVOKE, status=200, times=None))
    return {
        "GITHUB_ACTIONS": "true",
        "HTTPS_PROXY": given["HTTPS_PROXY"],
        "INPUT_CA-FILE": given["CA_FILE"],
        "INPUT_CONSUMER-KEY": bitbucket.consumer.key,
        "INPUT_CONSUMER-SECRET": bitbucket.consumer.secret,
        "INPUT_TOKEN-URL": bitbucket.rfc_token_url,
        "INPUT_REVOCATION-URL": bitbucket.url + REVOKE,
        "STATE_token": bitbucket.mint_token("repository").value,
        "STATE_expires_at": "2126-01-02T03:04:05Z",
    }


def revoked(bitbucket: Sandbox) -> list[str]:
    """The tokens that the server was asked to revoke."""
    return [request.form["token"] for request in bitbucket.requests if request.path == REVOKE]


def shown(done: engine.Ran, *secrets: str) -> str:
    """What the log shows, held to hold no secret."""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("::add-mask::")]
    Oracle(secrets).check("the log", "\n".join(lines))
    return "\n".join(lines)


def test_the_runner_starts_one_path_and_the_token_is_given_back(
    bitbucket: Sandbox, saved: dict[str, str], ca: str
) -> None:
    """With the state of the step, and no arguments; those that it may hand over all the same change nothing."""
    for arguments in ((), ("--help",), ("login",)):
        done = engine.run(*arguments, env=saved, options=["--rm", ca, f"--entrypoint={POST}"])
        assert done.returncode == 0, done.stderr
        assert "has revoked the token." in shown(done, saved["STATE_token"], bitbucket.consumer.secret)
    assert revoked(bitbucket) == [saved["STATE_token"]] * 3


def test_hostile_paths_change_nothing(bitbucket: Sandbox, saved: dict[str, str], ca: str, tmp_path: Path) -> None:
    """By then, the job's environment is what every step has made of it."""
    for name in ("requests", "pipe", "sitecustomize", "usercustomize", "json", "sys"):
        (tmp_path / f"{name}.py").write_text("print('hijacked')\nraise SystemExit(99)\n")
    hostile = {"PATH": "/utter-nonsense", "PYTHONPATH": "/hostile", "PYTHONHOME": "/hostile", "PYTHONINSPECT": "1"}
    hostile |= {"PYTHONSTARTUP": "/hostile/pipe.py", "PYTHONUSERBASE": "/hostile", "PYTHONVERBOSE": "3"}
    options = ["--rm", ca, f"--volume={tmp_path}:/hostile", "--workdir=/hostile", f"--entrypoint={POST}"]
    options += [f"--env={name}={value}" for name, value in hostile.items()]
    done = engine.run(env=saved, options=options)

    assert done.returncode == 0, done.stderr
    assert revoked(bitbucket) == [saved["STATE_token"]]
    assert "hijacked" not in done.stdout + done.stderr
    assert "import " not in done.stderr


def test_it_is_a_program_of_its_own_without_a_shell() -> None:
    """A shell would drop variables with hyphens."""
    read = f"import os; print(open('{POST}').readline().strip(), oct(os.stat('{POST}').st_mode & 0o7777))"
    assert engine.inside(read) == f"#!{engine.INTERPRETER} -I 0o755"


def test_it_finds_all_its_bytecode(saved: dict[str, str], ca: str, tmp_path: Path) -> None:
    """Whatever Python had to compile at run time, it would have written into the container."""
    identity = tmp_path / "container"
    done = engine.run(env=saved, options=[f"--cidfile={identity}", ca, f"--entrypoint={POST}"])
    try:
        assert done.returncode == 0, done.stderr
        written = engine.output("diff", identity.read_text()).splitlines()
    finally:
        engine.docker("rm", "--force", identity.read_text())
    assert written == ["A /ca.pem"]


def test_it_never_fails_the_job() -> None:
    """No input, no network, a read-only file system."""
    options = ["--rm", "--read-only", "--cap-drop=ALL", f"--entrypoint={POST}"]
    done = engine.run(env={"GITHUB_ACTIONS": "true", "INPUT_TIMEOUT": "soon"}, options=options, network="none")

    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("Nothing is given back, and no file is removed: timeout 'soon' (from INPUT")


def test_the_last_line_of_any_script_gives_back_and_cleans_up(bitbucket: Sandbox, ca: str, tmp_path: Path) -> None:
    """`docker run ... IMAGE revoke`: the token is deleted, and the env file of the mounted directory is gone."""
    bot = bitbucket.data_center.bot
    env = {"GRANT": "http_access_token", "BASE_URL": f"{bitbucket.url}/bitbucket", "TOKEN_NAME": "of the build"}
    env |= {"USERNAME": bot.name, "PASSWORD": bot.password, "CA_FILE": "/ca.pem"}
    options = ["--rm", ca, f"--volume={tmp_path}:/work", "--workdir=/work"]
    assert engine.run(env=env, options=options).returncode == 0
    [made] = bitbucket.data_center.tokens.of(f"users/{bot.slug}")
    assert (tmp_path / ".bitbucket-token/env").exists()

    done = engine.run("revoke", env=env, options=options)

    assert done.returncode == 0, done.stderr
    text = shown(done, made.value, bot.password)
    assert "Removed the env file '/work/.bitbucket-token/env'." in text
    assert "Deleted the token called of the build." in text
    assert bitbucket.data_center.tokens.of(f"users/{bot.slug}") == []
    assert list(tmp_path.iterdir()) == []
