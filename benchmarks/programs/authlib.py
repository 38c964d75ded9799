"""The same with Authlib's session for requests."""

import os

from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

session = OAuth2Session(os.environ["CONSUMER_KEY"], os.environ["CONSUMER_SECRET"])
token = session.fetch_token(os.environ["TOKEN_URL"], grant_type="client_credentials")
print(token["access_token"])
