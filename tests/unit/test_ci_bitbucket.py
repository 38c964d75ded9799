"""Bitbucket Pipelines: the env file in the clone directory."""

from pathlib import Path

import pytest

from pipe import ci as systems
from pipe.ci.bitbucket import BitbucketPipelines
from tests.unit.conftest import Written
from tests.unit.environments import BITBUCKET
from tests.unit.samples import export


@pytest.mark.parametrize("name", ["BITBUCKET_PIPELINE_UUID", "BITBUCKET_BUILD_NUMBER"])
def test_it_is_known_by_what_every_step_has(name: str) -> None:
    """Either variable will do."""
    assert BitbucketPipelines.detect({name: BITBUCKET[name]})
    assert not BitbucketPipelines.detect({**BITBUCKET, "BITBUCKET_PIPELINE_UUID": "", "BITBUCKET_BUILD_NUMBER": ""})


def test_the_env_file_stands_where_the_script_sees_it(written: Written, tmp_path: Path) -> None:
    """A pipe runs in a container of its own, and shares the clone directory with the step."""
    clone = tmp_path / "clone"
    clone.mkdir()
    system = BitbucketPipelines({**BITBUCKET, "BITBUCKET_CLONE_DIR": str(clone)}, written.log, tmp_path)

    system.export(export())

    assert system.default_file() == clone / ".bitbucket-token" / "env"
    assert (clone / ".bitbucket-token" / "env").exists()
    assert not (tmp_path / ".bitbucket-token").exists()


@pytest.mark.parametrize("clone", [{}, {"BITBUCKET_CLONE_DIR": ""}])
def test_without_a_clone_directory_it_is_the_working_directory(
    clone: dict[str, str], written: Written, tmp_path: Path
) -> None:
    """A pipe is started in it."""
    system = BitbucketPipelines(clone, written.log, tmp_path)

    assert system.default_file() == tmp_path / ".bitbucket-token" / "env"


def test_nothing_can_be_masked(written: Written, tmp_path: Path) -> None:
    """Only secured variables are; the env file brings its own filter."""
    BitbucketPipelines(BITBUCKET, written.log, tmp_path).mask(["s3cret"])

    assert written.lines == []


def test_only_here_a_pipeline_runs_for_a_repository_of_bitbucket(written: Written, tmp_path: Path) -> None:
    """Its name is what Bitbucket says; elsewhere a variable of that name is somebody else's."""
    env = {**BITBUCKET, "BITBUCKET_REPO_FULL_NAME": "team/hello"}

    assert BitbucketPipelines(env, written.log, tmp_path).repository() == "team/hello"
    assert BitbucketPipelines({}, written.log, tmp_path).repository() == ""
    for name in set(systems.names()) - {"bitbucket"}:
        assert systems.called(name)(env, written.log, tmp_path).repository() == ""
