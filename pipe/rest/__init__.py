"""Requests to Bitbucket's REST API on a user's behalf: addresses, bodies, pages, several at once, and their pace."""
