"""The text of `--help`, from the table of inputs."""

from textwrap import wrap

from pipe.inputs.invocation import Option
from pipe.inputs.table import TABLE, Input
from pipe.verbs import called, names

_HEAD = """\
bitbucket-token: turn a Bitbucket consumer key and secret into a masked bearer token for later steps.

    CONSUMER_KEY=... CONSUMER_SECRET=... bitbucket-token [--NAME VALUE]...

{verbs}
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


def text(verb: str = "") -> str:
    """Return the help of the program, or of one of its verbs, ready to be printed."""
    if verb:
        return _of_verb(verb)
    verbs = "".join(f"    bitbucket-token {name:8}{called(name).summary}\n" for name in names())
    return _HEAD.format(verbs=verbs) + "".join(map(_entry, TABLE)) + _TAIL


def _of_verb(verb: str) -> str:
    found = called(verb)
    options = " [OPTION]..." if found.options else ""
    words = f" {found.words}" if found.words else ""
    others = "".join(f"\n  --{name}\n      Unless given: {value}.\n" for name, value in found.unless_given.items())
    return (
        f"bitbucket-token {verb}{words}{options}: {found.summary}\n"
        + "".join(_own_entry(option) for option in found.options)
        + others
        + "\nAnd every input: see bitbucket-token --help.\n"
    )


def _own_entry(option: Option) -> str:
    lines = wrap(option.meaning + (" May be given more than once." if option.many else ""), 100)
    return f"\n  --{option.name} {option.value}".rstrip() + "\n" + "".join(f"      {line}\n" for line in lines)


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
