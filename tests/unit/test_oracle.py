"""The leak oracle finds what it is there for: a check that cannot fail proves nothing."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.redaction.secret import Secret, forms
from tests.oracle import Oracle

KEY = "consumerKey42"
SECRET = "5ecret/with+all=that'needs\"escaping\\%&and a long end"

LEAKS = {
    "itself": SECRET,
    "percent-encoded": quote(SECRET, safe=""),
    "percent-encoded, in lower case": quote(SECRET, safe="").replace("%2F", "%2f").replace("%3D", "%3d"),
    "percent-encoded but /": quote(SECRET),
    "form-encoded": quote_plus(SECRET),
    "JSON": json.dumps({"token": SECRET}),
    "JSON for HTML": re.sub("[<>&=']", lambda it: f"\\u{ord(it[0]):04x}", json.dumps({"token": SECRET})),
    "quoted for a shell": "'" + SECRET.replace("'", "'\\''") + "'",
    "base64": b64encode(SECRET.encode()).decode(),
    "base64url": urlsafe_b64encode(SECRET.encode()).decode(),
    "git's Basic header": b64encode(f"x-token-auth:{SECRET}".encode()).decode(),
    "the consumer's Basic header": b64encode(f"{KEY}:{SECRET}".encode()).decode(),
    "the consumer's Basic header, form-encoded": b64encode(f"{KEY}:{quote_plus(SECRET)}".encode()).decode(),
    "base64 behind one byte": b64encode(b"?" + SECRET.encode()).decode(),
    "base64 behind two bytes": b64encode(b"??" + SECRET.encode()).decode(),
    "base64 before more": b64encode(SECRET.encode() + b" and more").decode(),
    "its first characters": SECRET[:12],
    "its last characters": SECRET[-12:],
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
@pytest.mark.parametrize("binary", [False, True], ids=["text", "bytes"])
def test_it_fails_for_every_form(leak: str, binary: bool) -> None:
    """Each form is found amid other text, and the failure names the place and not the secret."""
    data = f"a line\nand {leak} within\n"

    with pytest.raises(AssertionError, match="leaked into the log") as caught:
        Oracle([SECRET], key=KEY).check("the log", data.encode() if binary else data)

    assert SECRET not in str(caught.value)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=24, max_size=60))
def test_it_knows_the_forms_that_the_program_knows(secret: str) -> None:
    """Though made by other code, the two lists cover each other."""
    for form in forms(Secret(secret), key=KEY):
        with pytest.raises(AssertionError):
            Oracle([secret], key=KEY).check("a form", form)


def test_it_finds_pieces() -> None:
    """Sixteen bytes of a form in a row, wherever they stand; fifteen are none."""
    oracle = Oracle([SECRET])
    encoded = b64encode(b"?" + SECRET.encode())
    for data in (SECRET[9:25].encode(), b"x=" + encoded[20:36] + b"|"):
        oracle.check("the log", data)
        with pytest.raises(AssertionError, match="1 pieces of 16 bytes leaked into the log"):
            oracle.check_pieces("the log", data)
        oracle.check_pieces("the log", data.replace(SECRET[24:25].encode(), b"").replace(encoded[35:36], b""))


@pytest.mark.parametrize("clean", ["", "***", "consumerKey42:***", "x-token-auth:***", b"\xff\x00", "5ecret"])
def test_it_passes_for_clean_text(clean: str | bytes) -> None:
    """Stars, the key and the beginning of a word are no leak."""
    Oracle([SECRET], key=KEY).check("the log", clean)


def test_a_secret_too_short_to_be_told_apart_is_refused() -> None:
    """It would be found in innocent text, and a failing test would say nothing."""
    with pytest.raises(ValueError, match="short"):
        Oracle(["short"])


def test_it_looks_into_files_their_names_and_links(tmp_path: Path) -> None:
    """A tree is clean if nothing in it is a secret, but for the files that may hold one."""
    oracle = Oracle([SECRET])
    folder = tmp_path / "folder"
    folder.mkdir()
    allowed = folder / "env"
    allowed.write_text(SECRET)
    oracle.check_tree(tmp_path, allowed=[allowed])

    with pytest.raises(AssertionError, match="env"):
        oracle.check_tree(tmp_path)

    allowed.unlink()
    (folder / "link").symlink_to(SECRET[:20])
    with pytest.raises(AssertionError, match="link's target"):
        oracle.check_tree(tmp_path)

    (folder / "link").unlink()
    (folder / SECRET[-12:]).touch()
    with pytest.raises(AssertionError, match="file's name"):
        oracle.check_tree(tmp_path)
