"""A CI step that turns a Bitbucket consumer key and secret into a masked bearer token."""

VERSION = "1.0.0"
"""Which version this is; nothing else says it."""
