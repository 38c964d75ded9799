"""The token on standard output, in a form that another program reads."""

import json
import shutil
import subprocess
from io import StringIO

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from pipe.export.printing import render
from tests.unit.samples import TOKEN, export

# Everything a bearer token may be made of, and what shells and dotenv readers would expand in it.
tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80) | st.sampled_from(
    ["$HOME", "${HOME}", "`id`", "$(id)", "'", '"', "\\", "\\'", "'\\''", "a'b\"c", "#x", "a#b", "\\n", "!!", "a\\"]
)
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]


def test_raw_is_the_token_and_a_line_break() -> None:
    """`$(...)` drops the line break."""
    assert render("raw", export()) == f"{TOKEN}\n"


@given(tokens)
def test_json_is_a_token_response(token: str) -> None:
    """With the members of RFC 6749 section 5.1 and the moment of expiry, in one line."""
    text = render("json", export(value=token))

    assert json.loads(text) == {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": 7200,
        "expires_at": "2026-06-01T14:00:00Z",
        "scope": "repository pullrequest:write",
    }
    assert text.count("\n") == 1
    assert text.endswith("\n")


def test_json_leaves_out_what_the_server_did_not_tell() -> None:
    """No scopes is not the same as an empty list of them."""
    assert json.loads(render("json", export(scopes=None, expires_in=None))) == {
        "access_token": TOKEN,
        "token_type": "bearer",
    }
    assert json.loads(render("json", export(scopes=())))["scope"] == ""


@given(tokens)
def test_dotenv_is_read_as_it_was_written(token: str) -> None:
    """By python-dotenv without interpolation, which expands `${NAME}` even within quotes."""
    text = render("dotenv", export(value=token, env_name="T"))

    assert dotenv_values(stream=StringIO(text), interpolate=False) == {
        "T": token,
        "T_EXPIRES_AT": "2026-06-01T14:00:00Z",
        "T_SCOPES": "repository pullrequest:write",
    }


def test_a_usual_token_survives_every_reader_of_dotenv() -> None:
    """RFC 6750's b64token needs no escape, so that all readers agree on it."""
    assert render("dotenv", export()).splitlines()[0] == f"BITBUCKET_ACCESS_TOKEN='{TOKEN}'"
    assert dotenv_values(stream=StringIO(render("dotenv", export())))["BITBUCKET_ACCESS_TOKEN"] == TOKEN


@pytest.mark.skipif(not SHELLS, reason="needs dash or bash")
@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15)
@given(token=tokens)
def test_sh_is_evaluated_to_the_same_values(shell: str, token: str) -> None:
    """Nothing in the token is expanded or run."""
    script = 'eval "$(cat)"; printf "%s\\n" "$T" "$T_EXPIRES_AT" "$T_SCOPES"'
    text = render("sh", export(value=token, env_name="T")._replace(mask_log=False))

    done = subprocess.run([shell, "-uc", script], input=text, capture_output=True, text=True, check=True, timeout=20)

    assert done.stdout.splitlines() == [token, "2026-06-01T14:00:00Z", "repository pullrequest:write"]
    assert done.stderr == ""
