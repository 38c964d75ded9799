"""A run of the grant `http_access_token` against the stand-in's Data Center, and what it left there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.data_center import DataCenter, HttpToken
from tests.program import Outcome, World, run_program

OWN = "users/build.bot_example.com"
"""The path of the pipeline's user: its slug is not its name."""
CONTEXT = "/bitbucket"
TOKENS = f"{CONTEXT}/rest/access-tokens/latest/{OWN}"
"""The address of its tokens, as faults name it."""
NAME = "the-token"


@dataclass(frozen=True)
class Center:
    """The Data Center below its context path."""

    world: World

    @property
    def server(self) -> DataCenter:
        """The stand-in itself."""
        return self.world.sandbox.data_center

    @property
    def by_password(self) -> dict[str, str]:
        """What authorises by password."""
        return {"USERNAME": self.server.bot.name, "PASSWORD": self.server.bot.password}

    @property
    def by_link(self) -> dict[str, str]:
        """What authorises by application link."""
        return {"CONSUMER_KEY": self.server.link.consumer_key, "PRIVATE_KEY": self.server.link.pem}

    @property
    def tokens(self) -> list[HttpToken]:
        """The user's tokens, the newest first."""
        return self.server.tokens.of(OWN)

    def named(self, name: str = NAME) -> list[HttpToken]:
        """Those with that name."""
        return [token for token in self.tokens if token.name == name]

    def run(self, *arguments: str, secrets: Sequence[str] = (), **variables: str) -> Outcome:
        """Run the program; by password, and with a name for the token, unless `variables` say otherwise."""
        authorised = {"PASSWORD", "ACCESS_TOKEN", "PRIVATE_KEY", "PRIVATE_KEY_FILE"} & set(variables)
        env = {
            "GRANT": "http_access_token",
            "BASE_URL": self.world.sandbox.url + CONTEXT,
            "TOKEN_NAME": NAME,
            **({} if authorised else self.by_password),
            **variables,
        }
        given = {name: value for name, value in env.items() if value}
        return run_program(self.world, *arguments, env=given, secrets=secrets)


def asked(outcome: Outcome) -> list[str]:
    """Method and path of each request, below the context path and without what is the same in all of them."""
    return [
        f"{request.method} {request.path.removeprefix(CONTEXT).replace('/rest/access-tokens/latest', '')}"
        for request in outcome.requests
    ]
