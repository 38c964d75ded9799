"""The least a script can do with the packages that the program uses: post, and print the token."""

import os

import dotenv  # noqa: F401 - imported as in the program, and as idle
import requests
import tenacity  # noqa: F401

response = requests.post(
    os.environ["TOKEN_URL"],
    data={"grant_type": "client_credentials"},
    auth=(os.environ["CONSUMER_KEY"], os.environ["CONSUMER_SECRET"]),
    timeout=10,
)
response.raise_for_status()
print(response.json()["access_token"])
