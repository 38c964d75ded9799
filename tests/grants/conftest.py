"""What the tests of grants share."""

import pytest

from tests.grants.center import Center
from tests.program import World


@pytest.fixture
def center(world: World) -> Center:
    return Center(world)
