"""Which CI system a run is on, and what all of them have in common."""

from pathlib import Path

import pytest

from pipe import ci
from pipe.ci.system import CiSystem
from pipe.errors import InputError, MissingInputError
from tests.unit.conftest import Written
from tests.unit.environments import SAMPLES
from tests.unit.samples import TOKEN, export


@pytest.mark.parametrize(("name", "env"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_exactly_one_system_detects_each_environment(name: str, env: dict[str, str]) -> None:
    """None of them has to be asked first; what none detects is no known CI system."""
    detecting = [each for each in ci.names() if ci.called(each).detect(env)]

    assert detecting == ([] if name == "none" else [name])
    assert ci.detect(env).name == name


@pytest.mark.parametrize(("name", "env"), SAMPLES[:4], ids=[name for name, _ in SAMPLES[:4]])
def test_a_variable_that_is_empty_says_nothing(name: str, env: dict[str, str]) -> None:
    """A container is handed empty texts for what is not set."""
    assert ci.detect(dict.fromkeys(env, "")).name == "none", name


def test_the_systems_are_those_of_the_files() -> None:
    """In the order of the alphabet, each under the name that the `ci` input gives it."""
    assert {"bitbucket", "forgejo", "gitea", "github", "none"} <= set(ci.names())
    assert list(ci.names()) == sorted(set(ci.names()))


@pytest.mark.parametrize("name", ci.names())
def test_each_file_keeps_the_contract(name: str) -> None:
    """Its name, a title, and a sentence on what it is."""
    system = ci.called(name)

    assert issubclass(system, CiSystem)
    assert system.name == name
    assert system.title
    assert (system.__doc__ or "").endswith(".")
    assert system.file_channels <= set(system.channels)


@pytest.mark.parametrize("name", ci.names())
def test_no_system_falls_over_an_environment(name: str, written: Written, tmp_path: Path) -> None:
    """Not even when it is named though it is not the one."""
    system = ci.called(name)({}, written.log, tmp_path)

    assert isinstance(system.default_file(), Path)
    explained = system.explain_missing(MissingInputError("consumer-secret", "CONSUMER_SECRET"))
    assert explained.what == "consumer-secret is missing."
    assert explained.why
    assert explained.now


@pytest.mark.parametrize("name", ci.names())
def test_a_channel_that_a_system_has_not_is_refused(name: str, written: Written, tmp_path: Path) -> None:
    """The failure names those that there are."""
    system = ci.called(name)({}, written.log, tmp_path)
    system.check_channel("")

    with pytest.raises(InputError, match="channel smoke-signals does not exist") as caught:
        system.check_channel("smoke-signals")

    assert all(channel in caught.value.now for channel in system.channels)


def test_without_a_way_of_its_own_a_system_writes_the_env_file(written: Written, tmp_path: Path) -> None:
    """And tells the line that loads it, relative to where the script runs."""
    lines = CiSystem({}, written.log, tmp_path).export(export())

    assert lines[0].startswith("Wrote BITBUCKET_ACCESS_TOKEN to ./.bitbucket-token/env")
    assert "    . ./.bitbucket-token/env" in lines
    assert any("***" in line for line in lines)
    assert TOKEN in (tmp_path / ".bitbucket-token" / "env").read_text(encoding="utf-8")
    assert not any(TOKEN in line for line in lines)


def test_the_env_file_goes_where_the_user_says(written: Written, tmp_path: Path) -> None:
    """Wherever that is; the line that loads it is one for a shell."""
    (tmp_path / "a b").mkdir()
    inside = CiSystem({}, written.log, tmp_path).export(export(output_file=Path("a b/env")))
    outside = CiSystem({}, written.log, tmp_path / "elsewhere").export(export(output_file=tmp_path / "a b" / "env"))

    assert "    . './a b/env'" in inside
    assert f"    . '{tmp_path}/a b/env'" in outside


def test_a_log_that_is_not_filtered_is_not_promised_to_be(written: Written, tmp_path: Path) -> None:
    """`mask-log: false` leaves the shell alone."""
    lines = CiSystem({}, written.log, tmp_path).export(export()._replace(mask_log=False))

    assert not any("***" in line for line in lines)


def test_a_failure_is_three_lines(written: Written, tmp_path: Path) -> None:
    """What happened, why it usually does, what to do now."""
    CiSystem({}, written.log, tmp_path).fail(InputError("What.", "Because.", "Do."))

    assert (written.lines, written.failures) == ([], ["✖ What.", "  Why: Because.", "  Now: Do."])
