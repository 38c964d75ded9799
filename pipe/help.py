"""The text of `--help`, from the table of inputs."""

from textwrap import wrap

from pipe.input import Input
from pipe.table import TABLE

_HEAD = """\
bitbucket-token: turn a Bitbucket consumer key and secret into a masked bearer token for later steps.

    CONSUMER_KEY=... CONSUMER_SECRET=... bitbucket-token [--NAME VALUE]...
    CONSUMER_KEY=... CONSUMER_SECRET=... bitbucket-token login --refresh-token-store PLACE
    CONSUMER_KEY=... CONSUMER_SECRET=... bitbucket-token revoke --issuer URL

Every input can be given as --NAME, as INPUT_NAME (GitHub), PLUGIN_NAME (Drone, Harness, Woodpecker), NAME, or
NAME_FILE (a file's content), in upper case with _ for -, strongest first; and last in a file that --env-file names.
Secrets are not taken from the command line.
"""

_TAIL = """
  --env-file FILE
      A dotenv file with any of the above. None is read unless named here or in ENV_FILE.
  --help, --version

Exit codes: 0 exported, 2 wrong input, 3 refused, 4 not reached, 5 unusable answer, 6 not the token asked for,
7 not exported, 130 and 143 interrupted.
"""


def text() -> str:
    """Return the help, ready to be printed."""
    return _HEAD + "".join(map(_entry, TABLE)) + _TAIL


def _entry(declared: Input) -> str:
    head = f"{declared.variable} (environment only)" if declared.secret else f"--{declared.name}"
    details = [declared.meaning]
    if declared.choices:
        details.append(f"One of: {', '.join(declared.choices)}.")
    if declared.default:
        details.append(f"Default: {declared.default}.")
    if declared.aliases:
        details.append(f"Also: {', '.join(declared.aliases)}.")
    lines = wrap(" ".join(details), 100, break_on_hyphens=False)
    return f"\n  {head}\n" + "\n".join(f"      {line}" for line in lines) + "\n"
