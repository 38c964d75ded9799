"""All that a run prints is redacted, harmless, and written at once."""

import errno
from io import StringIO
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.redaction.log import Log
from pipe.redaction.secret import Secret, forms
from tests.oracle import Oracle
from tests.unit.conftest import Written

SECRET = "hunter2-correct/horse"


def test_lines_and_failures_have_a_stream_each(written: Written) -> None:
    """What went well and what did not can be told apart."""
    written.log.line("fine")
    written.log.failure("not fine")

    assert (written.lines, written.failures) == (["fine"], ["not fine"])


@given(
    st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40), st.sampled_from(forms(Secret(SECRET)))
)
def test_no_line_shows_a_secret_or_commands_the_runner(before: str, after: str, form: str) -> None:
    """Whoever writes it, and wherever its pieces came from, it is one line, and harmless."""
    written = Written()
    written.log.hide(forms(Secret(SECRET)))
    text = before + form + after

    written.log.line(text)
    written.log.failure(text)

    for stream in (written.out, written.err):
        Oracle([SECRET]).check("the log", stream.getvalue())
        assert stream.getvalue().count("\n") == 1
        assert not any(command in stream.getvalue() for command in ("::", "##[", "##vso[", "##teamcity["))


def test_what_is_hidden_later_is_replaced_in_order_of_length(written: Written) -> None:
    """A short form must not spoil a longer one, whichever came first."""
    written.log.hide(["horse"])
    written.log.hide(["correct horse battery"])
    written.log.line("correct horse battery, horse")

    assert written.lines == ["***, ***"]
    assert written.log.masks == ("correct horse battery", "horse")


def test_debug_lines_are_written_on_demand(written: Written) -> None:
    """They are as clean as others."""
    written.log.hide([SECRET])
    written.log.debug("unseen")
    written.log.debugging = True
    written.log.debug(f"sent {SECRET}")

    assert written.lines == ["debug: sent ***"]


def test_a_command_is_written_as_it_is(written: Written) -> None:
    """Only the CI system reads it: a mask command has to hold the secret."""
    written.log.hide([SECRET])
    written.log.command(f"::add-mask::{SECRET}")

    assert [f"::add-mask::{SECRET}"] == written.lines


class GoneAway(StringIO):
    """A reader that has ended."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe", len(text))


class Unflushed(StringIO):
    """A stream that keeps what it gets until it is flushed."""

    flushed = ""

    def flush(self) -> None:
        self.flushed = self.getvalue()


def closed() -> TextIO:
    stream = StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [GoneAway(), closed()], ids=["gone", "closed"])
def test_lines_for_nobody_are_no_reason_to_fail_but_commands_are(stream: TextIO) -> None:
    """Without a reader there is no log to look at; without a mask there would be one with a secret."""
    log = Log(stream, stream)
    log.line("unread")
    log.failure("unread")

    with pytest.raises((OSError, ValueError)):
        log.command("::add-mask::x")


def test_each_line_is_flushed() -> None:
    """Lines of this program and of others stand in the order they were written."""
    stream = Unflushed()
    log = Log(stream, stream)
    log.line("one")
    assert stream.flushed == "one\n"
    log.failure("two")
    assert stream.flushed == "one\ntwo\n"
    log.command("::three::")
    assert stream.flushed == "one\ntwo\n::three::\n"
