"""The same as a pipe on Atlassian's bitbucket-pipes-toolkit, as its README's example is built."""

import requests
from bitbucket_pipes_toolkit import Pipe  # type: ignore[import-not-found]

SCHEMA = {
    "CONSUMER_KEY": {"type": "string", "required": True},
    "CONSUMER_SECRET": {"type": "string", "required": True},
    "TOKEN_URL": {"type": "string", "required": True},
}


class TokenPipe(Pipe):  # type: ignore[misc]
    """A pipe that gets a token and writes it for the next line of the script."""

    def run(self) -> None:
        """Post, and print the token."""
        super().run()
        response = requests.post(
            self.get_variable("TOKEN_URL"),
            data={"grant_type": "client_credentials"},
            auth=(self.get_variable("CONSUMER_KEY"), self.get_variable("CONSUMER_SECRET")),
            timeout=10,
        )
        response.raise_for_status()
        print(response.json()["access_token"])
        self.success(message="Got a token.")


TokenPipe(pipe_metadata={"name": "token"}, schema=SCHEMA).run()
