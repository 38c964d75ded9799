"""The server that all programs ask: the Bitbucket stand-in, whose own process keeps its work out of the figures."""

import json
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Server(NamedTuple):
    """Where the server is, and who may ask."""

    variables: Mapping[str, str]
    """What a program needs to get a token: the address, key and secret, and the authority to trust."""
    control_url: str
    proxy: Mapping[str, str]
    """What leads a program to the server when it asks for Bitbucket's own hosts."""

    def tokens(self) -> int:
        """How many tokens it has handed out."""
        with urllib.request.urlopen(f"{self.control_url}/tokens") as answer:  # noqa: S310 - http, on this machine
            return len(json.load(answer))


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """Run the stand-in, with more options, while the block lasts; it leaves its files in `folder`."""
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", "--directory", str(folder), *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _server(process, folder)
        finally:
            process.terminate()


def _server(process: subprocess.Popen[str], folder: Path) -> Server:
    for line in process.stdout or ():
        if line.startswith("#"):
            break
    words = shlex.split((folder / "environment").read_text())
    said = dict(word.split("=", 1) for word in words)
    names = ("CONSUMER_KEY", "CONSUMER_SECRET", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
    variables = {name: said[name] for name in names}
    variables["TOKEN_URL"] = f"{said['SANDBOX_URL']}/site/oauth2/access_token"
    proxy = {name: said[name] for name in ("HTTPS_PROXY", "https_proxy")}
    return Server(variables, said["SANDBOX_CONTROL_URL"], proxy)
