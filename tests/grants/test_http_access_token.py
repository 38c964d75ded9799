"""HTTP access tokens of a Data Center: what a user sees, what the server is asked, and which tokens are left."""

import pytest

from sandbox import Fault
from tests.grants.center import CONTEXT, NAME, OWN, TOKENS, Center, asked

WHO = "GET /rest/api/latest/application-properties"
SLUG = "GET /rest/api/latest/users"

SHOWN = """\
bitbucket-token <version> on no known CI system
Asking 127.0.0.1:<port> for its HTTP access tokens (authorised by password).
As the user Build.Bot@example.com: tokens of user build.bot_example.com.
Got a bearer token: scopes REPO_READ, lifetime 86400 s, expires <time>.
Wrote BITBUCKET_ACCESS_TOKEN to ./.bitbucket-token/env; the next line of the script loads it:
    . ./.bitbucket-token/env
From then on that shell replaces the token by *** in its log.
In a container, mount that directory (-v), or use --print sh instead.
"""
API = "https://127.0.0.1:<port>/bitbucket/rest"
AS = "as basic Build.Bot@example.com:<other secret>:"
SENT = [
    f"GET {API}/api/latest/application-properties {AS} ",
    f"GET {API}/api/latest/users?filter=Build.Bot%40example.com&limit=100&start=0 {AS} ",
    f"GET {API}/access-tokens/latest/{OWN}?limit=100&start=0 {AS} ",
    f'PUT {API}/access-tokens/latest/{OWN} {AS} {{"name": "the-token", "permissions": ["REPO_READ"], "expiryDays": 1}}',
]


def test_a_token_is_created_and_exported(center: Center) -> None:
    """All of it: exit code, both streams, every request, and the token that the server made."""
    outcome = center.run()

    assert outcome.code == 0
    assert outcome.shown == SHOWN
    assert outcome.told == ""
    assert outcome.sent == SENT
    [token] = center.tokens
    assert token.value in outcome.files["work/.bitbucket-token/env"]


def test_the_token_works(center: Center) -> None:
    """The server takes it for its user, and lets it do no more than its kind may: it makes no others."""
    value = center.run("--print", "raw").out.strip()

    outcome = center.run(ACCESS_TOKEN=value)

    assert outcome.code == 3
    assert "It knows the user Build.Bot@example.com, who may not do this." in outcome.failure
    assert "an HTTP access token cannot make others" in outcome.failure


@pytest.mark.parametrize("context", ["", "/bitbucket", "/bitbucket/"])
def test_the_context_path_is_kept(center: Center, context: str) -> None:
    """Each address stands below it."""
    outcome = center.run(BASE_URL=center.world.sandbox.url + context)

    assert outcome.code == 0
    start = f"{context.rstrip('/')}/rest/"
    assert all(request.path.startswith(start) for request in outcome.requests)


@pytest.mark.parametrize(
    ("owner", "path", "lookup"),
    [
        ("user", OWN, [SLUG]),
        (f"user:{OWN.partition('/')[2]}", OWN, []),
        ("project:PRJ", "projects/PRJ", []),
        ("project:~bot", "projects/~bot", []),
        ("repository:PRJ/hello", "projects/PRJ/repos/hello", []),
    ],
)
def test_the_owner_can_be_more_than_a_user(center: Center, owner: str, path: str, lookup: list[str]) -> None:
    """Only one's own slug has to be asked for."""
    outcome = center.run(TOKEN_OWNER=owner)

    assert outcome.code == 0
    assert asked(outcome) == [WHO, *lookup, f"GET /{path}", f"PUT /{path}"]
    [token] = center.server.tokens.of(path)
    assert token.name == NAME


def test_permissions_and_days_are_those_asked_for(center: Center) -> None:
    """And the run tells what was granted, by the server's own clock."""
    outcome = center.run(TOKEN_PERMISSIONS="PROJECT_READ, REPO_WRITE", TOKEN_EXPIRY_DAYS="7", MIN_LIFETIME="86400")

    assert outcome.code == 0
    assert "scopes PROJECT_READ REPO_WRITE, lifetime 604800 s" in outcome.shown
    [token] = center.tokens
    assert (token.permissions, token.days) == (("PROJECT_READ", "REPO_WRITE"), 7)


@pytest.mark.parametrize(("required", "code"), [("REPO_READ", 0), ("PROJECT_READ,REPO_READ", 0), ("REPO_ADMIN", 6)])
def test_a_permission_implies_those_below_it(center: Center, required: str, code: int) -> None:
    """`required-scopes` counts what is implied."""
    outcome = center.run(TOKEN_PERMISSIONS="PROJECT_WRITE", REQUIRED_SCOPES=required)

    assert outcome.code == code


def test_a_server_that_knows_no_end_says_nothing_of_one(center: Center) -> None:
    """Versions before tokens expired ignore the days that are asked for."""
    center.server.tokens.expiring = False

    outcome = center.run()

    assert outcome.code == 0
    assert "lifetime not told, expires not told" in outcome.shown


def test_the_old_token_is_deleted_after_the_new_one_is_there(center: Center) -> None:
    """There is no moment without one; those of other names stay."""
    old = [center.server.mint(OWN, NAME), center.server.mint(OWN, NAME)]
    other = center.server.mint(OWN, "another")

    outcome = center.run()

    assert outcome.code == 0
    assert asked(outcome)[-3:] == [f"PUT /{OWN}", f"DELETE /{OWN}/{old[1].id}", f"DELETE /{OWN}/{old[0].id}"]
    [new] = center.named()
    assert new not in old
    assert other in center.tokens


def test_old_tokens_are_found_on_every_page(center: Center) -> None:
    """The server decides how long a page is, and says where the next one starts."""
    old = center.server.mint(OWN, NAME)
    for number in range(60):
        center.server.mint(OWN, f"another {number}")

    outcome = center.run()

    assert outcome.code == 0
    lists = [request.parameters["start"] for request in outcome.requests if "start" in request.parameters]
    assert lists == ["0", *("0", "25", "50")]
    assert old not in center.tokens


def test_at_the_limit_the_old_token_is_deleted_first(center: Center) -> None:
    """Only then: the limit is what refuses, and the old token is the one to give way."""
    old = center.server.mint(OWN, NAME)
    center.server.mint(OWN, "another")
    center.server.tokens.limit = 2

    outcome = center.run()

    assert outcome.code == 0
    assert asked(outcome)[-3:] == [f"PUT /{OWN}", f"DELETE /{OWN}/{old.id}", f"PUT /{OWN}"]
    assert "There are as many tokens as may be: deleting the-token first." in outcome.shown
    assert len(center.named()) == 1


def test_at_the_limit_no_token_of_another_name_is_touched(center: Center) -> None:
    """What to delete then is for a person to say."""
    other = center.server.mint(OWN, "another")
    center.server.tokens.limit = 1

    outcome = center.run()

    assert outcome.code == 3
    assert "The maximum number of tokens (1) has been reached." in outcome.failure
    assert "Delete tokens that nobody uses" in outcome.failure
    assert center.tokens == [other]


def test_a_refusal_that_is_not_the_limit_deletes_nothing(center: Center) -> None:
    """The old token stays as it is when no new one can be had."""
    old = center.server.mint(OWN, NAME)
    center.server.tokens.most_days = 3

    outcome = center.run(TOKEN_EXPIRY_DAYS="4")

    assert outcome.code == 3
    assert "Tokens must expire within 3 days." in outcome.failure
    assert "token-expiry-days" in outcome.failure
    assert center.tokens == [old]


def on_github(center: Center, attempt: str, **variables: str) -> dict[str, str]:
    """One leg of a matrix of GitHub: all of them have all of this in common."""
    job = {"GITHUB_RUN_ID": "42", "GITHUB_JOB": "build", "GITHUB_ACTION": "__token", "RUNNER_NAME": "runner 7"}
    return {**center.world.github(), **job, "GITHUB_RUN_ATTEMPT": attempt, "TOKEN_NAME": "", **variables}


def test_the_token_is_named_after_the_build_and_the_variable(center: Center) -> None:
    """So that its owner knows where it comes from, and the next try of that job replaces it, and says so."""
    job = {"CI": "woodpecker", "CI_REPO": "team/project", "CI_PIPELINE_NUMBER": "42", "CI_WORKFLOW_NAME": "build"}
    variables = {**job, "CI_WORKFLOW_NUMBER": "1", "CI_STEP_NAME": "token", "TOKEN_NAME": ""}

    assert "Replaced" not in center.run(**variables).shown
    outcome = center.run(**variables)

    [token] = center.tokens
    assert token.name == "team/project 42 build 1 token BITBUCKET_ACCESS_TOKEN"
    assert f"Replaced the token {token.name} of an earlier try.\n" in outcome.shown


def test_another_leg_of_the_matrix_keeps_its_token(center: Center) -> None:
    """On Woodpecker its number tells it apart."""
    job = {"CI": "woodpecker", "CI_REPO": "team/project", "CI_PIPELINE_NUMBER": "42", "CI_WORKFLOW_NAME": "build"}
    for number in ("1", "2"):
        assert center.run(**job, CI_WORKFLOW_NUMBER=number, CI_STEP_NAME="token", TOKEN_NAME="").code == 0

    assert len(center.tokens) == 2


@pytest.mark.parametrize("runner", [{}, {"GITEA_ACTIONS": "true"}, {"FORGEJO_ACTIONS": "true"}], ids=str)
def test_where_legs_look_alike_chance_tells_them_apart(center: Center, runner: dict[str, str]) -> None:
    """As on GitHub, and on what is made after it: no leg deletes what another one uses."""
    for _ in range(2):
        outcome = center.run(**on_github(center, "1", **runner))
        assert "Replaced" not in outcome.shown

    one, other = center.tokens
    assert one.name != other.name
    assert one.name.startswith("team/project 42 build __token BITBUCKET_ACCESS_TOKEN ")


def test_a_re_run_on_github_replaces_the_tokens_of_earlier_tries(center: Center) -> None:
    """All their jobs have ended; those of its own try, of a later one, and of another variable or run stay."""
    base, chance = "team/project 42 build __token BITBUCKET_ACCESS_TOKEN", "0123456789abcdef"
    names = (
        f"{base} 3-{chance}",
        f"{base} 10-{chance}",
        base,
        f"{base} 1-",
        f"{base} 1-{chance}0",
        f"{base}2 1-{chance}",
    )
    stay = [center.server.mint(OWN, name) for name in (*names, f"2 {base} 1-{chance}")]
    go = [center.server.mint(OWN, f"{base} {number}-{chance}") for number in (1, 2)]
    center.run(**on_github(center, "2"))
    go.append(center.server.tokens.made[-1])

    outcome = center.run(**on_github(center, "3"))

    assert {token.id for token in center.tokens} == {token.id for token in (*stay, center.server.tokens.made[-1])}
    assert f"Replaced the token {go[-1].name} of an earlier try.\n" in outcome.shown
    assert center.run(**on_github(center, "3")).shown.count("Replaced") == 0


def test_at_the_limit_the_tokens_of_earlier_tries_give_way(center: Center) -> None:
    """And that is told once, as elsewhere."""
    center.run(**on_github(center, "1"))
    [old] = center.tokens
    center.server.tokens.limit = 1

    outcome = center.run(**on_github(center, "2"))

    assert outcome.code == 0
    assert outcome.shown.count(f"Replaced the token {old.name} of an earlier try.") == 1
    assert old not in center.tokens


@pytest.mark.parametrize("system", ["woodpecker", "github"])
def test_a_name_that_is_too_long_is_cut_and_stays_one_of_its_own(center: Center, system: str) -> None:
    """Bitbucket takes 255 characters: the next try finds it, and a name that begins or ends alike is another one's."""

    def run(place: str, number: str) -> None:
        if system == "github":
            variables = on_github(center, number, GITHUB_JOB=place)
        else:
            job = {"CI": "woodpecker", "CI_REPO": "team/project", "CI_PIPELINE_NUMBER": "42", "CI_STEP_NAME": "token"}
            variables = {**job, "CI_WORKFLOW_NUMBER": "1", "CI_WORKFLOW_NAME": place, "TOKEN_NAME": ""}
        assert center.run(**variables).code == 0

    for place in ("a" + "x" * 300, "b" + "x" * 300, "x" * 300 + "c"):
        run(place, "9")
    names = {token.name for token in center.tokens}
    assert len(names) == 3
    run("a" + "x" * 300, "10")

    assert len(center.tokens) == 3
    assert all(len(name) <= 255 for name in names | {token.name for token in center.tokens})


def test_where_nothing_tells_builds_apart_no_two_tokens_share_a_name(center: Center) -> None:
    """A job must not delete the token that another one is using."""
    assert center.run(TOKEN_NAME="").code == 0
    assert center.run(TOKEN_NAME="").code == 0

    one, other = center.tokens
    assert one.name != other.name
    assert one.name.endswith(" BITBUCKET_ACCESS_TOKEN")


def test_an_oauth_2_token_authorises_as_well(center: Center) -> None:
    """As `Authorization: Bearer`, and in no address."""
    token = center.server.oauth2_token(center.server.bot)

    outcome = center.run(ACCESS_TOKEN=token)

    assert outcome.code == 0
    assert {request.header("Authorization") for request in outcome.requests} == {f"Bearer {token}"}
    assert not any(token in request.query for request in outcome.requests)


def test_no_slug_is_guessed(center: Center) -> None:
    """The list finds names that only contain the user's; another one's tokens are none of ours."""
    outcome = center.run(USERNAME=center.server.other.name, PASSWORD=center.server.other.password)

    assert outcome.code == 0
    [token] = center.server.tokens.of("users/build.bot")
    assert token.user is center.server.other
    assert center.tokens == []


def test_the_last_step_deletes_the_token_of_the_job(center: Center) -> None:
    """`revoke` finds it by its name, leaves all others alone, and does not mind that it is gone already."""
    center.run()
    center.run(TOKEN_NAME="another")

    outcome = center.run("revoke")

    assert outcome.code == 0
    assert "Deleted the token called the-token." in outcome.shown
    assert [token.name for token in center.tokens] == ["another"]
    assert "There is no token called the-token any more." in center.run("revoke").shown


def test_a_token_that_cannot_be_deleted_is_a_warning(center: Center) -> None:
    """The work of the pipeline is done by then; the line says what is left, and until when."""
    center.run()
    center.world.sandbox.faults.add(Fault(path=f"{TOKENS}*", status=500, times=None))

    outcome = center.run("revoke", MAX_ATTEMPTS="1", BITBUCKET_ACCESS_TOKEN_EXPIRES_AT="2127-01-02T03:04:05Z")

    assert outcome.code == 0
    assert "Warning: The token called the-token is not deleted, and works until 2127-01-02T03:04:05Z" in outcome.out
    assert center.named()


def test_the_build_tells_the_name_where_the_last_step_is_of_the_same_one(center: Center) -> None:
    """As GitLab's `after_script` is; in another build it is another name, and no token is touched."""
    build = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "team/project", "CI_JOB_ID": "7", "TOKEN_NAME": ""}
    center.run(**build)

    other = center.run("revoke", **{**build, "CI_JOB_ID": "8"})
    assert other.code == 0
    assert "There is no token called team/project 8 BITBUCKET_ACCESS_TOKEN. If another step made it, " in other.out
    assert len(center.tokens) == 1

    outcome = center.run("revoke", **build)
    assert "Deleted the token called team/project 7 BITBUCKET_ACCESS_TOKEN." in outcome.out
    assert center.tokens == []


def test_a_later_step_of_github_finds_the_name_in_a_variable(center: Center) -> None:
    """For only chance tells the legs of its job apart; a name of another server's token is of no use."""
    center.run(**on_github(center, "1"))
    [token] = center.tokens
    told = {"BITBUCKET_ACCESS_TOKEN_NAME": token.name}
    server = {"BITBUCKET_ACCESS_TOKEN_SERVER": center.world.sandbox.url + CONTEXT}

    assert "token-name is missing" in center.run("revoke", **on_github(center, "1"), **told).failure
    outcome = center.run("revoke", **on_github(center, "1"), **told, **server)

    assert f"Deleted the token called {token.name}." in outcome.shown
    assert center.tokens == []


def test_a_token_that_has_ended_is_not_looked_for(center: Center) -> None:
    """Its companion says so, and no password is sent."""
    outcome = center.run("revoke", BITBUCKET_ACCESS_TOKEN_EXPIRES_AT="2026-01-02T03:04:05Z")

    assert outcome.code == 0
    assert "Nothing to revoke: the token has ended by itself" in outcome.out
    assert outcome.requests == []


def test_revoke_has_to_be_told_the_name(center: Center) -> None:
    """Where nothing tells builds apart, a run leaves its choice to chance."""
    outcome = center.run("revoke", TOKEN_NAME="")

    assert outcome.code == 2
    assert "token-name is missing" in outcome.failure
    assert outcome.requests == []
