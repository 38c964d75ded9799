"""OAuth 1.0a: an application link authorises the creation of an HTTP access token, and that is what is exported."""

import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox import Fault
from sandbox.data_center import ApplicationLink
from tests.grants.center import CONTEXT, NAME, OWN, Center
from tests.program import Outcome


def run(center: Center, **variables: str) -> Outcome:
    return center.run(**{**center.by_link, **variables})


def test_a_link_makes_a_token_for_the_user_that_it_acts_as(center: Center) -> None:
    """Every request is signed anew, the old token is replaced, and what is exported is the new one."""
    old = center.server.mint(OWN, NAME)

    outcome = run(center)

    assert outcome.code == 0
    [token] = center.tokens
    assert token is not old
    assert token.value in outcome.files["work/.bitbucket-token/env"]
    assert [request.method for request in outcome.requests] == ["GET", "GET", "GET", "PUT", "DELETE"]
    nonces = [re.findall('oauth_nonce="(.+?)"', request.header("Authorization") or "") for request in outcome.requests]
    assert len({nonce for [nonce] in nonces}) == len(outcome.requests)


def test_the_empty_token_is_there_and_nothing_secret_is(center: Center) -> None:
    """Without `oauth_token=""`, the server would answer as to anybody."""
    outcome = run(center)

    for request in outcome.requests:
        assert 'oauth_token=""' in (request.header("Authorization") or "")
        assert request.query in ("", "filter=Build.Bot%40example.com&limit=100&start=0", "limit=100&start=0")


@pytest.mark.parametrize("owner", ["user", "project:PRJ", "project:~bot", "repository:PRJ/hello"])
@pytest.mark.parametrize("context", ["", CONTEXT])
def test_the_server_verifies_the_signature_of_each_address(center: Center, context: str, owner: str) -> None:
    """With and without a context path, whatever stands in path and query."""
    outcome = run(center, BASE_URL=center.world.sandbox.url + context, TOKEN_OWNER=owner)

    assert outcome.code == 0


def test_a_user_is_impersonated_by_a_parameter_that_is_signed(center: Center) -> None:
    """Where the link has no user of its own."""
    center.server.link.execute_as = ""
    center.server.link.impersonates = True

    outcome = run(center, IMPERSONATE=center.server.bot.name)

    assert outcome.code == 0
    assert len(center.named()) == 1
    assert {request.parameters["xoauth_requestor_id"] for request in outcome.requests} == {center.server.bot.name}


def test_a_link_without_a_user_is_told_from_one_that_works(center: Center) -> None:
    """The server answers it as it answers anybody; that ends the run before a token is asked for."""
    center.server.link.execute_as = ""

    outcome = run(center)

    assert outcome.code == 3
    assert "answers as to an anonymous user" in outcome.failure
    assert "Enter a user at 'Execute as'" in outcome.failure
    assert "set impersonate" in outcome.failure
    assert len(outcome.requests) == 1


def test_a_link_that_acts_as_somebody_else_makes_no_token(center: Center) -> None:
    """Impersonation was asked for and did not happen: the token would be another user's."""
    fault = Fault(f"{CONTEXT}/rest/api/latest/application-properties", body="{}", headers={"X-AUSERNAME": "admin"})
    center.world.sandbox.faults.add(fault)

    outcome = run(center, IMPERSONATE="build.bot")

    assert outcome.code == 3
    assert "takes this program for the user admin, not for the one that impersonate names" in outcome.failure
    assert center.server.tokens.made == []


def test_a_link_that_may_not_impersonate_is_refused(center: Center) -> None:
    """The advice says where that is allowed."""
    outcome = run(center, IMPERSONATE=center.server.bot.name)

    assert outcome.code == 3
    assert "2LO with impersonation allowed" in outcome.failure


@pytest.mark.parametrize("how", ["no 2LO", "a user who is not there", "a user who may not log in"])
def test_a_link_that_is_not_set_up_is_refused(center: Center, how: str) -> None:
    """Each is a 401 without a word about the cause."""
    link = center.server.link
    if how == "no 2LO":
        link.two_legged = False
    elif how == "a user who is not there":
        link.execute_as = "nobody"
    else:
        center.server.bot.active = False

    outcome = run(center)

    assert outcome.code == 3
    assert "Application links" in outcome.failure


def test_an_unknown_key_is_named_as_the_cause(center: Center) -> None:
    """OAuth's own word for it, and what to compare."""
    outcome = run(center, CONSUMER_KEY="another-link")

    assert outcome.code == 3
    assert "consumer_key_unknown" in outcome.failure
    assert "Compare consumer-key with the link" in outcome.failure


def test_a_key_that_does_not_fit_is_named_as_the_cause(center: Center) -> None:
    """Or an address that the server does not know as its own: the signature is then another one."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    outcome = center.run(CONSUMER_KEY="the-link", PRIVATE_KEY=pem, secrets=[pem])

    assert outcome.code == 3
    assert "signature_invalid" in outcome.failure
    assert "openssl pkey -in key.pem -pubout" in outcome.failure


PROBLEMS = {
    "timestamp_refused": "The clocks of this runner and of the server differ",
    "nonce_used": "a proxy on the way sends requests twice",
    "something_else": "The application link does not take the request",
}


@pytest.mark.parametrize(("problem", "why"), PROBLEMS.items())
@pytest.mark.parametrize("where", ["header", "body"])
def test_each_problem_has_its_own_advice(center: Center, problem: str, why: str, where: str) -> None:
    """The server names it in the challenge or in the body, with more that is nobody's business."""
    header = {"WWW-Authenticate": f'OAuth realm="x", oauth_problem="{problem}"'} if where == "header" else {}
    body = f"oauth_problem={problem}&oauth_signature=abcdefgh" if where == "body" else "{}"
    center.world.sandbox.faults.add(Fault(status=401, headers=header, body=body))

    outcome = run(center)

    assert outcome.code == 3
    assert why in outcome.failure
    assert "abcdefgh" not in outcome.out + outcome.err


def test_the_key_may_come_from_a_file(center: Center) -> None:
    """As Docker secrets do, with the line ends of whoever wrote it."""
    path = center.world.runner / "key.pem"
    path.write_text(center.server.link.pem.replace("\n", "\r\n"))

    outcome = center.run(CONSUMER_KEY="the-link", PRIVATE_KEY="", PRIVATE_KEY_FILE=str(path), PASSWORD="", USERNAME="")

    assert outcome.code == 0


def test_an_ec_key_is_refused_before_anything_is_sent(center: Center) -> None:
    """PKCS#8 does not tell by its name what it holds; OpenSSL does."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    outcome = center.run(CONSUMER_KEY="the-link", PRIVATE_KEY=pem, secrets=[pem])

    assert outcome.code == 2
    assert "private-key is not one of RSA." in outcome.failure
    assert outcome.requests == []


@pytest.mark.parametrize("own", [{}, {"GITEA_ACTIONS": "true"}], ids=["GitHub", "Gitea"])
def test_each_line_of_the_key_is_masked_on_actions(center: Center, own: dict[str, str]) -> None:
    """A log that shows the file shows none of it; and no mask command breaks in two."""
    outcome = run(center, **center.world.github(), **own)

    assert outcome.code == 0
    body = center.server.link.pem.splitlines()[1:-1]
    assert set(body[:-1]) <= set(outcome.masks)


def test_another_link_is_another_key(center: Center) -> None:
    """Two links of one server are told apart by their keys alone."""
    own = ApplicationLink("own", own_key=rsa.generate_private_key(65537, 3072), execute_as="build.bot")
    center.server.links["own"] = own
    center.server.links["copy"] = replace(own, consumer_key="copy", own_key=None)

    assert run(center, CONSUMER_KEY="own", PRIVATE_KEY=own.pem).code == 0
    assert run(center, CONSUMER_KEY="copy", PRIVATE_KEY=own.pem).code == 3
