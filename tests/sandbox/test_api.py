"""The REST API answers as Bitbucket Cloud was seen to answer."""

import re

import pytest

from sandbox import Sandbox
from tests.sandbox.conftest import Client


def test_the_user_of_a_client_credentials_token_is_an_app(client: Client) -> None:
    """Since May 2026 such a token no longer acts as the consumer's owner."""
    answer = client.api("user")

    assert [answer.status_code, answer.json()["type"]] == [200, "app_user"]


def test_every_answer_names_the_scopes(client: Client) -> None:
    """What the token has, and what the resource wants, also on a refusal."""
    granted, refused = client.api("user", "account", "team"), client.api("user", "email")

    assert granted.headers["X-OAuth-Scopes"] == "account, team"
    assert granted.headers["X-Accepted-OAuth-Scopes"] == "account"
    assert refused.headers["X-OAuth-Scopes"] == "email"


def test_only_the_highest_scopes_are_named(client: Client) -> None:
    """As in published answers: who has `pipeline:variable` need not be told of `pipeline`."""
    answer = client.api("user", "email", "account", "pipeline", "pipeline:variable", "wiki")

    assert answer.headers["X-OAuth-Scopes"] == "account, pipeline:variable, wiki"


@pytest.mark.parametrize(
    ("scope", "read", "write"), [("pipeline", 200, 403), ("pipeline:write", 200, 403), ("pipeline:variable", 200, 201)]
)
def test_variables_are_read_with_one_scope_and_set_with_another(
    client: Client, scope: str, read: int, write: int
) -> None:
    """By Bitbucket's OpenAPI."""
    path, body = "repositories/team/hello/pipelines_config/variables", {"key": "K", "value": "V", "secured": True}

    assert client.api(path, scope).status_code == read
    assert client.api(path, scope, method="POST", json=body).status_code == write


def test_a_missing_scope_is_a_403_that_says_which(client: Client) -> None:
    """Required and granted stand in the detail."""
    answer = client.api("user", "team")

    assert answer.status_code == 403
    assert answer.json() == {
        "type": "error",
        "error": {
            "message": "Your credentials lack one or more required privilege scopes.",
            "detail": {"required": ["account"], "granted": ["team"]},
        },
    }


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("repository", 200),
        ("repository:write", 200),
        ("pullrequest:write", 200),
        ("project", 200),
        ("repository:admin", 403),
        ("project:admin", 403),
    ],
)
def test_some_scopes_contain_others(client: Client, scope: str, status: int) -> None:
    """Writing contains reading, but `admin` contains nothing."""
    assert client.api("repositories/team/hello", scope).status_code == status


def test_only_the_header_carries_a_token(sandbox: Sandbox, client: Client) -> None:
    """A token in the query is a 401 since May 2026."""
    url = f"https://api.bitbucket.org/2.0/user?access_token={sandbox.mint_token().value}"

    answer = client.session.get(url, timeout=5)

    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Token is invalid, expired, or not supported for this endpoint."


def test_an_expired_token_is_told_so(sandbox: Sandbox, client: Client) -> None:
    """A token expires by hand, or by the clock."""
    token = sandbox.mint_token()
    token.expire()

    answer = client.session.get(
        f"{sandbox.api_url}/user", headers={"Authorization": f"Bearer {token.value}"}, timeout=5
    )

    assert answer.status_code == 401
    assert answer.json() == {"type": "error", "error": {"message": "Access token expired."}}


def test_pages_lead_to_the_next_by_an_absolute_address(client: Client) -> None:
    """Following `next` gives every repository once."""
    first = client.api("repositories/team?pagelen=10").json()
    second = client.api(first["next"].removeprefix("https://api.bitbucket.org/2.0/")).json()

    assert [first["size"], first["page"], first["pagelen"]] == [12, 1, 10]
    assert first["next"] == "https://api.bitbucket.org/2.0/repositories/team?pagelen=10&page=2"
    assert "next" not in second
    assert len({one["uuid"] for one in first["values"] + second["values"]}) == 12


@pytest.mark.parametrize(("pagelen", "status", "given"), [(1, 200, 10), (100, 200, 100), (101, 400, None)])
def test_a_page_has_ten_to_a_hundred_values(client: Client, pagelen: int, status: int, given: int | None) -> None:
    """Less than ten means ten; more than a hundred is refused."""
    answer = client.api(f"repositories/team?pagelen={pagelen}")

    assert [answer.status_code, answer.json().get("pagelen")] == [status, given]


def test_a_length_that_is_refused_is_called_so(client: Client) -> None:
    """Pull requests come by fifty at most."""
    path = "repositories/team/hello/pullrequests?pagelen="

    assert client.api(f"{path}50").status_code == 200
    assert client.api(f"{path}51").json()["error"]["message"] == "Invalid pagelen"


def test_pipelines_name_no_next_page(client: Client) -> None:
    """They count, and go by number."""
    pages = [client.api(f"repositories/team/hello/pipelines?page={number}", "pipeline").json() for number in (1, 2, 3)]

    assert [(page["page"], page["size"], len(page["values"])) for page in pages] == [
        (1, 21, 10),
        (2, 21, 10),
        (3, 21, 1),
    ]
    assert not any("next" in page for page in pages)


def test_variables_name_a_next_page_that_is_none(client: Client) -> None:
    """By its number it is to be had."""
    path = "repositories/team/hello/pipelines_config/variables"
    for number in range(12):
        client.api(path, method="POST", json={"key": f"K{number}", "value": "V"})
    first = client.api(path).json()

    assert client.api(first["next"].removeprefix("https://api.bitbucket.org/2.0/")).status_code == 404
    assert [one["key"] for one in client.api(f"{path}?page=2").json()["values"]] == ["K10", "K11"]


def test_commits_go_by_a_cursor(client: Client) -> None:
    """Neither numbered nor counted; a number is no cursor."""
    path = "repositories/team/hello/commits"
    found, page = [], client.api(path).json()
    while "next" in page:
        found += page["values"]
        page = client.api(page["next"].removeprefix("https://api.bitbucket.org/2.0/")).json()

    assert set(page) == {"pagelen", "values"}
    assert len({one["hash"] for one in found + page["values"]}) == 25
    assert client.api(f"{path}?page=2").status_code == 400


def test_code_search_counts_more_than_it_gives(client: Client) -> None:
    """And its second page names no next one."""
    path = "workspaces/team/search/code?pagelen=100&page="
    first, second, last, none = (client.api(f"{path}{number}").json() for number in (1, 2, 10, 11))

    assert "next" in first
    assert "next" not in second
    assert [len(page["values"]) for page in (second, last, none)] == [100, 100, 0]
    assert {page["size"] for page in (first, second, last, none)} == {1234}


def test_fields_choose_what_is_told(client: Client) -> None:
    """Without `next` among them, paging ends early, as on Bitbucket."""
    assert client.api("repositories/team?fields=size").json() == {"size": 12}
    assert client.api("repositories/team/hello?fields=slug,mainbranch.name").json() == {
        "slug": "hello",
        "mainbranch": {"name": "main"},
    }
    assert "links" not in client.api("repositories/team/hello?fields=-links").json()


def test_another_workspace_is_not_found(client: Client) -> None:
    """A consumer sees the workspace that owns it."""
    assert client.api("repositories/other/hidden").status_code == 404
    assert client.api("repositories/team/nothing").status_code == 404


def test_an_address_without_an_api_says_so(client: Client) -> None:
    """`detail` is a text here, where a missing scope has an object."""
    answer = client.api("nothing/here")

    assert answer.status_code == 404
    assert answer.json()["error"]["detail"].startswith("There is no API hosted at this URL.")


@pytest.mark.parametrize("path", ["workspaces", "repositories?role=member", "user/permissions/workspaces"])
def test_what_was_removed_in_2026_is_gone(client: Client, path: str) -> None:
    """The lists across workspaces answer 410."""
    answer = client.api(path)

    assert answer.status_code == 410
    assert answer.json()["error"]["message"] == "CHANGE-2770 - Functionality has been deprecated"


def test_a_pull_request_needs_its_scope_and_its_fields(client: Client) -> None:
    """Then it is there."""
    path, body = "repositories/team/hello/pullrequests", {"title": "Hello", "source": {"branch": {"name": "topic"}}}

    assert client.api(path, "pullrequest", method="POST", json=body).status_code == 403
    assert client.api(path, "pullrequest:write", method="POST", json={"title": "Hello"}).status_code == 400
    assert client.api(path, "pullrequest:write", method="POST", json=body).status_code == 201
    assert [one["title"] for one in client.api(path, "pullrequest").json()["values"]] == ["Hello"]


@pytest.mark.parametrize("kind", ["diff", "patch", "diffstat"])
def test_what_a_pull_request_changes_is_elsewhere(client: Client, kind: str) -> None:
    """302 leads to the repository's, with a line end between two commits; what was asked beside it is lost."""
    path, body = "repositories/team/hello/pullrequests", {"title": "Hello", "source": {"branch": {"name": "topic"}}}
    client.api(path, "pullrequest:write", method="POST", json=body)
    answer = client.api(f"{path}/1/{kind}?pagelen=50", "pullrequest")
    [redirect] = answer.history

    assert client.api(f"{path}/2/{kind}", "pullrequest").status_code == 404
    assert redirect.status_code == 302
    there = "https://api.bitbucket.org/2.0/repositories/team/hello"
    hashes = "[0-9a-f]{12}%0D[0-9a-f]{12}"
    assert re.fullmatch(f"{there}/{kind}/team/hello:{hashes}\\?from_pullrequest_id=1&topic=true", answer.url)
    if kind == "diffstat":
        assert [answer.json()["size"], len(answer.json()["values"])] == [12, 10]
    else:
        assert answer.text.count("\ndiff --git a/docs/") >= 11


def test_the_value_of_a_secured_variable_is_not_told(client: Client) -> None:
    """It can be set once, and not be read."""
    path, body = "repositories/team/hello/pipelines_config/variables", {"key": "K", "value": "V", "secured": True}

    assert client.api(path, "pipeline", method="POST", json=body).status_code == 403
    assert client.api(path, method="POST", json=body).status_code == 201
    assert client.api(path, method="POST", json=body).status_code == 409
    [listed] = client.api(path).json()["values"]
    assert listed == {"type": "pipeline_variable", "uuid": listed["uuid"], "key": "K", "secured": True}

    changed = client.api(f"{path}/{listed['uuid']}", method="PUT", json={**body, "value": "W"})
    assert (changed.status_code, "value" in changed.json()) == (200, False)
    assert client.api(f"{path}/{{no-such-variable}}", method="PUT", json=body).status_code == 404
    [variable] = client.sandbox.repositories.of("team")[0].variables
    assert variable["value"] == "W"


def test_variables_of_environments_and_workspaces(client: Client) -> None:
    """Each list is its own; environments come in pages."""
    body = {"key": "K", "value": "V", "secured": False}
    names = client.api("repositories/team/hello/environments/", "pipeline").json()
    assert (len(names["values"]), "next" in names) == (10, True)
    environment = names["values"][0]["uuid"]

    for path in (
        f"repositories/team/hello/deployments_config/environments/{environment}/variables",
        "workspaces/team/pipelines-config/variables",
    ):
        assert client.api(path).json()["values"] == []
        assert client.api(path, method="POST", json=body).status_code == 201
        assert [variable["value"] for variable in client.api(path).json()["values"]] == ["V"]
    assert client.api("repositories/team/hello/pipelines_config/variables").json()["values"] == []
    assert client.api("workspaces/other/pipelines-config/variables").status_code == 404


def test_an_api_token_is_a_password_and_no_bearer_token(client: Client) -> None:
    """It goes with its owner's e-mail address alone."""
    token = client.sandbox.api_token("ana@example.com").value
    url = "https://api.bitbucket.org/2.0/user"

    assert client.session.get(url, auth=("ana@example.com", token), timeout=5).status_code == 200
    assert client.session.get(url, auth=("bob@example.com", token), timeout=5).status_code == 401
    assert client.session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code == 401


def test_a_repositorys_token_is_for_that_alone(client: Client) -> None:
    """Nobody stands behind it."""
    headers = {"Authorization": f"Bearer {client.sandbox.repository_token('team/hello').value}"}
    status = {
        path: client.session.get(f"https://api.bitbucket.org/2.0/{path}", headers=headers, timeout=5).status_code
        for path in ("repositories/team/hello", "repositories/team/service-01", "user")
    }

    assert status == {"repositories/team/hello": 200, "repositories/team/service-01": 404, "user": 403}


def test_each_host_has_its_own_half(client: Client) -> None:
    """Tokens come from bitbucket.org, the API is at api.bitbucket.org, and neither does the other's work."""
    on_the_wrong_host = [
        client.session.post("https://api.bitbucket.org/site/oauth2/access_token", timeout=5),
        client.session.get("https://bitbucket.org/2.0/user", timeout=5),
    ]

    assert [answer.status_code for answer in on_the_wrong_host] == [404, 404]
