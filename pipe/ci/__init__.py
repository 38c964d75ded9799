"""Where the token goes: one file for each CI system, which ends in `SYSTEM`."""

from collections.abc import Mapping

from pipe.ci.system import CiSystem
from pipe.inputs.plugins import Plugins

_SYSTEMS: Plugins[type[CiSystem]] = Plugins(__name__, __file__, "SYSTEM", others=("system", "command_file"))
_FALLBACK = "none"

names = _SYSTEMS.names
called = _SYSTEMS.called


def detect(env: Mapping[str, str]) -> type[CiSystem]:
    """Return the one system whose variables are in `env`, or the one that stands for none."""
    for name in names():
        if name != _FALLBACK and (system := called(name)).detect(env):
            return system
    return called(_FALLBACK)
