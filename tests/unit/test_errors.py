"""One class for each exit code, and three parts for each failure."""

import pytest

from pipe import errors
from pipe.errors import (
    AnswerError,
    ExportError,
    InputError,
    MissingInputError,
    PipeError,
    RefusedError,
    UnfitTokenError,
    UnreachableError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (InputError, 2),
        (RefusedError, 3),
        (UnreachableError, 4),
        (AnswerError, 5),
        (UnfitTokenError, 6),
        (ExportError, 7),
    ],
)
def test_each_class_has_its_exit_code(kind: type[PipeError], code: int) -> None:
    """Those of the contract, and a title each."""
    error = kind("What.", "Why.", "Now.")

    assert error.exit_code == code
    assert (error.what, error.why, error.now) == ("What.", "Why.", "Now.")
    assert (error.again, error.retry_after) == (False, None)
    assert str(error) == "What."


def test_titles_and_codes_tell_the_classes_apart() -> None:
    """A script looks at the one, a person at the other."""
    kinds = PipeError.__subclasses__()

    assert len({kind.title for kind in kinds}) == len({kind.exit_code for kind in kinds}) == len(kinds)
    assert all(kind.__module__ == errors.__name__ for kind in kinds)


def test_a_missing_input_is_a_wrong_one() -> None:
    """It names input and variable, and a CI system may know a better reason."""
    error = MissingInputError("consumer-key", "CONSUMER_KEY")
    explained = error.because("A fork.", "Skip it.")

    assert error.exit_code == 2
    assert "consumer-key or CONSUMER_KEY" in error.now
    assert isinstance(explained, MissingInputError)
    assert str(explained) == str(error)
    assert (explained.what, explained.why, explained.now) == ("consumer-key is missing.", "A fork.", "Skip it.")
