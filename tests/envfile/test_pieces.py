"""A token that programs cut into pieces: a line shows at most 15 characters of it in a row, in whatever encoding."""

import random
import shlex
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.envfile.shells import NAME, Ran, Shell, Tools, env_file
from tests.envfile.ways import WAYS
from tests.oracle import Oracle
from tests.parts import need

_chance = random.Random(2026)  # noqa: S311 - no secret
# As Bitbucket makes them since 2026: long, with characters that programs break lines at.
TOKEN = "ATCTT3xFfGN0" + "".join(_chance.choices(string.ascii_letters + string.digits + "-_.=", k=1300)) + "=8A7C1F02"
SHORT = "ATCTT3xFfGN0" + "".join(_chance.choices(string.ascii_letters + string.digits + "-_", k=80)) + "=8A7C1F02"

# Where the programs come from is said in `tests.parts`.
CUT: dict[str, str] = {
    "base64 of 76 columns": 'printf %s "$T" | base64',
    "base64 of a line": 'echo "$T" | base64',
    "base64 of a header's text": 'printf "x-token-auth:%s" "$T" | base64',
    "base64 of what has it in its midst": 'printf \'{"a": "%s", "b": 1}\' "$T" | base64 -w 100',
    "openssl": 'printf %s "$T" | openssl base64',
    "openssl, of a line": 'printf "user:%s\\n" "$T" | openssl base64',
    "python": "python3 -c \"import base64, os, sys; sys.stdout.buffer.write(base64.encodebytes(os.environb[b'T']))\"",
    "fold": 'echo "$T" | fold -w 80',
    "fold to 16 columns": 'echo "$T" | fold -w 16',
    "fold of base64": 'printf %s "$T" | base64 -w 0 | fold -w 33',
    "fmt": 'echo "$T" | sed "s/[.=]/ /g" | fmt -w 60',
    "a table": 'echo "$T" | fold -w 40 | sed "s/.*/| & |/"',
    "a table of the bare pieces": 'echo "$T" | fold -w 40 | sed "s/.*/|&|/"',
    "quotes and commas": 'echo "$T" | fold -w 72 | sed "s/.*/x=\'&\', y/"',
    "lines at full stops": 'echo "$T" | tr . "\\n"',
    "lines at equals signs": 'echo "$T" | tr = "\\n"',
    "columns": 'echo "$T" | column -t -s =',
    "colours": 'echo "$T" | grep --color=always =',
    "JSON of Gson": 'echo "$T" | sed "s/=/\\\\\\\\u003d/g"',
    "percent signs": 'echo "$T" | sed "s/=/%3D/g; s/[.]/%2E/g"',
    "a trace": 'set -x; wrapped=$(printf %s "$T" | base64); : "$wrapped"; set +x',
    "a trace of words": 'set -x; : $(printf %s "$T" | fold -w 60); set +x',
    "two tokens": 'printf "%s%s\\n%s %s\\n" "$T" "$T" "$T" "$T"',
}


def check(ran: Ran, token: str) -> None:
    """Fail if either stream shows more of the token than that."""
    oracle = Oracle([token])
    oracle.check_pieces("standard output", ran.out)
    oracle.check_pieces("standard error", ran.err)


@pytest.mark.parametrize("token", [TOKEN, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("cut", CUT)
def test_no_piece_shows(bash: Shell, work: Path, cut: str, token: str) -> None:
    """Whatever breaks the token, or an encoding of it, into lines, words or columns."""
    for part in ("openssl", "column"):
        if part in CUT[cut]:
            need(part)
    script = f'{env_file(work / "env", token)}\nexport T="${NAME}"\n{CUT[cut]}\n{CUT[cut]} >&2'
    ran = bash.run(script, cwd=work, hidden=token)
    assert b"***" in ran.out + ran.err
    check(ran, token)


@pytest.mark.parametrize("cut", ["base64 of 76 columns", "openssl", "fold", "lines at full stops", "a table"])
@pytest.mark.parametrize("name", ["gawk", "busybox", "mawk and GNU sed", "original-awk and GNU sed"])
def test_no_piece_shows_without_perl(bash: Shell, tools: Tools, work: Path, name: str, cut: str) -> None:
    """Each awk knows the pieces as well."""
    WAYS[name](tools)
    need("openssl")
    # What cuts is no part of the image that masks.
    (work / "cut").write_text(f"export PATH=/usr/bin:/bin\n{CUT[cut]}\n")
    script = f'{env_file(work / "env", TOKEN)}\nexport T="${NAME}"\n/bin/sh ./cut'
    ran = bash.run(script, cwd=work, env=tools.env, hidden=TOKEN)
    assert b"***" in ran.out
    check(ran, TOKEN)


def test_the_check_finds_what_is_not_filtered(bash: Shell, work: Path) -> None:
    """Of all of these the token can be put together again, in part or as a whole, where nothing masks."""
    need("openssl"), need("column")
    for cut in CUT.values():
        script = f"export T={shlex.quote(TOKEN)}\n{cut}"
        ran = bash.run(script, cwd=work, hidden=None)
        with pytest.raises(AssertionError, match="pieces of 16 bytes leaked"):
            check(ran, TOKEN)


@pytest.mark.parametrize("option", ["--trace-ascii -", "-v"])
@pytest.mark.parametrize("who", ['-H "Authorization: Bearer $T"', '-u "x-token-auth:$T"'])
def test_no_piece_shows_in_a_trace_of_curl(bash: Shell, work: Path, option: str, who: str) -> None:
    """Such a trace breaks the header into 64 columns, with offsets before them."""
    need("curl")
    with _server() as url:
        script = f'{env_file(work / "env", TOKEN)}\nT="${NAME}"\ncurl -s --noproxy "*" {option} {who} {url}'
        ran = bash.run(script, cwd=work, hidden=TOKEN)
    assert ran.status == 0
    assert b"Authorization" in ran.out + ran.err
    check(ran, TOKEN)


def test_other_long_words_are_left_alone(bash: Shell, work: Path) -> None:
    """A log full of checksums, addresses and base64 comes out as it went in."""
    chance = random.Random(11)  # noqa: S311 - no secret
    words = ["".join(chance.choices(string.ascii_letters + string.digits + "+/=-_.%", k=70)) for _ in range(5000)]
    (work / "text").write_text("\n".join([*words, TOKEN[:15], TOKEN[100:115], "eC10b2tlbi1h"]) + "\n")
    ran = bash.run(f"{env_file(work / 'env', TOKEN)}\ncat text", cwd=work, hidden=TOKEN)
    assert ran.out == (work / "text").read_bytes()


@contextmanager
def _server() -> Iterator[str]:
    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
