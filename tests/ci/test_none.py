"""No CI system, or one without a file of its own."""

from pathlib import Path

from tests.ci.contract import CiContract


class TestNoCi(CiContract):
    """The env file in the working directory."""

    name = "none"

    def environment(self, root: Path) -> dict[str, str]:
        """Nothing that any system sets."""
        return {}
