"""How scopes are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.inputs.values import split_scopes

NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='",\\'), min_size=1)


@given(st.lists(NAMES, unique=True), st.sampled_from([" ", ",", ", ", " ,, ", "\n", "\t "]))
def test_scopes_are_separated_by_commas_or_white_space(names: list[str], separator: str) -> None:
    """In any mixture, as users write them in YAML."""
    assert split_scopes(separator + separator.join(names) + separator) == tuple(names)


def test_a_scope_counts_once() -> None:
    """In the place where it stood first."""
    assert split_scopes("b a,b a") == ("b", "a")


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_nothing_is_no_scope(text: str) -> None:
    """Separators alone say nothing."""
    assert split_scopes(text) == ()


@pytest.mark.parametrize("text", ['a"', "a\\b", "ä", "a\0", "a\x7f", "a\x1b[1m", "\ud800"])
def test_only_rfc_6749s_characters_make_a_scope(text: str) -> None:
    """The RFC leaves out quotes, backslashes and everything that is not printable ASCII."""
    with pytest.raises(ValueError, match="not a scope"):
        split_scopes(f"fine {text}")
