"""What a server says is shown as one harmless line without secrets."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.redaction.log import LONGEST, harmless, show
from pipe.redaction.secret import Secret, forms

SECRET = "hunter2-correct/horse"
MASKS = forms(Secret(SECRET), key="key")
COMMANDS = ("::", "##[", "##vso[", "##teamcity[")

# Pieces that a hostile server would use, and every character there is, lone surrogates included.
pieces = st.one_of(
    st.sampled_from([*COMMANDS, ":", "#", "[", SECRET, *MASKS, "\x1b[31m", "\r\n", "\n", "\x00", "\x9b", "\u2028"]),
    st.text(st.characters(), max_size=10),
)
said = st.lists(pieces, max_size=30).map("".join)


@given(said)
@example(f"{SECRET[:4]}\x00{SECRET[4:]}")
@example("#" * 50 + "[:::::")
def test_whatever_a_server_says_becomes_one_harmless_line(text: str) -> None:
    """No control character, no workflow command, no form of a secret, at most 200 characters."""
    shown = show(text, MASKS)

    assert len(shown) <= LONGEST == 200
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in shown)
    assert not any(command in shown for command in COMMANDS)
    assert not any(form in shown for form in MASKS)


@given(
    st.sampled_from(MASKS), st.sampled_from("\x00\x07\x08\x1b\r\n\x7f\x85\xad\u200b\u202e\u2028\ufeff\ud800"), st.data()
)
def test_a_secret_padded_with_control_characters_does_not_come_together(
    form: str, padding: str, data: st.DataObject
) -> None:
    """Control characters become visible; they do not vanish and leave the secret behind."""
    at = data.draw(st.integers(1, len(form) - 1))

    shown = show(form[:at] + padding + form[at:], MASKS)

    assert form not in shown
    assert shown == "***" or "\N{REPLACEMENT CHARACTER}" in shown


@given(st.sampled_from(MASKS), st.integers(0, 250))
def test_the_cut_leaves_no_part_of_a_secret(form: str, before: int) -> None:
    """Secrets are taken out first: the end of what is shown is never the beginning of one."""
    shown = show("." * before + form + "!" * 300, MASKS)

    assert form[:4] not in shown


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=LONGEST))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    """Nobody has to guess what the server said."""
    assert text == show(text, ())


@pytest.mark.parametrize("text", ["Schlüssel ungültig", "鍵が無効です", "clé — «secret» invalide…"])
def test_other_languages_are_shown_as_they_are(text: str) -> None:
    """Servers speak the language of those who run them."""
    assert text == show(text, ())


def test_commands_stay_readable() -> None:
    """They are split by a space, not swallowed."""
    assert show("::set-env name=A::b ##[error]no", ()) == ": :set-env name=A: :b # #[error]no"


def test_a_long_text_ends_in_dots() -> None:
    """A reader sees that there was more."""
    assert show("x" * 201, ()) == "x" * 197 + "..."
    assert harmless("x" * 201, ()) == "x" * 201


def test_a_secret_of_another_alphabet_leaves_other_texts_alone() -> None:
    """What a server says of something else is shown."""
    assert show("Invalid client", forms(Secret("秘密の鍵秘密の鍵秘密の鍵秘密の鍵"))) == "Invalid client"


def test_a_replacement_character_does_not_complete_a_secret() -> None:
    """Secrets are looked for again once control characters have become visible."""
    assert show("one\x00two", ["one\N{REPLACEMENT CHARACTER}two"]) == "***"
