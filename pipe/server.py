"""The endpoints of one OAuth 2.0 server."""

from typing import NamedTuple


class Server(NamedTuple):
    """The URLs of its endpoints; empty for one that it lacks, or that nobody named."""

    token_endpoint: str
    revocation_endpoint: str = ""
