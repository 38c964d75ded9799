"""The same with requests-oauthlib, as its documentation's "Backend Application Flow" does it."""

import os

from oauthlib.oauth2 import BackendApplicationClient  # type: ignore[import-untyped]
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

session = OAuth2Session(client=BackendApplicationClient(client_id=os.environ["CONSUMER_KEY"]))
token = session.fetch_token(
    token_url=os.environ["TOKEN_URL"],
    client_id=os.environ["CONSUMER_KEY"],
    client_secret=os.environ["CONSUMER_SECRET"],
)
print(token["access_token"])
