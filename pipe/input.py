"""What one row of the table of inputs says."""

from typing import NamedTuple


class Input(NamedTuple):
    """One input: its name in kebab case, what it means to a user, and how it is read."""

    name: str
    meaning: str
    default: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other environment variables that give it, weaker than its own."""
    secret: bool = False
    flag: bool = False
    own_variable: bool = True
    """Whether the bare upper-case name gives it too. `CI` does not: every CI sets that to something else."""
    grants: tuple[str, ...] = ()
    """The grants that use it, where not all do; for the others, its bare name belongs to somebody else's variable."""
    client_auths: tuple[str, ...] = ()
    """The values of `client-auth` that use it, beside `grants`."""
    names_server: bool = False
    """Whether it decides who gets the secrets. Where a runner declares the input, even as empty, only that counts: an
    `ISSUER` or `TOKEN_URL` that a job has for something else must not send them there."""

    @property
    def variable(self) -> str:
        """The environment variable of this input, for instance `CONSUMER_KEY`."""
        return self.name.upper().replace("-", "_")
