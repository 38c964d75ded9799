"""The leak oracle: no secret, in none of its forms, where the contract does not put it.

Every test that runs the program hands all it can see to one `Oracle`: both streams, every file that was left, the
arguments of every process. `tests/unit/test_oracle.py` proves that it can fail.
"""

from base64 import b64encode
from collections.abc import Collection, Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus


class Oracle:
    """Knows the secrets of one test.

    It derives the forms itself, on purpose not with the program's own code: a form that the program forgets must be
    found here. `key` is the consumer's key, for the Basic header.
    """

    def __init__(self, secrets: Iterable[str] = (), *, key: str = "") -> None:
        self._forms: set[bytes] = set()
        for secret in secrets:
            self.learn(secret, key=key)

    def learn(self, secret: str, *, key: str = "") -> None:
        """Look for `secret` too from now on."""
        if len(secret) < 6:
            raise ValueError("a secret this short is found by chance")
        raw = secret.encode()
        encodings = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quote(secret, safe="!'()*")}
        encodings |= {encoded.lower() for encoded in encodings if "%" in encoded}
        self._forms |= {encoded.encode() for encoded in encodings}
        in_json = secret.replace("\\", "\\\\").replace('"', '\\"')
        in_shell = secret.replace("'", "'\\''")
        self._forms |= {in_json.encode(), in_json.replace("/", "\\/").encode(), in_shell.encode()}
        self._forms.add("".join(f"\\u00{ord(it):02x}" if it in "<>&='" else it for it in in_json).encode())
        for before in (b"", b"x", b"xx", b"x-token-auth:", f"{key}:".encode(), f"{quote_plus(key)}:".encode()):
            # The token endpoint's Basic header holds the form-encoded secret (RFC 6749 section 2.3.1).
            for text in (raw, quote_plus(secret).encode()):
                wrapped = b64encode(before + text).rstrip(b"=")
                # What stands before and after the secret changes the characters at its edges.
                start = -(-len(before) * 8 // 6)
                inner = wrapped[start : (len(before) + len(text)) * 8 // 6]
                if len(inner) >= 8:
                    self._forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
        lines = [line for line in secret.split("\n") if not line.startswith("-----")]
        if len(lines) > 1:
            # A PEM file: how it begins and ends is the same for every key, and a log shows it line by line.
            self._forms |= {line.encode() for line in lines if len(line) >= 12}
        elif len(raw) >= 24:
            self._forms |= {raw[:12], raw[-12:]}

    def check(self, where: str, data: bytes | str) -> None:
        """Fail, naming `where` and not the secret, if any form of any secret is in `data`."""
        data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        lower = data.lower()
        for form in self._forms:
            if form in data or (b"%" in form and form.lower() in lower):
                at = max(data.find(form), 0)
                raise AssertionError(f"a secret's form of {len(form)} bytes leaked into {where}, near byte {at}")

    def check_pieces(self, where: str, data: bytes, length: int = 16) -> None:
        """Fail if any piece of that many bytes, of any form, is in `data`."""
        pieces = {form[at : at + length] for form in self._forms for at in range(len(form) - length + 1)}
        found = [at for at in range(len(data)) if data[at : at + length] in pieces]
        if found:
            raise AssertionError(f"{len(found)} pieces of {length} bytes leaked into {where}, from byte {found[0]} on")

    def check_tree(self, root: Path, allowed: Collection[Path] = ()) -> None:
        """Check the name and the content of every file under `root` but those in `allowed`."""
        for path in sorted(root.rglob("*")):
            self.check("a file's name", str(path))
            if path.is_symlink():
                self.check("a link's target", str(path.readlink()))
            elif path.is_file() and path not in allowed:
                self.check(str(path), path.read_bytes())

    def check_arguments(self) -> None:
        """Check the command line of every process of this machine that can be read now."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.check(f"the arguments of process {path.parent.name}", path.read_bytes())
            except OSError:
                continue
