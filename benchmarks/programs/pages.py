"""A list to its end with requests: a session, and each value printed as a line of JSON."""

import json
import os
import sys

import requests

with requests.Session() as session:
    session.headers["Authorization"] = f"Bearer {os.environ['BITBUCKET_ACCESS_TOKEN']}"
    url = sys.argv[1]
    while url:
        response = session.get(url, timeout=10)
        response.raise_for_status()
        page = response.json()
        for value in page["values"]:
            print(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        url = page.get("next")
