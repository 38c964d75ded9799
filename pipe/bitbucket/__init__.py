"""What only Bitbucket does: the REST APIs of Cloud and Data Center, their errors, and what they make of a token."""
