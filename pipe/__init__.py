"""A CI step that turns a Bitbucket consumer key and secret into a masked bearer token."""
