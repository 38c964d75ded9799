"""The rules that every run is held to can be broken: each is, here, by a program that misbehaves."""

import dataclasses
import stat
import sys
from pathlib import Path

import pytest

from tests.program import World, run_program

MISBEHAVIOUR = {
    "shows the secret": "print(secret)",
    "shows the start of the secret": "print(secret[:12])",
    "shows the secret on standard error": "print('x' + secret, file=sys.stderr)",
    "shows the secret in base64": "print(base64.b64encode(b'any' + secret.encode()).decode())",
    "shows a header": "print(base64.b64encode(f'{key}:{secret}'.encode()).decode())",
    "writes the secret": "open('file', 'w').write(secret)",
    "writes the secret to the runner's file": "open(os.environ['GITHUB_ENV'], 'w').write(secret)",
    "leaves a file in HOME": "open(os.environ['HOME'] + '/x', 'w').close()",
    "leaves a file in TMPDIR": "open(os.environ['TMPDIR'] + '/x', 'w').close()",
    "tells it to another program": "subprocess.run(['sleep', '0.3', '--', secret])",
    "starts another program": "subprocess.run(['sleep', '2'])",
    "exports although it fails": "open(os.environ['GITHUB_ENV'], 'w').write('A=b'); fail(5)",
    "ends with an unknown code": "sys.exit(1)",
    "fails without advice": "sys.exit(5)",
    "outlives its deadline": "time.sleep(5.5)",
    "speaks to the runner": "print('::set-env name=A::b')",
    "speaks to another runner": "print('text ##vso[task.setvariable]')",
    "shows control characters": "print('\\x1b[2J')",
    "shows a traceback": "raise ValueError",
}
PROGRAM = """\
#!{python} -I
import base64, os, subprocess, sys, time
key, secret = os.environ["CONSUMER_KEY"], os.environ["CONSUMER_SECRET"]
def fail(code):
    print("What\\nWhy: x\\nNow: y", file=sys.stderr)
    sys.exit(code)
{misbehaviour}
"""


def _run(world: World, misbehaviour: str) -> None:
    program = world.root.parent / f"{world.root.name}-program"
    program.write_text(PROGRAM.format(python=sys.executable, misbehaviour=misbehaviour))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    try:
        run_program(_with(world, program), env={**world.github(), **world.consumer, "DEADLINE": "1"})
    finally:
        program.unlink()


def _with(world: World, program: Path) -> World:
    for folder in (world.work, world.home, world.temporary):
        folder.rmdir()
    for file in world.runner.iterdir():
        file.unlink()
    world.runner.rmdir()
    changed = dataclasses.replace(world, python=program)
    changed.github()
    return changed


@pytest.mark.parametrize("what", MISBEHAVIOUR)
def test_a_program_that_misbehaves_is_found_out(world: World, what: str) -> None:
    """Whatever it does."""
    with pytest.raises(AssertionError):
        _run(world, MISBEHAVIOUR[what])


@pytest.mark.parametrize("harmless", ["pass", "print('a line'); fail(5)", "print('::add-mask::' + secret)"])
def test_a_program_that_does_not_is_not(world: World, harmless: str) -> None:
    """So it is the misbehaviour that was found."""
    _run(world, harmless)
