"""Which certificate authorities are trusted."""

import os
import ssl
from itertools import pairwise
from pathlib import Path

import pytest
import requests
import trustme

from pipe.errors import InputError
from pipe.http.client import Http
from pipe.http.retry import Deadline
from pipe.http.trust import NAME_IT, advice, extra_roots, roots, tls_context
from pipe.verbs.check.network import rooted_context

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


def test_what_is_added_is_a_readable_file_or_nothing(bundle: Path) -> None:
    """Node.js goes on without it, and to trust fewer roots is no loosening."""
    folder = bundle.parent
    (folder / "damaged.pem").write_text(DAMAGED, encoding="ascii")

    assert extra_roots({"NODE_EXTRA_CA_CERTS": "bundle.pem"}, folder) == str(bundle)
    for name in ("", "missing.pem", "damaged.pem", ".", "a\0b"):
        assert extra_roots({"NODE_EXTRA_CA_CERTS": name}, folder) == ""
    assert extra_roots({}, folder) == ""


def test_what_is_added_replaces_nothing(bundle: Path) -> None:
    """A public server stays trusted."""
    http = Http(Deadline(1), timeout=1, ca_file="", env={}, extra_ca_file=str(bundle))
    alone = rooted_context(Http(Deadline(1), timeout=1, ca_file="", env={}))

    assert rooted_context(http).cert_store_stats()["x509_ca"] == alone.cert_store_stats()["x509_ca"] + 1


def verdict(code: int) -> requests.RequestException:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "Missing Authority Key Identifier"
    return requests.exceptions.SSLError(error)


@pytest.mark.parametrize(
    ("code", "named", "relaxed"),
    [
        (85, {"ca_file": "ca.pem"}, True),
        (80, {"extra_ca_file": "ca.pem"}, True),
        (93, {"ca_file": "ca.pem"}, True),
        (85, {}, False),  # The bundled roots alone.
        *((code, {"ca_file": "ca.pem"}, False) for code in (10, 18, 19, 20, 62, 79, 94)),
    ],
)
def test_strictness_alone_is_dropped_and_once(code: int, named: dict[str, str], relaxed: bool) -> None:
    """For authorities that the user names; who signed, for whom and until when is never a matter of strictness."""
    told: list[str] = []
    http = Http(Deadline(1), timeout=1, env={}, say=told.append, **{"ca_file": "", **named})

    assert http.relaxes(verdict(code), "git.example.com") is relaxed
    assert http.relaxes(verdict(code), "git.example.com") is False
    assert [("git.example.com" in line, "Missing Authority Key" in line) for line in told] == [(True, True)] * relaxed


def test_what_is_less_strict_still_verifies() -> None:
    """All but the one flag is as it was."""
    strict, lenient = tls_context(), tls_context(strict=False)

    assert lenient.verify_flags == strict.verify_flags & ~ssl.VERIFY_X509_STRICT
    assert lenient.check_hostname
    assert lenient.verify_mode == ssl.CERT_REQUIRED
    assert lenient.minimum_version == strict.minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_advice_names_variables_and_nothing_that_is_in_them() -> None:
    """What was set is not asked for again."""
    assert advice("", {}) == NAME_IT
    assert advice("/ca.pem", {}).startswith("Add that authority's PEM certificate to the file that ca-file")
    assert advice("", {"PIP_CERT": "/secret/place", "AWS_CA_BUNDLE": "x", "NODE_EXTRA_CA_CERTS": ""}) == (
        f"{NAME_IT} The file may be the one that PIP_CERT or AWS_CA_BUNDLE names."
    )
