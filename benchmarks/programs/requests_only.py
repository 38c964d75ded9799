"""The same post with nothing but requests imported: what a script without retries and env files could do."""

import os

import requests

response = requests.post(
    os.environ["TOKEN_URL"],
    data={"grant_type": "client_credentials"},
    auth=(os.environ["CONSUMER_KEY"], os.environ["CONSUMER_SECRET"]),
    timeout=10,
)
response.raise_for_status()
print(response.json()["access_token"])
