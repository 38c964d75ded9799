"""Answers made by chance: whatever bytes a server sends, the run ends in time, clearly, and without a leak."""

import contextlib
import io
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipe.cli.main import main
from sandbox import Fault, Sandbox
from sandbox.messages import Response
from tests.oracle import Oracle
from tests.program import MASK_COMMAND, World, run_program

TOKEN = "opaque-token-of-a-random-server"

scraps = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n",
        b"HTTP/1.1 429 \r\nRetry-After: 0\r\n",
        b"Content-Length: 10\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Type: application/json\r\n",
        b"\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b'{"access_token": "' + TOKEN.encode() + b'"}',
        b'{"error": "invalid_client", "error_description": "::set-env name=A::b"}',
        b"::add-mask::x\n",
        b"\x1f\x8b\x08\x00",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TOKEN) | st.just("::error::\n##vso["),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
members = st.dictionaries(
    st.sampled_from(["access_token", "token_type", "expires_in", "scope", "scopes", "error", "error_description"]),
    values,
)
bodies = members.map(lambda found: json.dumps(found).encode()) | values.map(lambda v: json.dumps(v).encode())
faults = st.one_of(
    st.lists(scraps | st.binary(max_size=40), max_size=8)
    .map(b"".join)
    .map(lambda data: Fault(kind="bytes", body=data)),
    st.tuples(st.sampled_from([200, 200, 201, 400, 401, 403, 418, 500]), bodies).map(
        lambda pair: Fault(status=pair[0], body=pair[1])
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """One server for all of them: http, for speed."""
    with Sandbox(scheme="http") as running:
        yield running


@pytest.mark.usefixtures("signals_as_before")
@given(fault=faults, system=st.sampled_from(["github", "none"]))
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
def test_any_answer_ends_in_a_token_or_a_clear_failure(server: Sandbox, fault: Fault, system: str) -> None:
    """In this process, for speed."""
    server.faults.clear()
    server.faults.add(Fault(**{**_fields(fault), "times": None}))
    consumer = server.consumer
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory(prefix="world-") as folder, contextlib.chdir(folder):
        Path("github-env").touch()
        env = {
            "CONSUMER_KEY": consumer.key,
            "CONSUMER_SECRET": consumer.secret,
            "TOKEN_URL": server.rfc_token_url,
            "INPUT_CI": system,
            "GITHUB_ENV": "github-env",
            "MAX_ATTEMPTS": "1",
            "DEADLINE": "10",
            "TIMEOUT": "0.5",
        }
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([], env)
        exported = [path for path in (Path("github-env"), Path(".bitbucket-token/env")) if _content(path)]
    assert code in (0, 3, 4, 5)
    assert bool(exported) == (code == 0)
    lines = [line for line in out.getvalue().splitlines() if not line.startswith(MASK_COMMAND)]
    text = "\n".join([*lines, err.getvalue()])
    Oracle([consumer.secret], key=consumer.key).check("the streams", text)
    if code == 0:
        Oracle([TOKEN]).check("the streams", text)
    own = [line for line in text.splitlines() if line.startswith("::error title=Bitbucket token%3A ")]
    assert "::" not in "\n".join(line for line in text.splitlines() if line not in own)
    assert "##[" not in text
    assert "##vso[" not in text
    assert "Traceback" not in text


def _fields(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in ("kind", "status", "body")}


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def test_ten_of_them_as_a_user_meets_them(world: World) -> None:
    """The real program, over TLS."""
    dice = random.Random(6_749)  # noqa: S311 - no secret
    for _ in range(10):
        whole = Response(200, json.dumps({"access_token": TOKEN, "scope": "a"}).encode()).head() + b'{"a": 1}'
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        world.sandbox.faults.clear()
        world.sandbox.faults.add(Fault(kind="bytes", body=bytes(data), times=None))
        env = {**world.github(), **world.consumer, "MAX_ATTEMPTS": "1", "DEADLINE": "10", "TIMEOUT": "0.5"}
        assert run_program(world, env=env, tokens=[TOKEN]).code in (3, 4, 5)
