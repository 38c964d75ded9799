"""What is handed to later steps."""

from pipe.redaction.secret import Secret
from tests.oracle import Oracle
from tests.unit.samples import TOKEN, export


def test_three_variables_are_exported() -> None:
    """The token, and its end and its scopes beside it."""
    assert export(env_name="T").variables() == {
        "T": Secret(TOKEN),
        "T_EXPIRES_AT": "2026-06-01T14:00:00Z",
        "T_SCOPES": "repository pullrequest:write",
    }


def test_what_the_server_did_not_tell_is_empty() -> None:
    """And set all the same: a value of an earlier step must not stay."""
    variables = export(env_name="T", scopes=None, expires_in=None).variables()

    assert variables == {"T": Secret(TOKEN), "T_EXPIRES_AT": "", "T_SCOPES": ""}


def test_it_does_not_show_the_token_or_what_is_masked() -> None:
    """Its masks are plain texts, and must not be printed by accident."""
    Oracle([TOKEN]).check("the representation", f"{export()!r} {export()}")
