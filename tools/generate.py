"""Write what follows from the table of inputs and the pages of the CI systems.

That is action.yml, bitbucket-pipe.yml, pipe.yml, and the README's tables.

`python -m tools.generate` writes the files; `--check` fails, naming the first file that differs.
"""

import re
import sys
from pathlib import Path

from pipe import VERSION
from pipe.inputs.table import TABLE, Input

ROOT = Path(__file__).parent.parent
IMAGE = "bitbuckettoken/bitbucket-token"
REPOSITORY = "https://bitbucket.org/bitbuckettoken/bitbucket-token"

OUTPUTS = {
    "access-token": "The bearer token, masked.",
    "token-type": "`bearer`.",
    "expires-in": "Seconds that the token lives; empty if the server did not say.",
    "expires-at": "When it ends, in RFC 3339, UTC; empty if the server did not say.",
    "scopes": "The granted scopes, separated by spaces.",
    "refresh-token": "The next refresh token, masked, if `refresh-token-store` is `output`.",
}

_ACTION_HEAD = """\
name: Bitbucket token
description: Turn a Bitbucket OAuth consumer's key and secret into a masked bearer token for later steps
author: The bitbucket-token maintainers
branding:
  icon: lock
  color: blue
"""

# A runner takes one path there, and no arguments: the Dockerfile makes that program.
_ACTION_RUNS = """\
runs:
  using: docker
  image: Dockerfile
  post-entrypoint: /opt/bitbucket-token/bin/post
"""

_PIPE_HEAD = f"""\
name: Bitbucket token
image: {IMAGE}:{VERSION}
description: Turn an OAuth consumer's key and secret into a bearer token for the rest of the step.
category: Security
repository: {REPOSITORY}
vendor:
  name: The bitbucket-token maintainers
  website: {REPOSITORY}
maintainer:
  name: The bitbucket-token maintainers
  website: {REPOSITORY}
tags:
  - oauth
  - token
  - security
variables:
"""


def documents() -> dict[str, str]:
    """The generated files: name and whole content."""
    pipe = _pipe()
    return {"action.yml": _action(), "bitbucket-pipe.yml": pipe, "pipe.yml": pipe, "README.md": _readme()}


def _action() -> str:
    inputs = "".join(_action_input(declared) for declared in TABLE)
    outputs = "".join(f"  {name}:\n    description: {_quoted(meaning)}\n" for name, meaning in OUTPUTS.items())
    return f"{_ACTION_HEAD}inputs:\n{inputs}outputs:\n{outputs}{_ACTION_RUNS}"


def _action_input(declared: Input) -> str:
    """One input. Where there is a default it is always set, so that a variable of the job's cannot set it instead."""
    default = f"    default: {_quoted(declared.default)}\n" if declared.default else ""
    return f"  {declared.name}:\n    description: {_quoted(_usage(declared))}\n    required: false\n{default}"


def _pipe() -> str:
    """The pipe's metadata. Key and secret come from the variables of the same name unless the step gives others."""
    text = _PIPE_HEAD
    for declared in TABLE:
        if not declared.own_variable:
            continue
        given = declared.name in ("consumer-key", "consumer-secret")
        default = f"${declared.variable}" if given else declared.default
        text += f"  - name: {declared.variable}\n" + (f"    default: {_quoted(default)}\n" if default else "")
    return text


def _readme() -> str:
    text = (ROOT / "README.md").read_text()
    rows = "".join(_row(declared) for declared in TABLE)
    table = f"| Input | Variable | Default | Usage |\n| --- | --- | --- | --- |\n{rows}"
    outputs = "| Output | Meaning |\n| --- | --- |\n" + "".join(f"| `{k}` | {v} |\n" for k, v in OUTPUTS.items())
    text = _between(_between(text, "inputs", table), "outputs", outputs)
    return _between(text, "systems", _systems())


def _systems() -> str:
    """The table of CI systems, from the head of each page in docs/ci."""
    text = "| CI system | How the token arrives | What masks it | Proven by |\n| --- | --- | --- | --- |\n"
    for path in sorted((ROOT / "docs/ci").glob("*.md")):
        page = path.read_text()
        title = page.partition("\n")[0].removeprefix("# ")
        cells = [re.search(rf"^- {name}: (.+)$", page, re.MULTILINE) for name in ("Arrives", "Masked by", "Proven by")]
        if not all(cells):
            raise SystemExit(f"{path.name} lacks a line of its head")
        text += f"| [{title}](docs/ci/{path.name}) | {' | '.join(cell[1] for cell in cells if cell)} |\n"
    return text


def _row(declared: Input) -> str:
    variable = f"`{declared.variable}`" if declared.own_variable else ""
    star = " (*)" if declared.name in ("consumer-key", "consumer-secret") else ""
    default = f"`{declared.default}`" if declared.default else ""
    return f"| `{declared.name}`{star} | {variable} | {default} | {_usage(declared)} |\n"


def _usage(declared: Input) -> str:
    parts = [declared.meaning]
    if declared.choices:
        parts.append(f"One of {', '.join(f'`{choice}`' for choice in declared.choices)}.")
    if declared.grants:
        parts.append(f"For the grant {' or '.join(f'`{grant}`' for grant in declared.grants)}.")
    if declared.client_auths:
        also = "Or for" if declared.grants else "For"
        parts.append(f"{also} `client-auth` {' or '.join(f'`{way}`' for way in declared.client_auths)}.")
    if declared.aliases:
        named, everybodys = declared.aliases
        parts.append(f"Also read from `{named}` and, outside of an action, `{everybodys}`.")
    return " ".join(parts)


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: made by `make generate` -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"README.md has no place for {name}")
    return before + begin + "\n" + content + "\n" + end + after


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    for name, content in documents().items():
        path = ROOT / name
        if arguments != ["--check"]:
            path.write_text(content)
        elif not path.is_file() or path.read_text() != content:
            sys.stderr.write(f"{name} does not follow from the table of inputs: run make generate\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
