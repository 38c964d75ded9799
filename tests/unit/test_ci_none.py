"""No CI system: the env file, or `print`."""

from pathlib import Path

from pipe.ci.none import NoCi
from tests.unit.conftest import Written
from tests.unit.samples import export


def test_nothing_is_detected_as_no_ci() -> None:
    """It is what is left when all others said no."""
    assert not NoCi.detect({})
    assert not NoCi.detect({"CI": "true"})


def test_a_container_s_user_learns_of_the_two_other_ways(written: Written, tmp_path: Path) -> None:
    """A file in a container that is thrown away helps nobody."""
    lines = NoCi({}, written.log, tmp_path).export(export())

    assert "-v" in lines[-1]
    assert "--print sh" in lines[-1]
    assert (tmp_path / ".bitbucket-token" / "env").exists()


def test_nothing_can_be_masked(written: Written, tmp_path: Path) -> None:
    """So nothing is printed to that end: it would be the very thing to hide."""
    NoCi({}, written.log, tmp_path).mask(["s3cret"])

    assert written.lines + written.failures == []
