"""What the program does when the first word of its command line says so: one file for each such word.

Each has `SUMMARY`, what it does in one line; `UNLESS_GIVEN`, the values of inputs that nobody gave; `WORDS`, what the
words after it are called, empty if it takes none; `OPTIONS`, what it takes beside the inputs; and
`run(inputs, ci, world)`. Some have more:

- `prints_data(asked)`: whether standard output is for a program to read; what is said then goes to standard error.
- `wrong_inputs(error, ci, world)`: tells of inputs that cannot be read.
- `failed(error, ci)`: tells of a failure that is none of the job's; the program then ends with 0.

Without a verb, the program gets a token (`pipe.run`).
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def names() -> tuple[str, ...]:
    """The words: the names of their files and folders."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*")))


def called(name: str) -> ModuleType:
    """The file of the word `name`, one of `names()`."""
    return import_module(f"pipe.verbs.{name}")
