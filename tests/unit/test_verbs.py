"""Verbs: found by their files, told apart from options, and quiet."""

import os

import pytest

from pipe import verbs
from pipe.cli import help as help_page
from pipe.cli.command_line import Options, split
from pipe.errors import InputError
from pipe.inputs.invocation import Arguments, Option
from pipe.inputs.table import BY_NAME
from pipe.verbs import Verb, login


def test_verbs_are_the_files_that_are_there() -> None:
    """Each says what it does, and for which inputs it has other values."""
    assert "login" in verbs.names()
    for name in verbs.names():
        verb = verbs.called(name)
        assert isinstance(verb, Verb)
        assert set(verb.unless_given) <= set(BY_NAME)
        assert verb.summary.endswith(".")
        assert not {option.name for option in verb.options} & {*BY_NAME, "env-file", "help", "version"}


@pytest.mark.parametrize("name", verbs.names())
def test_a_verb_has_a_help_of_its_own(name: str) -> None:
    """It tells the verb's options, and other values of inputs."""
    options = split([name, "--help"])
    text = help_page.text(options.verb)
    verb = verbs.called(name)

    assert options.shows == "help"
    assert text.startswith(f"bitbucket-token {name}")
    assert f"bitbucket-token {name:8}{verb.summary}" in help_page.text()
    assert all(f"\n  --{option.name}" in text for option in verb.options)
    assert all(value in text for value in verb.unless_given.values())
    assert max(map(len, text.splitlines())) <= 120


@pytest.fixture
def lister(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that takes words and options of its own."""
    options = (Option("all", "All."), Option("only", "Only these.", "NAME", many=True), Option("most", "So many.", "N"))
    verb = Verb(lambda *_: None, "List.", words="PATH...", options=options)
    monkeypatch.setattr(verbs, "names", lambda: ("list",))
    monkeypatch.setattr(verbs, "called", lambda _name: verb)


@pytest.mark.usefixtures("lister")
def test_a_verb_takes_words_and_options_of_its_own() -> None:
    """In any order, and beside the inputs."""
    given = ["list", "a", "--all", "b", "--only", "x", "--scope", "s", "--only=y=z", "--most", "3"]
    options = split(given)

    assert options.values == {"scope": "s"}
    assert options.arguments.words == ("a", "b")
    assert options.arguments.has("all")
    assert not options.arguments.has("only-these")
    assert options.arguments.values("only") == ("x", "y=z")
    assert options.arguments.value("most") == "3"
    assert options.arguments.value("least", "1") == "1"
    assert options.arguments.values("least") == ()


@pytest.mark.usefixtures("lister")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--most", "1", "--most", "2"], "--most is given twice"),
        (["--all", "--all"], "--all is given twice"),
        (["--only"], "--only has no value"),
        (["-x"], "a word that is no option"),
        (["--other"], "There is no option --other"),
    ],
)
def test_what_a_verb_does_not_know_is_refused(words: list[str], said: str) -> None:
    """As is what may be there once only."""
    with pytest.raises(InputError, match=said):
        split(["list", *words])


def test_what_a_command_line_says_does_not_show_by_accident() -> None:
    """A word or a value may be a misplaced secret."""
    assert repr(Arguments(("hunter2",), {"only": ("hunter2",)})) == "Arguments(1 words, only)"


def test_a_verb_is_the_first_word() -> None:
    """What follows is split as ever."""
    assert split(["login", "--scope", "a"]) == Options({"scope": "a"}, verb="login")
    assert split(["--scope", "login"]) == Options({"scope": "login"})
    assert split(["login", "--help"]).shows == "help"
    assert split(["login", "--help"]).verb == "login"


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
