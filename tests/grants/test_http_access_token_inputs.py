"""Inputs of the grant `http_access_token` that cannot be: exit 2, the input named, nothing sent."""

import pytest

from tests.grants.center import Center

PASSWORD = "the-pass-word-of-somebody"
TOKEN = "the-token-of-somebody-else"

WRONG = {
    "no way to authorise": (
        {"PASSWORD": "", "USERNAME": ""},
        "password, access-token or private-key is missing.",
    ),
    "password and token": ({"PASSWORD": PASSWORD, "ACCESS_TOKEN": TOKEN}, "password and access-token"),
    "token and key": ({"ACCESS_TOKEN": TOKEN, "PRIVATE_KEY": "<pem>"}, "access-token and private-key"),
    "all three": (
        {"PASSWORD": PASSWORD, "ACCESS_TOKEN": TOKEN, "PRIVATE_KEY": "<pem>"},
        "password and access-token and private-key",
    ),
    "a password without a user": ({"USERNAME": "", "PASSWORD": PASSWORD}, "username is missing"),
    "a key without the link's": ({"PRIVATE_KEY": "<pem>", "CONSUMER_KEY": ""}, "consumer-key is missing"),
    "a user with a colon": ({"USERNAME": "a:b", "PASSWORD": PASSWORD}, "username holds a colon"),
    "impersonation by password": ({"IMPERSONATE": "bob"}, "impersonate does not go together with password"),
    "impersonation by token": ({"ACCESS_TOKEN": TOKEN, "IMPERSONATE": "bob"}, "does not go together with access-token"),
    "no key": ({"PRIVATE_KEY": "-----BEGIN", "CONSUMER_KEY": "k"}, "private-key (from PRIVATE_KEY) holds no private"),
    "the Cloud": ({"BASE_URL": "https://bitbucket.org"}, "base-url is missing, or that of Bitbucket Cloud"),
    "an open wire": ({"BASE_URL": "http://bitbucket.example.com"}, "base-url (from BASE_URL) is not https"),
    "an unknown owner": ({"TOKEN_OWNER": "team:PRJ"}, "token-owner is none of the forms"),
    "an owner without a name": ({"TOKEN_OWNER": "project:"}, "token-owner is none of the forms"),
    "a repository without its project": ({"TOKEN_OWNER": "repository:hello"}, "token-owner is none of the forms"),
    "a way out of the path": ({"TOKEN_OWNER": "repository:../.."}, "token-owner is none of the forms"),
    "an unknown permission": ({"TOKEN_PERMISSIONS": "REPO_OWN"}, "token-permissions holds none, or one that"),
    "no permission": ({"TOKEN_PERMISSIONS": ","}, "token-permissions holds none"),
    "two of a kind": ({"TOKEN_PERMISSIONS": "REPO_READ,REPO_WRITE"}, "token-permissions holds two of one kind"),
    "less with repositories": ({"TOKEN_PERMISSIONS": "PROJECT_WRITE,REPO_READ"}, "allows less with repositories"),
    "projects for a repository": (
        {"TOKEN_OWNER": "repository:PRJ/hello", "TOKEN_PERMISSIONS": "PROJECT_READ,REPO_READ"},
        "token-owner is a repository",
    ),
    "no days": ({"TOKEN_EXPIRY_DAYS": "0"}, "token-expiry-days"),
    "half a day": ({"TOKEN_EXPIRY_DAYS": "0.5"}, "token-expiry-days"),
    "a name without end": ({"TOKEN_NAME": "n" * 256}, "token-name has more than 255"),
}


@pytest.mark.parametrize(("variables", "what"), WRONG.values(), ids=WRONG)
def test_wrong_inputs_are_named_and_nothing_is_sent(center: Center, variables: dict[str, str], what: str) -> None:
    """No request, not even for who asks."""
    given = {name: center.server.link.pem if value == "<pem>" else value for name, value in variables.items()}

    outcome = center.run(secrets=[PASSWORD, TOKEN], **given)

    assert outcome.code == 2
    assert what in outcome.failure
    assert outcome.requests == []
    assert outcome.connects == []


@pytest.mark.parametrize(
    "permissions", ["PROJECT_READ", "PROJECT_READ REPO_READ", "PROJECT_WRITE,REPO_ADMIN", "REPO_ADMIN", "REPO_WRITE"]
)
def test_combinations_that_the_server_takes_are_taken(center: Center, permissions: str) -> None:
    """What is refused here, the server would refuse as well; the others it takes."""
    assert center.run(TOKEN_PERMISSIONS=permissions).code == 0


@pytest.mark.parametrize("name", ["password", "access-token", "private-key"])
def test_secrets_are_refused_on_the_command_line(center: Center, name: str) -> None:
    """Every process of the machine reads it."""
    outcome = center.run(f"--{name}", PASSWORD, secrets=[PASSWORD])

    assert outcome.code == 2
    assert f"--{name} is not taken from the command line." in outcome.failure


def test_a_password_of_another_program_is_not_looked_at(center: Center) -> None:
    """PASSWORD in a job's environment belongs to this grant only when it is chosen."""
    outcome = center.run(GRANT="client_credentials", BASE_URL="", PASSWORD="short", **center.world.consumer)

    assert outcome.code == 0
