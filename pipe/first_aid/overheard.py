"""The way to a server, with an ear to what each answer says beside its content."""

import time
from collections.abc import Mapping

import requests

from pipe.deadline import Deadline
from pipe.http import Answer, Http


class Overheard(Http):
    """Keeps the answers of one check, and the moment of each, in seconds since 1970 by this machine's clock."""

    def __init__(self, deadline: Deadline, *, timeout: float, ca_file: str, env: Mapping[str, str]) -> None:
        super().__init__(deadline, timeout=timeout, ca_file=ca_file, env=env)
        self.heard: list[tuple[float, Answer]] = []

    def exchange(self, request: requests.Request) -> Answer:
        """Send one request as `Http` does."""
        answer = super().exchange(request)
        self.heard.append((time.time(), answer))
        return answer
