"""Answers that come piece by piece: no secret slips through between two, and no file is there by half."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.errors import AnswerError, ExportError, PipeError
from pipe.http.retry import Deadline
from pipe.verbs.api import answers
from pipe.verbs.api.answers import Incoming, masked, receiving


def incoming(body: bytes, kind: str = "text/plain", deadline: float = 60) -> Incoming:
    response = requests.Response()
    response.status_code, response.raw = 200, BytesIO(body)
    response.headers["Content-Type"] = kind
    return Incoming(response, "host", Deadline(deadline), lambda error: AnswerError(str(error), "", ""))


def replaced(data: bytes, masks: list[bytes]) -> bytes:
    """What masking all of it at once gives: from the left, of two at one place the longer."""
    done, at = b"", 0
    while at < len(data):
        found = next((mask for mask in sorted(masks, key=len, reverse=True) if data.startswith(mask, at)), None)
        done += b"***" if found else data[at : at + 1]
        at += len(found) if found else 1
    return done


@given(
    st.lists(st.sampled_from([b"a", b"ab", b"abc", b"bca", b"x", b"c", b"\xff", b"abcabcab", b""]), max_size=20),
    st.lists(st.sampled_from(["abc", "abcab", "bc", "ab", "cx", "\udcff"]), max_size=4),
)
@example([b"a", b"b", b"c", b"a", b"b"], ["abc", "abcab"])
@example([b"xab", b"ca"], ["abcab", "bc"])
def test_a_secret_is_masked_wherever_the_pieces_end(pieces: list[bytes], masks: list[str]) -> None:
    """As if all of it had come at once."""
    raw = [mask.encode("utf-8", "surrogateescape") for mask in masks]

    assert b"".join(masked(iter(pieces), masks)) == replaced(b"".join(pieces), raw)


def test_what_is_certain_is_passed_on_at_once() -> None:
    """No more is held than a secret could begin in."""
    passed = masked(iter([b"x" * 1000, b"y" * 1000]), ["secret" * 10])

    assert len(next(passed)) == 1000 - 59


@pytest.mark.parametrize(("kind", "held"), [("text/plain", 1 << 20), ("application/json", 3 << 20)])
def test_so_much_is_held_before_it_counts(kind: str, held: int) -> None:
    """Of JSON all, for it is one value; of the rest a mebibyte."""
    answer = incoming(b"x" * (3 << 20), kind).hold()
    found = sum(map(len, answer.first))

    assert held <= found <= held + 2 * 64 * 1024
    assert found + sum(map(len, answer.pieces)) == 3 << 20


def test_json_has_the_limit_that_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be held is refused beyond it; a file of that size is not."""
    monkeypatch.setattr(answers, "LARGEST_ANSWER", 1000)
    for take in (Incoming.hold, Incoming.whole):
        with pytest.raises(AnswerError, match="answered with more than 1000 bytes"):
            take(incoming(b"x" * 1001, "application/json"))
        take(incoming(b"x" * 1000, "application/json"))
    incoming(b"x" * 1001).hold()


def test_no_piece_comes_after_the_deadline() -> None:
    """Also where no other thread waits."""
    with pytest.raises(PipeError, match="no whole answer within the deadline of 0 s"):
        incoming(b"x", deadline=0).hold()


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    """Before that only the one who writes it can see it."""
    path = tmp_path / "x"
    with receiving(path) as file:
        file.take(incoming(b"an earlier try, and longer"))
        file.take(incoming(b"whole"))
        (beside,) = tmp_path.iterdir()
        assert (beside.name == "x", beside.stat().st_mode & 0o777) == (False, 0o600)

    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"whole", [path])


def test_a_file_that_nobody_wrote_has_no_name(tmp_path: Path) -> None:
    """A run that ends for another reason is no download."""
    (tmp_path / "x").write_bytes(b"before")
    with receiving(tmp_path / "x"):
        pass

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"before"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_failure_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """Not even one right at the end."""

    def fetch(name: str, then: Callable[[Path], object]) -> None:
        with receiving(tmp_path / name) as file:
            file.take(incoming(b"whole"))
            then(tmp_path / name)

    def interrupt(_path: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("x", interrupt)
    with pytest.raises(ExportError, match=r"cannot be written \(Is a directory\)"):
        fetch("y", Path.mkdir)

    assert [path.name for path in tmp_path.iterdir()] == ["y"]
