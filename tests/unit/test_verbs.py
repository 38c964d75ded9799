"""Verbs: found by their files, told apart from options, and quiet."""

import os

import pytest

from pipe import verbs
from pipe.errors import InputError
from pipe.options import Options, split
from pipe.table import BY_NAME
from pipe.verbs import login


def test_verbs_are_the_files_that_are_there() -> None:
    """Each says what it does, and for which inputs it has other values."""
    assert "login" in verbs.names()
    for name in verbs.names():
        verb = verbs.called(name)
        assert callable(verb.run)
        assert set(verb.UNLESS_GIVEN) <= set(BY_NAME)


def test_a_verb_is_the_first_word() -> None:
    """What follows is split as ever."""
    assert split(["login", "--scope", "a"]) == Options({"scope": "a"}, verb="login")
    assert split(["--scope", "login"]) == Options({"scope": "login"})
    assert split(["login", "--help"]).shows == "help"


@pytest.mark.parametrize("word", ["__init__", "../cli", "LOGIN", "log", "", "login.py"])
def test_other_words_are_none(word: str) -> None:
    """They are not repeated: one may be a misplaced secret."""
    with pytest.raises(InputError, match="a word that is no option"):
        split([word])


def test_what_a_browser_prints_is_not_the_refresh_token(capfd: pytest.CaptureFixture[str]) -> None:
    """It goes to standard error while the browser is started, and only then."""
    with login._quiet_output():
        os.write(1, b"from the browser\n")
    os.write(1, b"the refresh token\n")

    assert capfd.readouterr() == ("the refresh token\n", "from the browser\n")
