"""What the program does when the first word of its command line says so: one file or folder a word, ending in `VERB`.

Without such a word the program gets a token (`pipe.run`).
"""

from pipe.inputs.plugins import Plugins
from pipe.verbs.verb import Verb

_VERBS: Plugins[Verb] = Plugins(__name__, __file__, "VERB", others=("verb",))

names = _VERBS.names
called = _VERBS.called
