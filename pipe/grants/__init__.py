"""How a token is got: one file for each grant, named as in the input `grant`, which ends in `GRANT`."""

from pipe.grants.grant import Grant
from pipe.inputs.plugins import Plugins

_GRANTS: Plugins[Grant] = Plugins(__name__, __file__, "GRANT", others=("grant", "oauth", "giving_back"))

names = _GRANTS.names
called = _GRANTS.called
