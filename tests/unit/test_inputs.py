"""THE table of inputs, and the checked values of one run."""

from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe import ci
from pipe.errors import InputError, MissingInputError
from pipe.inputs.inputs import Inputs, checked_inputs
from pipe.inputs.table import BY_NAME, TABLE, Input
from pipe.inputs.values import Given
from pipe.redaction.secret import Secret

NAMES = [declared.name for declared in TABLE]


def checked(**texts: str) -> Inputs:
    return checked_inputs({name.replace("_", "-"): Given(text, "TEST") for name, text in texts.items()}, ci.names())


def test_the_table_and_the_values_have_the_same_names_in_the_same_order() -> None:
    """One is what a user sees, the other what the program works with; it knows more only of where they come from."""
    assert (*(name.replace("-", "_") for name in NAMES), "key_as_given", "origins") == Inputs._fields


@pytest.mark.parametrize("declared", TABLE, ids=lambda declared: declared.name)
def test_the_table_says_what_kind_each_input_is(declared: Input) -> None:
    """What is a secret is of that type and has no default; what is a flag is true or false."""
    kind = get_type_hints(Inputs)[declared.name.replace("-", "_")]

    assert declared.secret is (kind is Secret)
    assert declared.flag is (kind is bool)
    assert not (declared.secret and declared.default)
    assert not declared.choices or not declared.default or declared.default in declared.choices


def test_names_and_variables_are_told_apart() -> None:
    """No two inputs share a name, a variable or an alias, and none takes that of the env file."""
    variables = [
        *(declared.variable for declared in TABLE),
        *(alias for declared in TABLE for alias in declared.aliases),
    ]

    assert len(set(variables)) == len(variables)
    assert not {"ENV", "ENV_FILE", "ENV_FILE_FILE"} & set(variables)
    assert len(set(NAMES)) == len(NAMES) == len(BY_NAME)


def test_the_defaults_are_those_of_the_contract() -> None:
    """Without any input, the run knows what to do but for key and secret."""
    inputs = checked()

    assert {name: value for name, value in inputs._asdict().items() if value} == {
        "grant": "client_credentials",
        "base_url": "https://bitbucket.org",
        "client_auth": "basic",
        "access_token_kind": "access-token",
        "token_owner": "user",
        "token_permissions": ("REPO_READ",),
        "token_expiry_days": 1,
        "env_name": "BITBUCKET_ACCESS_TOKEN",
        "export_env": True,
        "mask_log": True,
        "verify": "false",
        "revoke": True,
        "ci": "auto",
        "summary": True,
        "timeout": 10.0,
        "deadline": 120.0,
    }


def test_each_value_lands_in_its_place() -> None:
    """Of its type."""
    inputs = checked(
        consumer_key="the-key",
        consumer_secret="the-secret",
        base_url="https://git.example.com/context/",
        client_auth="body",
        scope="a,b",
        required_scopes="c d",
        min_lifetime="600",
        env_name="TOKEN",
        export_env="no",
        mask_log="off",
        ci="gitea",
        output_file="out/env",
        keep_file="yes",
        max_attempts="2",
        timeout="1.5",
        deadline="30",
        ca_file="ca.pem",
        debug="1",
    )

    assert (inputs.consumer_key, inputs.consumer_secret) == ("the-key", Secret("the-secret"))
    assert inputs.base_url == "https://git.example.com/context"
    assert (inputs.client_auth, inputs.scope, inputs.required_scopes) == ("body", ("a", "b"), ("c", "d"))
    assert (inputs.min_lifetime, inputs.env_name) == (600.0, "TOKEN")
    assert (inputs.export_env, inputs.mask_log) == (False, False)
    assert (inputs.ci, inputs.output_file, inputs.keep_file) == ("gitea", "out/env", True)
    assert (inputs.max_attempts, inputs.timeout, inputs.deadline) == (2, 1.5, 30.0)
    assert (inputs.ca_file, inputs.debug) == ("ca.pem", True)
    assert checked(print="json").print == "json"
    assert checked(issuer="https://id.example.com/").issuer == "https://id.example.com/"
    asking = checked(audience="an API", resource="urn:example:api", key_id="1")
    assert (asking.audience, asking.resource, asking.key_id) == ("an API", "urn:example:api", "1")
    assert checked(token_url="https://id.example.com/token/").token_url == "https://id.example.com/token/"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"print": "sh"}, {"output_file": "env"}),
        ({"print": "sh"}, {"channel": "dotenv"}),
        ({"token_url": "https://id.example.com/token"}, {"base_url": "https://git.example.com"}),
        ({"issuer": "https://id.example.com"}, {"base_url": "https://git.example.com"}),
        ({"issuer": "https://id.example.com"}, {"token_url": "https://id.example.com/token"}),
    ],
)
def test_two_inputs_that_exclude_each_other_are_both_named(first: dict[str, str], second: dict[str, str]) -> None:
    """Nothing is guessed; and a default, which an action always sets, excludes nothing."""
    with pytest.raises(InputError, match="exclude each other") as caught:
        checked(**first, **second)

    assert all(name.replace("_", "-") in caught.value.what for name in (*first, *second))
    assert checked(token_url="https://id.example.com/token", base_url="https://bitbucket.org").token_url


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("grant", "password", "client_credentials"),
        ("base_url", "http://bitbucket.org", "https://"),
        ("base_url", "https://bitbucket.org?x=1", "?"),
        ("base_url", "https://git.example.com/?", "?"),
        ("token_url", "bitbucket.org", "https://"),
        ("issuer", "http://id.example.com", "https://"),
        ("issuer", "https://id.example.com?tenant=1", "?"),
        ("issuer", "id.example.com", "https://"),
        ("resource", "api.example.com", "https://api.example.com"),
        ("resource", "https://api.example.com/#part", "without `#`"),
        ("resource", "https://api.example.com/a b", "https://api.example.com"),
        ("audience", "a\nb", "again"),
        ("key_id", "a\x00b", "again"),
        ("client_auth", "digest", "basic, basic-raw, basic-encoded, body, private_key_jwt"),
        ("scope", 'repo"sitory', "commas or spaces"),
        ("required_scopes", "a\\b", "commas or spaces"),
        ("min_lifetime", "-1", "0 to 86400"),
        ("env_name", "MY-TOKEN", "letters, digits and _"),
        ("env_name", "LD_PRELOAD", "BITBUCKET_ACCESS_TOKEN"),
        ("export_env", "ture", "`true` or `false`"),
        ("mask_log", "never", "`true` or `false`"),
        ("ci", "jenkins1", "auto, "),
        ("output_file", "a\nb", "again"),
        ("keep_file", "2", "`true` or `false`"),
        ("print", "yaml", "raw, json, sh, dotenv"),
        ("max_attempts", "0", "1 to 1000"),
        ("max_attempts", "5.0", "1 to 1000"),
        ("timeout", "0", "0.1 to 86400"),
        ("deadline", "0", "0.1 to 86400"),
        ("deadline", "forever", "0.1 to 86400"),
        ("ca_file", "ca.pem ", "again"),
        ("debug", "verbose", "`true` or `false`"),
        ("consumer_key", "key\n", "again"),
        ("consumer_secret", "hunter2\n", "again"),
    ],
)
def test_a_wrong_value_is_exit_2_and_says_what_is_allowed(name: str, text: str, allowed: str) -> None:
    """It names the input and where the value came from."""
    with pytest.raises(InputError) as caught:
        checked(**{name: text})

    assert caught.value.exit_code == 2
    assert caught.value.what.startswith(name.replace("_", "-"))
    assert "(from TEST)" in caught.value.what
    assert allowed in caught.value.now
    assert "hunter2" not in caught.value.what


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters()) | st.text(st.sampled_from("true01.e-:/hs"))))
def test_any_texts_are_inputs_or_a_clear_failure(texts: dict[str, str]) -> None:
    """Nothing that somebody can put into an environment makes another exception, or shows the secret."""
    given_ = {name: Given(text, "TEST") for name, text in texts.items()}
    try:
        inputs = checked_inputs(given_, ci.names())
    except InputError as error:
        assert error.now  # noqa: PT017 - either outcome is fine
        return
    assert inputs.consumer_secret.reveal() == texts.get("consumer-secret", "")


def test_an_unknown_input_is_named() -> None:
    """A misspelt one is not ignored."""
    with pytest.raises(InputError, match="no input called consumer-kye"):
        checked(consumer_kye="x")


def test_the_secrets_are_those_that_were_given() -> None:
    """What is empty is nothing to hide."""
    assert checked().secrets == ()
    assert checked(consumer_secret="s3cret").secrets == (Secret("s3cret"),)


def test_a_missing_input_is_named_with_its_variable() -> None:
    """Only a grant knows which it needs."""
    inputs = checked(consumer_key="key")
    inputs.require("consumer-key")

    with pytest.raises(MissingInputError, match="consumer-secret is missing") as caught:
        inputs.require("consumer-secret")

    assert (caught.value.name, caught.value.variable) == ("consumer-secret", "CONSUMER_SECRET")
    assert "CONSUMER_SECRET" in caught.value.now


def test_the_values_do_not_show_the_secret() -> None:
    """However they are printed."""
    assert "s3cret" not in f"{checked(consumer_secret='s3cret')}"
