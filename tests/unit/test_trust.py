"""Which certificate authorities are trusted."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
import trustme

from pipe.errors import InputError
from pipe.http.trust import roots

PEM = trustme.CA().cert_pem.bytes().decode()
DAMAGED = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SOURCES = ["ca-file", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"]


def trusted(folder: Path, **named: str) -> str:
    """Return what is trusted in `folder` if these sources name something."""
    env = {name: text for name, text in named.items() if name != "ca_file"}
    return roots(named.get("ca_file", ""), env, folder)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle.pem").write_text(PEM, encoding="ascii")
    return tmp_path / "bundle.pem"


def test_the_bundled_roots_are_what_is_left() -> None:
    """If nothing else is named; empty means not named."""
    assert roots("", {}, Path("/nowhere")) == ""
    assert roots("", dict.fromkeys(SOURCES[1:], ""), Path("/nowhere")) == ""


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_names_a_bundle(source: str, bundle: Path) -> None:
    """Relative to the working directory, or absolute."""
    name = source.replace("ca-file", "ca_file")

    assert trusted(bundle.parent, **{name: "bundle.pem"}) == str(bundle)
    assert trusted(Path("/nowhere"), **{name: str(bundle)}) == str(bundle)


@pytest.mark.parametrize(("stronger", "weaker"), [*pairwise(SOURCES)])
def test_of_two_sources_the_stronger_counts(stronger: str, weaker: str, tmp_path: Path) -> None:
    """The input, then the variables in the order of the contract; the weaker is not even looked at."""
    (tmp_path / "strong.pem").write_text(PEM, encoding="ascii")
    named = {stronger.replace("ca-file", "ca_file"): "strong.pem", weaker: "missing.pem"}

    assert trusted(tmp_path, **named) == str(tmp_path / "strong.pem")


def test_a_folder_of_certificates_is_taken(tmp_path: Path) -> None:
    """OpenSSL reads those too."""
    assert roots("", {"SSL_CERT_FILE": str(tmp_path)}, tmp_path) == str(tmp_path)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "name", ["missing.pem", "empty.pem", "key.pem", "damaged.pem", "fifo", "x" * 300, "file/below", "loop", "a\0b"]
)
def test_what_is_no_bundle_is_named_by_its_source(source: str, name: str, tmp_path: Path) -> None:
    """Exit 2: to trust other roots instead would be a loosening."""
    (tmp_path / "empty.pem").touch()
    (tmp_path / "file").touch()
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="ascii")
    (tmp_path / "damaged.pem").write_text(DAMAGED, encoding="ascii")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(InputError, match=f"certificates that {source} names cannot be read") as caught:
        trusted(tmp_path, **{source.replace("ca-file", "ca_file"): name})

    assert caught.value.exit_code == 2
    assert source in caught.value.now


def test_a_bundle_that_is_too_large_is_refused(bundle: Path) -> None:
    """It is not even read, however good what it begins with is."""
    with bundle.open("a", encoding="ascii") as file:
        file.truncate(16 * 1024 * 1024)
    assert trusted(bundle.parent, ca_file="bundle.pem") == str(bundle)

    with bundle.open("a", encoding="ascii") as file:
        file.write("\n")
    with pytest.raises(InputError, match="certificates that ca-file names cannot be read"):
        trusted(bundle.parent, ca_file="bundle.pem")
