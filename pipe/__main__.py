"""`python -m pipe`."""

from pipe.cli import entry

entry()
