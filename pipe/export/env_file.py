"""The env file: shell text that exports the token and masks it in all that the shell prints from then on.

The rules it follows are those of POSIX.1-2017, XCU chapter 2, and what dash, bash and busybox ash do in practice.
Bitbucket Pipelines runs a script with `/bin/bash -i FILE` where bash exists, else with `/bin/sh FILE`.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

from pipe.errors import ExportError
from pipe.export.git import Setting
from pipe.export.private_file import (
    NotGivenError,
    give,
    is_unmapped,
    open_directory,
    placing,
    put,
    remove_leftovers,
)
from pipe.export.tracked import refuse_tracked
from pipe.inputs.values import ANYONE, Reader
from pipe.redaction.secret import Secret

OWN_DIRECTORY = ".bitbucket-token"
"""The directory that is the program's alone, wherever the env file goes unless the user says otherwise."""

# What a file system or an image lets everybody do who gets there, if it is no place for temporary files.
_OPEN = stat.S_IRWXO | stat.S_ISVTX

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# By errno: why it usually happens, what to do now.
_ADVICE = {
    errno.ENOENT: (
        "The directory around it does not exist.",
        "Make it first, or name another place with output-file.",
    ),
    errno.EEXIST: (
        "Something that is neither a file nor missing has its name, such as a link committed to the repository.",
        "Remove it, or name another place with output-file.",
    ),
    errno.ELOOP: (
        "The directory is a symbolic link, and what it points to may be anybody's.",
        "Remove the link, or name the real directory with output-file.",
    ),
    errno.ENOTDIR: (
        "Its directory is a symbolic link or a file, perhaps committed to the repository.",
        "Remove that, or name the real directory with output-file.",
    ),
    errno.ENOSPC: ("The disk is full.", "Free some space, or name a place on another disk with output-file."),
    errno.EDQUOT: ("The disk quota is used up.", "Free some space, or name another place with output-file."),
}
_OTHERWISE = (
    "The directory is read-only, or the user of the container may not write there.",
    "Let the container write to the checkout, or name another place with output-file.",
)


def render(
    variables: Mapping[str, str | Secret],
    *,
    masks: Sequence[str],
    mask_log: bool,
    remove: str | None,
    git: Sequence[Setting] = (),
) -> str:
    """Return the text of an env file, for `.` or `eval` in a POSIX shell.

    `masks` are the texts to replace by `***`, longest first, as `pipe.redaction.secret.forms` gives them. `remove` is
    the path of the file, which then removes itself when it is loaded; `None` keeps it. `git` is added to the settings
    of git. Raises `ValueError` for what no shell can hold: a name that is none, or a NUL in a value.
    """
    nonce = secrets.token_hex(8)
    forms = _lines(masks) if mask_log else []
    return _fill(
        "envfile.sh",
        ID=nonce,
        REMOVE="" if remove is None else _fill("envfile_remove.sh", PATHS=_paths(remove)),
        STREAMS=_fill("envfile_streams.sh") if forms else "",
        FILTER=_filter(nonce, forms) if forms else "",
        EXPORTS="\n".join(f"export {_name(name)}={quote(_text(value))}" for name, value in variables.items()),
        GIT=_git(nonce, git) if git else "",
    )


def quote(text: str) -> str:
    """Return `text` as one word of a POSIX shell in which nothing is expanded (XCU 2.2.2, single quotes)."""
    if "\0" in text:
        raise ValueError("a shell cannot hold a NUL")
    return "'" + text.replace("'", "'\\''") + "'"


def write(path: Path, text: str, reader: Reader = None) -> list[str]:
    """Write `text` to `path` so that only who shall can read it, or leave nothing behind; return lines about it.

    That is the owner of its directory, or `reader`: see `pipe.export.private_file.put`. The working directory of a CI
    step is untrusted: a pull request may have put a symbolic link or anything else in the way. Raises `ExportError` for
    whatever keeps the file from being written.
    """
    with writing(path, text, reader) as told:
        return told


@contextmanager
def writing(path: Path, text: str, reader: Reader = None) -> Iterator[list[str]]:
    """Write the env file as `write` does before the block begins, and undo that if the block raises."""
    path = path.absolute()
    refuse_tracked(path)
    with _explained(path):
        made = _make(path.parent)
        directory = None
        try:
            directory = open_directory(path.parent)
            own = path.parent.name == OWN_DIRECTORY
            around = path.parent.parent if own or made else path.parent
            above = os.stat(".." if own or made else ".", dir_fd=directory)
            if own:
                _refuse_strangers(directory, path.parent, {os.geteuid(), above.st_uid, reader})
                remove_leftovers(directory)
            if reader == ANYONE and (above.st_mode & stat.S_IXOTH or above.st_dev != os.fstat(directory).st_dev):
                raise _open_to_all(around)
            if own or made:
                _secure(directory, above, reader)
                put(directory, ".gitignore", "*\n", reader=reader)
            with placing(directory, path.name, text, reader=reader):
                yield _told(os.stat(path.name, dir_fd=directory), above, around, reader)
        except BaseException:
            if made:
                _unmake(path.parent, directory)
            raise
        finally:
            if directory is not None:
                with suppress(OSError):  # Nothing was written through it.
                    os.close(directory)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a shell variable")
    return name


def _lines(masks: Sequence[str]) -> list[str]:
    """Return the masks line by line, as the filter sees its input, longest first and without repetition."""
    lines = {line for mask in masks for shown in (mask, *_in_traces(mask)) for line in shown.split("\n") if line}
    return sorted(lines, key=lambda line: (-len(line), line))


def _in_traces(mask: str) -> Iterator[str]:
    """Yield how shells write a word that needs quotes: in a trace (`set -x`), by `export -p`, `set` and `printf %q`."""
    yield mask.replace("'", "'\\''")
    yield mask.replace("'", "'\"'\"'")
    yield re.sub(r'([$`"\\])', r"\\\1", mask)
    yield re.sub(r"([^A-Za-z0-9_@%+=:./~-])", r"\\\1", mask)


def _git(nonce: str, settings: Sequence[Setting]) -> str:
    netrc = _fill("envfile_netrc.sh") if any(setting.netrc for setting in settings) else ""
    return _fill("envfile_git.sh", ID=nonce, NETRC=netrc, SETTINGS="\n".join(map(_setting, settings)))


def _setting(setting: Setting) -> str:
    where = f"__bitbucket_token_netrc {quote(setting.netrc)} && " if setting.netrc else ""
    return f"    {where}__bitbucket_token_put {quote(setting.key)} {quote(_text(setting.value))}"


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _filter(nonce: str, forms: Sequence[str]) -> str:
    engine = _fill(
        "envfile_engine.sh",
        ID=nonce,
        PERL=_fill("envfile_mask.pl"),
        AWK=_fill("envfile_mask.awk", ID=nonce, LENGTH=str(len(nonce) - 1)),
    )
    return _fill("envfile_filter.sh", ID=nonce, ENGINE=engine, MASKS="\n".join(forms))


def _paths(remove: str) -> str:
    """Return the places where the shell may find the file; the checkout may be mounted elsewhere for it."""
    parts = Path(remove).parts[1:]
    return " ".join(map(quote, (remove, *("./" + "/".join(parts[at:]) for at in range(len(parts))))))


def _fill(template: str, **filling: str) -> str:
    """A template with its `@NAME@` filled in; what is filled in is not looked at again."""
    text = resources.files("pipe.export").joinpath(template).read_text(encoding="ascii").rstrip("\n")
    return re.sub("@([A-Z]+)@", lambda match: filling[match[1]], text) + "\n"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except NotGivenError as error:
        user = error.filename
        raise ExportError(
            f"The env file {str(path)!r} could not be given to user {user}: {error.strerror}.",
            "This container runs without the right to give files away (CAP_CHOWN), or has no such user id.",
            "Let it have the usual capabilities of a container (CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER), or run it as "
            f"that user (docker run --user {user}).",
        ) from error
    except OSError as error:
        why, now = _ADVICE.get(error.errno or 0, _OTHERWISE)
        what = f"The env file {str(path)!r} could not be written: {error.strerror or type(error).__name__}."
        raise ExportError(what, why, now) from error


def _make(directory: Path) -> bool:
    """Make the directory, unless something is there; return whether it was made."""
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _refuse_strangers(descriptor: int, directory: Path, known: Container[Reader]) -> None:
    """Raise `ExportError` for a directory that was there before and is that of a user who is none of the known ones."""
    if os.fstat(descriptor).st_uid not in known:
        raise ExportError(
            f"The directory {str(directory)!r} belongs to another user.",
            "Somebody else made it, and could read or change what is put there.",
            "Remove it, or name another place with output-file.",
        )


def _secure(descriptor: int, above: os.stat_result, reader: Reader) -> None:
    """Let nobody else into a directory of the program's own, and give it to whom the files in it are given."""
    mode = 0o755 if reader == ANYONE else 0o700
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)
    give(descriptor, above, reader)


def _open_to_all(around: Path) -> ExportError:
    return ExportError(
        f"env-file-reader is {ANYONE}, and nothing seems to keep strangers out of {str(around)!r}.",
        "Its permissions let in every user of the machine, and of each container that mounts it; or something else is "
        "mounted below it. All of them could read the token.",
        "Name the user who loads the file: env-file-reader with what `id -u` shows there. Or close that directory to "
        "others (chmod o-x), or name a place in a closed one with output-file.",
    )


def _told(file: os.stat_result, above: os.stat_result, around: Path, reader: Reader) -> list[str]:
    """Return what a user has to know of who can read the file, which stands in or below the directory `around`."""
    if reader == ANYONE:
        return [f"Whoever may enter {str(around)!r} can read it. Only its owner can remove it."]
    if reader is not None:
        locked_out = reader not in {0, above.st_uid} and not above.st_mode & (stat.S_IXGRP | stat.S_IXOTH)
        return [f"User {reader} cannot load the env file: only its owner may enter {str(around)!r}."] * locked_out
    if os.geteuid() != 0:
        return []
    if file.st_uid != above.st_uid:
        owner = "whose id is unknown here" if is_unmapped(above.st_uid, "uid") else f"user {above.st_uid}"
        return [
            f"The env file stays that of user {file.st_uid}: it could not be given to the owner of {str(around)!r}, "
            f"{owner}. Others cannot load it."
        ]
    if file.st_uid == 0 and above.st_mode & _OPEN == stat.S_IRWXO:
        return [
            f"{str(around)!r} is open to all, and root's. If a step of another user loads the env file, it cannot read "
            "it: give the number that `id -u` shows in that step as env-file-reader."
        ]
    return []


def _unmake(directory: Path, descriptor: int | None) -> None:
    with suppress(OSError):
        if descriptor is not None:
            os.unlink(".gitignore", dir_fd=descriptor)
    with suppress(OSError):
        directory.rmdir()
