"""The command line, split; no error repeats a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.cli.command_line import Options, split
from pipe.errors import InputError
from pipe.inputs.sources import read
from pipe.inputs.table import TABLE
from pipe.inputs.values import says_no, says_yes
from tests.unit.test_sources import NOWHERE

VALUE = "hunter2-Correct/Horse"
NAMES = [declared.name for declared in TABLE]
FLAGS = [declared.name for declared in TABLE if declared.flag]
VALUED = [declared.name for declared in TABLE if not declared.flag]


@given(st.dictionaries(st.sampled_from([*NAMES, "env-file"]), st.text()), st.booleans())
def test_each_option_has_a_value_in_either_form(values: dict[str, str], joined: bool) -> None:
    """`--name=value` and `--name value`; whatever the value is, it is taken as it is, unless a flag needs none."""
    words = []
    for name, value in values.items():
        flag_alone = name in FLAGS and not (says_yes(value) or says_no(value))
        words += [f"--{name}={value}"] if joined or flag_alone else [f"--{name}", value]

    expected = Options({k: v for k, v in values.items() if k != "env-file"}, env_file=values.get("env-file", ""))
    assert split(words) == expected


def test_nothing_is_an_empty_command_line() -> None:
    """All inputs can come from elsewhere."""
    assert split([]) == Options({})


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_alone_is_true(flag: str) -> None:
    """At the end, before another option, or before a word that is neither true nor false; one that is counts."""
    assert split([f"--{flag}"]).values == {flag: "true"}
    assert split([f"--{flag}", "--scope", "a"]).values == {flag: "true", "scope": "a"}
    assert split([f"--{flag}", "false"]).values == {flag: "false"}
    assert split([f"--{flag}", "Yes"]).values == {flag: "Yes"}
    assert split([f"--{flag}=maybe"]).values == {flag: "maybe"}


@pytest.mark.parametrize("words", [["--debug", "/user"], ["/user", "--debug"], ["--debug", "true", "/user"]])
def test_a_flag_leaves_the_words_of_a_verb_alone(words: list[str]) -> None:
    """The path is no value of it."""
    options = split(["api", *words])

    assert options.arguments.words == ("/user",)
    assert options.values == {"debug": "true"}


@pytest.mark.parametrize(("word", "shows"), [("--help", "help"), ("-h", "help"), ("--version", "version")])
def test_help_and_version_are_all_that_is_shown(word: str, shows: str) -> None:
    """Nothing else is looked at any more."""
    assert split(["--scope", "a", word, "--nonsense"]).shows == shows


def test_a_value_may_look_like_an_option() -> None:
    """After a name that needs a value, the next word is that value."""
    assert split(["--scope", "--help"]).values == {"scope": "--help"}


@pytest.mark.parametrize("name", [*VALUED, "env-file"])
def test_a_value_that_is_missing_is_named(name: str) -> None:
    """The command line ends too early."""
    with pytest.raises(InputError, match=f"--{name} has no value"):
        split([f"--{name}"])


def test_two_values_exclude_each_other() -> None:
    """Which of them was meant, nobody can say; neither is shown."""
    with pytest.raises(InputError, match="--scope is given twice") as caught:
        split([f"--scope={VALUE}", "--scope", VALUE])

    assert VALUE not in everything(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        [f"--consumer-secret={VALUE}"],
        ["--consumer-secret", VALUE],
        [f"--consumer-secret={VALUE}", "--help=1"],
        [f"--consumer-secrte={VALUE}"],
        ["--consumer-secrte", VALUE],
        [f"--consumer_secret={VALUE}"],
        [f"--CONSUMER-SECRET={VALUE}"],
        [f"--consumer-secret:{VALUE}"],
        [f"--consumer-secret{VALUE}"],
        [f"-consumer-secret={VALUE}"],
        [f"-s{VALUE}"],
        [f"consumer-secret={VALUE}"],
        [f"CONSUMER_SECRET={VALUE}"],
        [f"--secret={VALUE}"],
        [f"--={VALUE}"],
        [f"--{VALUE}"],
        [f"—consumer-secret={VALUE}"],
        [VALUE],
        ["", VALUE],
        ["--scope", "a", VALUE],
        ["--debug", "true", VALUE],
    ],
    ids=lambda words: " ".join(words).replace(VALUE, "VALUE"),
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(words: list[str]) -> None:
    """However its name is spelt: a process list has shown it already, the log does not show it again."""
    with pytest.raises(InputError) as caught:
        read(split(words).values, {}, NOWHERE)

    assert caught.value.exit_code == 2
    assert "environment" in caught.value.now
    assert not any(part in everything(caught.value) for part in ("hunter2", "Correct", "Horse"))


@given(st.lists(st.text() | st.sampled_from([f"--{name}" for name in NAMES]), max_size=6))
def test_any_command_line_is_understood_or_a_clear_failure(words: list[str]) -> None:
    """It never ends in another exception."""
    try:
        assert isinstance(split(words), Options)
    except InputError:
        return


def everything(error: InputError) -> str:
    return f"{error!r} {error.what} {error.why} {error.now} {error.__cause__} {error.__context__}"
