"""Data Center: the documented header, for the addresses of repositories alone, and after no redirect."""

from base64 import b64decode
from pathlib import Path

import pytest

from sandbox import Fault
from tests import parts
from tests.git.conftest import Job
from tests.program import ROOT, World


class CenterJob(Job):
    """A job whose token is an HTTP access token, made for it."""

    @property
    def hello(self) -> str:
        """The address of a repository."""
        return f"{self.world.sandbox.data_center_url}/scm/PRJ/hello.git"

    def make_token(self, *permissions: str, owner: str = "user") -> str:
        """Have the program make one, and return it."""
        bot = self.world.sandbox.data_center.bot
        options = {
            "GRANT": "http_access_token",
            "BASE_URL": self.world.sandbox.data_center_url,
            "USERNAME": bot.name,
            "PASSWORD": bot.password,
            "TOKEN_NAME": "the-job",
            "TOKEN_OWNER": owner,
            "TOKEN_PERMISSIONS": " ".join(permissions) or "REPO_WRITE",
        }
        self.get_token(env=options)
        return self.env["BITBUCKET_ACCESS_TOKEN"]


@pytest.fixture
def job(world: World) -> CenterJob:
    """A job that has done nothing yet."""
    return CenterJob(world, parts.need("git"))


@pytest.mark.parametrize("owner", ["user", "project:PRJ", "repository:PRJ/hello"])
def test_a_later_step_clones_fetches_and_pushes(job: CenterJob, owner: str) -> None:
    """With the token of a user, of a project or of a repository: none needs to know which it is."""
    token = job.make_token(owner=owner)
    work = job.world.work
    for clone in ("one", "two"):
        job.succeed("git", "clone", job.hello, clone)
    (work / "one" / "more").write_text("more\n")
    for command in (("add", "."), ("commit", "-m", "More"), ("tag", "v1"), ("push", "--tags", "origin", "main")):
        job.succeed("git", *command, cwd=work / "one")
    job.succeed("git", "pull", cwd=work / "two")

    assert (work / "two" / "more").read_text() == "more\n"
    assert set(job.told_to("127.0.0.1")) == {f"Bearer {token}"}


def test_submodules_of_a_clone_come_with_it(job: CenterJob) -> None:
    """Those beside the repository."""
    job.make_token()
    one = job.world.work / "one"
    job.succeed("git", "clone", job.hello, "one")
    job.succeed("git", "submodule", "add", "../world.git", cwd=one)
    for command in (("commit", "-m", "Parts"), ("push",)):
        job.succeed("git", *command, cwd=one)
    job.succeed("git", "clone", "--recurse-submodules", job.hello, "two")

    assert (job.world.work / "two/world/README.md").exists()


def test_a_token_that_may_only_read_does_not_push(job: CenterJob) -> None:
    """The server says so."""
    job.make_token("REPO_READ")
    one = job.world.work / "one"
    job.succeed("git", "clone", job.hello, "one")
    job.succeed("git", "commit", "--allow-empty", "-m", "More", cwd=one)
    status, output = job.run("git", "push", cwd=one)

    assert status != 0
    assert "403" in output


@pytest.mark.parametrize("path", ["info/refs", "git-upload-pack"])
@pytest.mark.parametrize("status", [301, 302, 307])
def test_no_redirect_is_followed_with_the_token(job: CenterJob, path: str, status: int) -> None:
    """Git would go on sending the header, to whatever host that leads to."""
    token = job.make_token()
    target = f"https://localhost:{job.world.sandbox.port}/bitbucket/scm/PRJ/hello.git/{path}"
    fault = Fault(f"/bitbucket/scm/PRJ/hello.git/{path}", "redirect", times=None, status=status, location=target)
    job.world.sandbox.faults.add(fault)
    code, _ = job.run("git", "clone", job.hello)

    assert code == 128
    assert not any(request.host.startswith("localhost") for request in job.world.sandbox.requests)
    assert set(job.told_to("127.0.0.1")) == {f"Bearer {token}"}


def test_the_machine_keeps_its_own_password_when_the_token_has_ended(job: CenterJob) -> None:
    """Git would offer it where the header was refused, in vain, and have the helper erase it."""
    token = job.make_token()
    home = job.world.runner / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    stored = home / ".git-credentials"
    stored.write_text(f"https://alice:her-password@127.0.0.1:{job.world.sandbox.port}\n")
    made = job.world.sandbox.data_center.tokens.find(token)
    assert made
    job.world.sandbox.data_center.tokens.delete(made.owner, made.id)
    status, output = job.run("git", "clone", job.hello, HOME=str(home))

    assert status == 128
    assert "could not read Username" in output
    assert "her-password" in stored.read_text()


def test_other_addresses_of_the_server_are_not_sent_the_token(job: CenterJob) -> None:
    """Nor is the same path on another host."""
    job.make_token()
    sandbox = job.world.sandbox
    known = len(sandbox.requests)
    addresses = (f"{sandbox.url}/team/hello.git", f"https://localhost:{sandbox.port}/bitbucket/scm/PRJ/hello.git")
    for address in addresses:
        status, _ = job.run("git", "ls-remote", address)
        assert status == 128

    assert {request.header("Authorization") for request in sandbox.requests[known:]} == {None}


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost:{port}/bitbucket/scm/PRJ/world.git",
        "https://127.0.0.1:{port}@localhost:{port}/bitbucket/scm/PRJ/world.git",
        "https://127.0.0.1:{port}/bitbucket/scm/../../team/hello.git",
        "http://127.0.0.1:{port}/bitbucket/scm/PRJ/world.git",
        "http://bitbucket.org.localhost/team/hello.git",
        "https://bitbucket.org.localhost:{port}/team/hello.git",
        "https://bitbucket.org@localhost:{port}/team/hello.git",
    ],
)
def test_a_submodule_that_leads_elsewhere_is_not_sent_a_token(job: CenterJob, address: str) -> None:
    """Neither this server's nor that of Bitbucket Cloud, with both in the same job."""
    tokens = {job.make_token()}
    job.get_token("--env-name", "CLOUD")
    tokens.add(job.env["CLOUD"])
    clone = job.world.work / "one"
    job.succeed("git", "clone", job.hello, "one")
    (clone / ".gitmodules").write_text(
        f'[submodule "part"]\n\tpath = part\n\turl = {address.format(port=job.world.sandbox.port)}\n'
    )
    commit = job.succeed("git", "rev-parse", "HEAD", cwd=clone).split()[-1]
    job.succeed("git", "update-index", "--add", "--cacheinfo", f"160000,{commit},part", cwd=clone)
    known = len(job.world.sandbox.requests)
    status, _ = job.run("git", "submodule", "update", "--init", cwd=clone)

    assert status != 0
    for request in job.world.sandbox.requests[known:]:
        scheme, credentials = request.authorization
        told = b64decode(credentials).decode() if scheme == "basic" else credentials
        assert not any(token in told for token in tokens)


def test_a_second_token_takes_the_place_of_the_first(job: CenterJob) -> None:
    """The header is sent once, with the newer one."""
    first = job.make_token()
    second = job.make_token()
    known = len(job.world.sandbox.requests)
    job.succeed("git", "clone", job.hello)
    sent = {request.header("Authorization") for request in job.world.sandbox.requests[known:]}

    assert first != second
    assert sent == {f"Bearer {second}"}
    assert Path(job.world.work, "hello").is_dir()


def test_the_recipe_for_older_git_works(job: CenterJob) -> None:
    """As docs/git.md has it, with the settings in a file that also goes if git fails, and without `configure-git`."""
    job.make_token()
    job.env = {name: value for name, value in job.env.items() if not name.startswith("GIT_CONFIG_")}
    home = job.world.runner / "home"
    home.mkdir()
    page = (ROOT / "docs" / "git.md").read_text()
    recipe = page.rpartition("```sh\n")[2].partition("```")[0]
    assert "umask 077" in recipe
    url = job.world.sandbox.data_center_url
    recipe = recipe.replace("https://bitbucket.example.com", url).replace("PROJECT/REPOSITORY", "PRJ/hello")
    job.succeed("sh", "-euc", recipe, HOME=str(home))

    assert (job.world.work / "hello" / "README.md").exists()
    assert list(home.iterdir()) == []

    status, _ = job.run("sh", "-euc", recipe.replace("hello", "nowhere"), HOME=str(home))
    assert status != 0
    assert list(home.iterdir()) == []
