"""`--help` follows from the table of inputs."""

import pytest

from pipe.cli import help as help_page
from pipe.cli.command_line import split
from pipe.inputs.table import TABLE, Input


@pytest.mark.parametrize("declared", TABLE, ids=lambda declared: declared.name)
def test_every_input_is_explained(declared: Input) -> None:
    """Its name, what it means, what is allowed, what it is if not given, and where else it comes from."""
    text = help_page.text()
    entry = " ".join(text.partition(f"\n  {head(declared)}\n")[2].partition("\n\n")[0].split())

    assert declared.meaning in entry
    assert declared.meaning.endswith(".")
    assert all(choice in entry for choice in declared.choices)
    assert not declared.default or f"Default: {declared.default}." in entry
    assert all(alias in entry for alias in declared.aliases)


def head(declared: Input) -> str:
    return f"{declared.variable} (environment only)" if declared.secret else f"--{declared.name}"


def test_it_offers_no_secret_on_the_command_line() -> None:
    """An option that is refused is not advertised."""
    assert not any(f"--{declared.name}\n" in help_page.text() for declared in TABLE if declared.secret)


def test_it_fits_a_terminal() -> None:
    """Wide, but not endless, and without anything that a terminal would not show."""
    lines = help_page.text().splitlines()

    assert max(map(len, lines)) <= 120
    assert all(line.isprintable() for line in lines)


def test_it_names_the_exit_codes() -> None:
    """They are what a script looks at."""
    assert all(f" {code} " in help_page.text() for code in (0, 2, 3, 4, 5, 6, 130, 143))
    assert "\n7 " in help_page.text()


def test_the_options_that_are_no_inputs_are_in_it() -> None:
    """And the command line takes them."""
    assert all(option in help_page.text() for option in ("--env-file", "--help", "--version"))
    assert split(["--env-file", "x", "--version"]).shows == "version"
