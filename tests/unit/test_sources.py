"""Where the value of an input comes from, strongest first."""

import errno
import os
from itertools import pairwise, product
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.errors import InputError
from pipe.inputs.sources import LARGEST_FILE, read, secret_variables
from pipe.inputs.table import BY_NAME, TABLE, Input
from pipe.inputs.values import Given

NOWHERE = Path("/nowhere")
PUBLIC = [declared for declared in TABLE if not declared.secret]


class RestApi:
    """One source, told how it gives an input called `consumer-key`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.env_file = ""

    def give(self, source: str, declared: Input, text: str) -> None:
        """Have `source` give `text`."""
        if source == "--":
            self.options[declared.name] = text
        elif source == "_FILE":
            file = self.folder / declared.name
            file.write_text(text + "\n", encoding="utf-8")
            self.env[f"{declared.variable}_FILE"] = str(file)
        elif source == "env file":
            self.env_file = str(self.folder / "the.env")
            with Path(self.env_file).open("a", encoding="utf-8") as file_:
                file_.write(f"{declared.variable}='{text}'\n")
        elif source == "INPUT_-":
            self.env[f"INPUT_{declared.name.upper()}"] = text
        elif source in declared.aliases:
            self.env[source] = text
        else:
            self.env[source + declared.variable] = text

    def read(self, declared: Input) -> str | None:
        """Return what counts for the input in the end."""
        found = read(self.options, self.env, self.folder, env_file=self.env_file).get(declared.name)
        return found and found.text


def sources_of(declared: Input) -> list[str]:
    own = ["", "_FILE", "env file", *declared.aliases] if declared.own_variable else []
    if f"{declared.name}-file" in BY_NAME:
        own.remove("_FILE")
    hyphen = ["INPUT_-"] if "-" in declared.name else []
    return [*([] if declared.secret else ["--"]), *hyphen, "INPUT_", "PLUGIN_", *own]


PAIRS = [(declared, *pair) for declared in TABLE for pair in pairwise(sources_of(declared))]


@pytest.mark.parametrize(("declared", "stronger", "weaker"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_of_two_sources_the_stronger_counts(declared: Input, stronger: str, weaker: str, tmp_path: Path) -> None:
    """Command line, INPUT_, PLUGIN_, the bare name, its file, the env file, and last the aliases."""
    place = RestApi(tmp_path)
    if declared.grants:
        place.env["INPUT_GRANT"] = declared.grants[0]
    elif declared.client_auths:
        place.env["INPUT_CLIENT-AUTH"] = declared.client_auths[0]
    place.give(weaker, declared, "weaker")
    assert place.read(declared) == "weaker"

    place.give(stronger, declared, "stronger")
    assert place.read(declared) == "stronger"

    place.give(stronger, declared, "")
    in_action = stronger.startswith("INPUT_") and not weaker.startswith(("INPUT_", "PLUGIN_"))
    withheld = in_action and (declared.names_server or weaker.startswith("CLIENT_"))
    assert place.read(declared) == (None if withheld else "weaker")


@pytest.mark.parametrize("name", ["token-url", "issuer", "revocation-url"])
def test_a_jobs_own_variable_never_decides_where_an_actions_secret_goes(name: str, tmp_path: Path) -> None:
    """A runner sets INPUT_ISSUER to nothing: the ISSUER of the job, or a file that it names, is for other programs."""
    declared = BY_NAME[name]
    (tmp_path / "file").write_text("https://elsewhere.example", encoding="utf-8")
    jobs = {declared.variable: "https://elsewhere.example", f"{declared.variable}_FILE": "file"}

    assert name in read({}, jobs, tmp_path)
    assert name not in read({}, {**jobs, f"INPUT_{name.upper()}": ""}, tmp_path)
    assert (
        read({}, {**jobs, f"INPUT_{name.upper()}": "https://id.example"}, tmp_path)[name].text == "https://id.example"
    )


def test_a_private_key_of_the_jobs_own_is_left_alone() -> None:
    """Unless the run signs something."""
    assert read({}, {"PRIVATE_KEY": "x"}, NOWHERE) == {}
    assert "private-key" in read({"client-auth": "private_key_jwt"}, {"PRIVATE_KEY": "x"}, NOWHERE)
    assert "private-key" in read({"grant": "http_access_token"}, {"PRIVATE_KEY": "x"}, NOWHERE)


def test_the_bare_name_of_another_grants_input_is_not_read() -> None:
    """CODE or USERNAME in a job's environment is somebody else's; INPUT_CODE is not."""
    assert read({}, {"CODE": "1", "USERNAME": "root"}, NOWHERE) == {}
    assert list(read({}, {"INPUT_CODE": "1"}, NOWHERE)) == ["code"]
    assert sorted(read({"grant": "authorization_code"}, {"CODE": "1"}, NOWHERE)) == ["code", "grant"]


def test_nothing_given_is_nothing_found() -> None:
    """Defaults are not the sources' business."""
    assert read({}, {}, NOWHERE) == {}


def test_the_variable_of_an_input_is_never_anothers_file() -> None:
    """`CHANNEL_FILE` is the input channel-file; it does not have to exist."""
    given = read({}, {"CHANNEL_FILE": "new-file"}, NOWHERE)

    assert {name: value.text for name, value in given.items()} == {"channel-file": "new-file"}


def test_empty_means_not_given() -> None:
    """CI systems hand in an empty text for whatever is not set."""
    env = {
        prefix + declared.variable + end: ""
        for declared in TABLE
        for prefix in ("INPUT_", "PLUGIN_", "")
        for end in ("", "_FILE")
    }

    assert read({declared.name: "" for declared in PUBLIC}, {**env, "ENV_FILE": ""}, NOWHERE) == {}


def test_the_ci_system_is_not_taken_from_the_variable_that_every_ci_sets() -> None:
    """`CI=true` says nothing of which."""
    assert read({}, {"CI": "true", "CI_FILE": "/nowhere/x"}, NOWHERE) == {}
    assert read({}, {"CI": "true", "INPUT_CI": "gitea"}, NOWHERE)["ci"].text == "gitea"


KEYS = ["CONSUMER_KEY", "BITBUCKET_CLIENT_ID", "CLIENT_ID"]
SECRETS = ["CONSUMER_SECRET", "BITBUCKET_CLIENT_SECRET", "CLIENT_SECRET"]
HOW = ["variable", "file", "env file"]


def consumer(given: dict[str, str], folder: Path, how: str = "variable") -> tuple[str, str, str]:
    """Return key, secret, and what is said of a missing half."""
    for name, text in given.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "env").write_text("".join(f"{name}={text}\n" for name, text in given.items()), encoding="utf-8")
    env = {"variable": given, "file": {f"{name}_FILE": name for name in given}, "env file": {"ENV_FILE": "env"}}[how]
    found = read({}, env, folder)
    halves = [found.get(name, Given("", "")) for name in ("consumer-key", "consumer-secret")]
    return halves[0].text, halves[1].text, halves[0].passed_over + halves[1].passed_over


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("key", "secret"), [*product(range(3), range(3))])
def test_key_and_secret_are_of_one_pair(key: int, secret: int, how: str, tmp_path: Path) -> None:
    """A half of another pair may be another service's; it is named, and not taken."""
    given = {KEYS[key]: "the-key", SECRETS[secret]: "the-secret"}
    found = consumer(given, tmp_path, how)

    if key == secret:
        assert found == ("the-key", "the-secret", "")
    else:
        weaker = SECRETS[secret] if key < secret else KEYS[key]
        assert found[:2] == (("the-key", "") if key < secret else ("", "the-secret"))
        assert found[2].startswith(f"{weaker} is set, but not taken: ")
        assert (KEYS[key] if key < secret else SECRETS[secret]) in found[2]


@pytest.mark.parametrize("half", ["CONSUMER_KEY", "CONSUMER_SECRET", "BITBUCKET_CLIENT_ID", "BITBUCKET_CLIENT_SECRET"])
def test_a_whole_pair_does_not_stand_in_for_half_of_a_stronger_one(half: str, tmp_path: Path) -> None:
    """The other half was forgotten or misspelt, and the pair is that of Azure or Auth0."""
    key, secret, told = consumer({half: "ours", "CLIENT_ID": "theirs", "CLIENT_SECRET": "theirs"}, tmp_path)

    assert {key, secret} == {"ours", ""}
    assert told.startswith("CLIENT_")


@pytest.mark.parametrize("named", ["--", "INPUT_CONSUMER-KEY", "INPUT_CONSUMER_KEY", "PLUGIN_CONSUMER_KEY"])
def test_every_way_to_give_the_consumers_names_is_of_their_pair(named: str, tmp_path: Path) -> None:
    """A key on the command line or in `with:` goes with CONSUMER_SECRET, and not with another pair."""
    options, env = ({"consumer-key": "k"}, {}) if named == "--" else ({}, {named: "k"})

    assert read(options, {**env, "CONSUMER_SECRET": "s"}, tmp_path)["consumer-secret"].text == "s"
    for other in SECRETS[1:]:
        given = read(options, {**env, other: "s"}, tmp_path)["consumer-secret"]
        assert not given.text
        assert f"{other} is set" in given.passed_over


@pytest.mark.parametrize("declared", ["INPUT_CONSUMER-KEY", "INPUT_CONSUMER-SECRET", "INPUT_CONSUMER_KEY"])
@pytest.mark.parametrize("how", HOW)
def test_an_action_does_not_read_names_that_everybody_uses(declared: str, how: str, tmp_path: Path) -> None:
    """A runner sets the inputs to nothing where the workflow gives none: what else the job has is for others."""
    azure = {"CLIENT_ID": "id", "CLIENT_SECRET": "theirs"}
    (tmp_path / "env").write_text("CLIENT_ID=id\nCLIENT_SECRET=theirs\n", encoding="utf-8")
    for name, text in azure.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    env = {"variable": azure, "file": {f"{name}_FILE": name for name in azure}, "env file": {"ENV_FILE": "env"}}[how]
    found = read({}, {declared: "", **env}, tmp_path)

    assert [found[name].text for name in ("consumer-key", "consumer-secret")] == ["", ""]
    assert found["consumer-secret"].passed_over == (
        "CLIENT_SECRET is set, but not read in an action: it may be another service's."
    )
    assert read({}, {declared: "", "BITBUCKET_CLIENT_ID": "k"}, tmp_path)["consumer-key"].text == "k"


def test_a_file_of_a_pair_that_does_not_count_is_not_opened(tmp_path: Path) -> None:
    """It may be a pipe, or missing."""
    env = {"CONSUMER_KEY": "k", "CLIENT_SECRET_FILE": "missing", "BITBUCKET_CLIENT_ID_FILE": "missing"}

    assert read({}, env, tmp_path)["consumer-key"].text == "k"


@pytest.mark.parametrize("name", ["CONSUMER_SECRET_FILE", "ENV_FILE"])
def test_a_byte_order_mark_at_the_start_of_a_file_is_none_of_its_text(name: str, tmp_path: Path) -> None:
    """Editors on Windows write one; a second one, or one elsewhere, is left for the check of the value."""
    content = "CONSUMER_SECRET=s3cret\n" if name == "ENV_FILE" else "s3cret\n"
    (tmp_path / "file").write_text(f"\ufeff{content}", encoding="utf-8")
    assert read({}, {name: "file"}, tmp_path)["consumer-secret"].text == "s3cret"

    (tmp_path / "file").write_text("\ufeff\ufeffs3cret\n", encoding="utf-8")
    assert read({}, {"CONSUMER_SECRET_FILE": "file"}, tmp_path)["consumer-secret"].text == "\ufeffs3cret"


def test_every_variable_that_can_hold_a_secret_is_known() -> None:
    """Under each name that gives it, and that of its file."""
    known = secret_variables()

    assert {"CLIENT_SECRET", "INPUT_CONSUMER-SECRET", "PLUGIN_PASSWORD", "CODE_FILE", "INPUT_PRIVATE_KEY"} <= known
    assert not known & {"CONSUMER_KEY", "CLIENT_ID", "SCOPE", "PATH"}


@pytest.mark.parametrize("alias", ["BITBUCKET_CLIENT_SECRET", "CLIENT_SECRET"])
def test_an_alias_gives_the_input_too(alias: str, tmp_path: Path) -> None:
    """As itself, as a file, and in the env file; the failure that may follow names the alias."""
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    (tmp_path / "env").write_text(f"{alias}=s3cret\n", encoding="utf-8")
    found = [
        read({}, {alias: "s3cret"}, tmp_path),
        read({}, {f"{alias}_FILE": "secret"}, tmp_path),
        read({}, {"ENV_FILE": "env"}, tmp_path),
    ]

    assert [given["consumer-secret"].text for given in found] == ["s3cret"] * 3
    assert [given["consumer-secret"].source for given in found] == [alias, f"{alias}_FILE", f"{alias} in the env file"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\n\n", "secret\n"),
        (b"\nsecret\n", "\nsecret"),
        (b" secret \n", " secret "),
        (b"secret\r", "secret\r"),
        (b"$HOME `id` \\n %41\n", "$HOME `id` \\n %41"),
        ("geheimnis-ü".encode(), "geheimnis-ü"),
        (b"x" * LARGEST_FILE, "x" * LARGEST_FILE),
    ],
)
def test_a_file_loses_its_last_newline_and_nothing_else(content: bytes, text: str, tmp_path: Path) -> None:
    """That newline is the editor's; a second one is a mistake that the check of the value tells."""
    (tmp_path / "secret").write_bytes(content)

    given = read({}, {"CONSUMER_SECRET_FILE": "secret"}, tmp_path)

    assert given["consumer-secret"].text == text


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n"])
def test_an_empty_file_gives_nothing(content: bytes, tmp_path: Path) -> None:
    """Empty means not given, here too: a weaker source counts."""
    (tmp_path / "secret").write_bytes(content)
    (tmp_path / "env").write_text("CONSUMER_SECRET=weaker", encoding="utf-8")
    env = {"CONSUMER_SECRET_FILE": "secret", "ENV_FILE": "env"}

    assert read({}, env, tmp_path)["consumer-secret"].text == "weaker"


def test_a_file_is_not_looked_at_if_something_stronger_counts(tmp_path: Path) -> None:
    """Otherwise a leftover variable would end the run."""
    env = {"CONSUMER_SECRET": "s3cret", "CONSUMER_SECRET_FILE": "missing"}

    assert read({}, env, tmp_path)["consumer-secret"].text == "s3cret"


BAD_FILES = {
    "missing": "No such file or directory",
    "folder": "Is a directory",
    "large": "larger than 65536 bytes",
    "endless": "larger than 65536 bytes",
    "binary": "not UTF-8",
    "nul\0name": "impossible name",
    "x" * 300: "File name too long",
    "file/below": "Not a directory",
    "loop": "symbolic links",
    "socket\ud800": "impossible name",
}


@pytest.mark.parametrize("variable", ["CONSUMER_SECRET_FILE", "SCOPE_FILE", "ENV_FILE"])
@pytest.mark.parametrize("name", BAD_FILES, ids=lambda name: repr(name[:12]))
def test_a_file_that_cannot_be_read_is_named_by_its_variable(name: str, variable: str, tmp_path: Path) -> None:
    """Exit 2, and nothing of what is in it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "large").write_bytes(b"s3cret" * LARGEST_FILE)
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "binary").write_bytes(b"\x7fELF s3cret \xff\xfe")
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(InputError, match=BAD_FILES[name]) as caught:
        read({}, {variable: name}, tmp_path)

    source = "env-file" if variable == "ENV_FILE" else variable
    assert caught.value.what.startswith(f"The file that {source} names ")
    assert "s3cret" not in f"{caught.value.what} {caught.value.__cause__} {caught.value.__context__}"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container often runs as another user."""

    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path, None, flags)

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(InputError, match=r"cannot be read \(Permission denied"):
        read({}, {"CONSUMER_SECRET_FILE": "secret"}, tmp_path)


def test_a_file_may_be_a_pipe(tmp_path: Path) -> None:
    """`CONSUMER_SECRET_FILE=<(...)`: what is written into it in pieces is read whole."""
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            pipe.write(b"s3")
            pipe.write(b"cret\n")

    writer = Thread(target=write)
    writer.start()
    given = read({}, {"CONSUMER_SECRET_FILE": "pipe"}, tmp_path)
    writer.join()

    assert given["consumer-secret"].text == "s3cret"


ENV_FILE = """
# A comment
CONSUMER_KEY = key   # and another
export SCOPE="a b"
CONSUMER_SECRET='$HOME ${CONSUMER_KEY} `id` #'
TOKEN_URL=
UNRELATED=1
"""


def test_an_env_file_is_taken_literally(tmp_path: Path) -> None:
    """`$X` in a secret is no reference, and what is empty or no input is left out."""
    (tmp_path / "the.env").write_text(ENV_FILE, encoding="utf-8")

    given = read({}, {"HOME": "/root"}, tmp_path, env_file="the.env")

    assert {name: value.text for name, value in given.items()} == {
        "consumer-key": "key",
        "scope": "a b",
        "consumer-secret": "$HOME ${CONSUMER_KEY} `id` #",
    }


def test_no_env_file_is_read_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory of a CI run is untrusted: a committed `.env` could send the secret elsewhere."""
    for name in (".env", "env", ".bitbucket-token"):
        (tmp_path / name).write_text("BASE_URL=https://evil.example\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert read({}, {}, tmp_path) == {}
    assert read({}, {"ENV_FILE": ".env"}, tmp_path)["base-url"].text == "https://evil.example"


def test_an_env_file_names_no_other_file(tmp_path: Path) -> None:
    """It gives values, and the command line's choice of it is stronger than the environment's."""
    (tmp_path / "one").write_text("SCOPE=one\nENV_FILE=two\nCONSUMER_KEY_FILE=two\nINPUT_GRANT=x\n", encoding="utf-8")
    (tmp_path / "two").write_text("SCOPE=two\n", encoding="utf-8")

    given = read({}, {"ENV_FILE": "two"}, tmp_path, env_file="one")

    assert {name: value.text for name, value in given.items()} == {"scope": "one"}


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_env_file_is_read_or_a_clear_failure(content: bytes) -> None:
    """Whatever the file holds, there is no other exception."""
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    try:
        assert isinstance(read({}, {}, NOWHERE, env_file=f"/proc/self/fd/{read_end}"), dict)
    except InputError as error:
        assert "not UTF-8" in error.what  # noqa: PT017 - either outcome is fine
    finally:
        os.close(read_end)


def test_a_secret_is_not_taken_from_the_command_line() -> None:
    """Not even an empty one: whoever wrote that meant to."""
    for text in ("s3cret", ""):
        with pytest.raises(InputError, match="--consumer-secret is not taken from the command line") as caught:
            read({"consumer-secret": text}, {"CONSUMER_SECRET": "other"}, NOWHERE)
        assert "CONSUMER_SECRET_FILE" in caught.value.now
        assert "s3cret" not in caught.value.what + caught.value.why + caught.value.now
