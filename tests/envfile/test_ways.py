"""Each way to mask a log: what it masks, that it loses nothing, and that it does not wait."""

import os
import random
import select
import string
from pathlib import Path

import pytest

from pipe.redaction.secret import Secret, forms, redact
from tests.envfile.shells import NAME, TOKEN, Shell, Tools, env_file
from tests.envfile.ways import KNOW_NO_PIECES, LOSE_WHAT_IS_BEHIND_NUL, masked

LONG_TOKEN = "ATCTT3x" + "".join(random.Random(3).choices(string.ascii_letters + string.digits + "-_.=", k=1400))  # noqa: S311 - no secret


def test_each_way_masks_a_token_of_any_characters(bash: Shell, way: str, tools: Tools, work: Path) -> None:
    """They agree on what is masked, but for one that knows no pieces."""
    load = env_file(work / "env")
    masks = forms(Secret(TOKEN))
    text = "".join(f"a{form}b{form}{form}\n{form[:-1]}\n{form[20:]}{form[:15]}\n" for form in masks)
    (work / "text").write_text(text)
    ran = bash.run(f"{load}\ncat text", cwd=work, env=tools.env)
    expected = redact(text, masks).encode() if way in KNOW_NO_PIECES else masked(text.encode(), masks)
    assert ran.out == expected
    assert (ran.status, ran.err) == (0, b"")


def test_each_way_masks_what_is_cut_out_of_a_form(bash: Shell, way: str, tools: Tools, work: Path) -> None:
    """Pieces of every length, from every place of a form, next to each other and to other text."""
    chance = random.Random(5)  # noqa: S311 - no secret
    masks = forms(Secret(LONG_TOKEN))
    text = ""
    for _ in range(600):
        form = chance.choice(masks)
        start = chance.randrange(len(form))
        piece = form[start : start + chance.choice((8, 15, 16, 17, 40, 76, 2000))]
        text += piece + chance.choice(("", "", "\n", "\n\n", " ", "=", "|", "A", "/usr/lib/x86_64-linux-gnu/"))
    (work / "text").write_text(text)
    load = env_file(work / "env", LONG_TOKEN)
    ran = bash.run(f"{load}\ncat text", cwd=work, env=tools.env, hidden=LONG_TOKEN)
    assert ran.out == (redact(text, masks).encode() if way in KNOW_NO_PIECES else masked(text.encode(), masks))
    assert (ran.status, ran.err) == (0, b"")


def test_each_way_masks_within_a_long_line(bash: Shell, way: str, tools: Tools, work: Path) -> None:
    """Wherever a filter takes a break in reading or in looking, at every shift against what it counts in."""
    chance = random.Random(9)  # noqa: S311 - no secret
    pieces = []
    for at in range(400):
        filling = "".join(chance.choices(":,; ", k=chance.randrange(5900, 6100) if at % 40 else 65_400 + at))
        pieces += [filling, LONG_TOKEN if way in KNOW_NO_PIECES else LONG_TOKEN[at : at + 16]]
    (work / "text").write_text("".join(pieces) + LONG_TOKEN * 300)
    load = env_file(work / "env", LONG_TOKEN)
    ran = bash.run(f"{load}\ncat text", cwd=work, env=tools.env, hidden=LONG_TOKEN)
    assert ran.out.decode() == "".join("***" if at % 2 else piece for at, piece in enumerate(pieces)) + "***" * 300


def test_each_way_knows_where_its_log_ends(bash: Shell, way: str, tools: Tools, work: Path) -> None:  # noqa: ARG001
    """What looks like the mark that stands there comes out like all else, even as the last."""
    load = env_file(work / "env")
    mark = (work / "env").read_text().partition("__bitbucket_token_id=")[2][:16]
    content = f"{mark}\nx{mark}\n{mark}x\n\n{mark}{mark}\nx\n{mark}\n{mark}"
    (work / "text").write_text(content)
    assert bash.run(f"{load}\ncat text", cwd=work, env=tools.env).out.decode() == content


def test_each_way_loses_no_byte(bash: Shell, way: str, tools: Tools, work: Path) -> None:
    """Bytes that are no text, NUL, a line of 10 MB and a last line without its end come out as they went in.

    The long line goes to one stream: mawk takes some ten seconds to read it.
    """
    chance = random.Random(7)  # noqa: S311 - no secret
    content = b"x\0y\n\1\2\1\3\0\n\0\n\n\0\0x\n" + bytes(range(256)) * 40 + b"\n" + chance.randbytes(100_000)
    content += b"\r\nno end"
    if way in LOSE_WHAT_IS_BEHIND_NUL:
        content = content.replace(b"\0", b"")
    (work / "bytes").write_bytes(content)
    long = b"0123 /usr/lib/a-path \xff\xfe " * 430_000 + b"\n"
    (work / "long").write_bytes(long)
    load = env_file(work / "env", LONG_TOKEN)
    script = f"{load}\ncat long bytes; printf '%s' ${NAME}; cat bytes >&2"
    ran = bash.run(script, cwd=work, env=tools.env, hidden=None)
    assert ran.out == long + content + b"***"
    assert ran.err == content


@pytest.mark.parametrize("content", [b"", b"\n", b"\0", b"a\0", b"\0\n", b"a", b"a\n\n", b"\n\0"])
def test_each_way_keeps_the_end_of_the_log(bash: Shell, way: str, tools: Tools, work: Path, content: bytes) -> None:
    """Whatever the last byte is, it is the last that comes out."""
    if way in LOSE_WHAT_IS_BEHIND_NUL:
        content = content.replace(b"\0", b"")
    (work / "bytes").write_bytes(content)
    assert bash.run(f"{env_file(work / 'env')}\ncat bytes", cwd=work, env=tools.env).out == content


def test_each_way_passes_a_line_on_at_once(bash: Shell, way: str, tools: Tools, work: Path) -> None:  # noqa: ARG001
    """A line shows while the script is still running."""
    load = env_file(work / "env")
    os.mkfifo(work / "go")
    with bash.start(f"{load}\necho first; read line <go; echo last", cwd=work, env=tools.env) as process:
        assert process.stdout is not None
        shown = b""
        while not shown.endswith(b"\n"):
            assert select.select([process.stdout], [], [], 20)[0], "nothing came"
            shown += os.read(process.stdout.fileno(), 100)
        assert shown == b"first\n"
        (work / "go").write_text("go\n")
        assert process.stdout.read() == b"last\n"
