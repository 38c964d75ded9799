"""What the loaded file exports."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipe.export.env_file import quote, render
from pipe.redaction.secret import Secret
from tests.envfile.shells import NAME, TOKEN, Shell, env_file

few = settings(max_examples=15, suppress_health_check=list(HealthCheck))
any_text = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
tricky_text = st.text("'\"$`\\!#*?~ \t\r\n{}()&;|<>=%^a1\x01\x7f", max_size=40)


def read_back(names: list[str]) -> str:
    """A script line that prints the exported values, each ended by NUL, as another program gets them."""
    return "; ".join(f'sh -c \'printf "%s\\000" "${name}"\'' for name in names)


def test_the_token_and_its_facts_are_exported(any_shell: Shell, work: Path) -> None:
    """The token, its end and its scopes are in the environment of the next command."""
    load = env_file(work / "env", mask_log=False)
    ran = any_shell.run(f"{load}\n{read_back([NAME, NAME + '_EXPIRES_AT', NAME + '_SCOPES'])}", cwd=work, hidden=None)
    assert ran.out == f"{TOKEN}\0".encode() + b"2030-01-02T03:04:05Z\0account pipeline\0"
    assert (ran.status, ran.err) == (0, b"")


@few
@given(values=st.lists(any_text | tricky_text, min_size=5, max_size=5))
def test_no_byte_of_a_value_is_expanded(shell: Shell, work: Path, values: list[str]) -> None:
    """Whatever a value contains, also where `!` recalls history, the variable holds exactly that."""
    names = [f"V{number}" for number in range(len(values))]
    text = render(dict(zip(names, values, strict=True)), masks=(), mask_log=False, remove=None)
    (work / "env").write_text(text, newline="", encoding="utf-8")
    ran = shell.run(f". ./env\n{read_back(names)}", cwd=work, hidden=None)
    assert ran.out == "".join(f"{value}\0" for value in values).encode()
    assert (ran.status, ran.err) == (0, b"")


def test_the_text_can_be_evaluated(any_shell: Shell, work: Path) -> None:
    """`eval "$(...)"` does the same as loading a file."""
    env_file(work / "env")
    ran = any_shell.run(f'eval "$(cat env)"\necho "<${NAME}>"; echo "<${NAME}>" >&2; exit 3', cwd=work)
    assert (ran.status, ran.out, ran.err) == (3, b"<***>\n", b"<***>\n")


@pytest.mark.parametrize("name", ["", "1A", "A B", "A;id", "A=B", "Ä", "A\n"])
def test_a_name_is_never_shell_code(name: str) -> None:
    """A name that is no shell variable's is refused."""
    with pytest.raises(ValueError, match="not the name"):
        render({name: "x"}, masks=(), mask_log=False, remove=None)


def test_a_nul_is_refused() -> None:
    """A NUL, which no shell can hold, is refused, and the value is not shown."""
    with pytest.raises(ValueError, match="NUL") as caught:
        render({"A": Secret("secret\0")}, masks=(), mask_log=False, remove=None)
    assert "secret" not in str(caught.value)


@given(text=tricky_text)
def test_a_quoted_text_is_a_single_word(text: str) -> None:
    """Quotes are only ever closed around an escaped quote."""
    assert quote(text)[1:-1].replace("'\\''", "").count("'") == 0


class TestTheFileItself:
    """Removing the file after loading."""

    @pytest.mark.parametrize("folder", ["plain", 'it\'s "a" $dir `x`', "new\nline"])
    def test_it_removes_itself(self, shell: Shell, work: Path, folder: str) -> None:
        """The file is gone after loading, whatever its path."""
        file = work / folder / "env"
        file.parent.mkdir()
        ran = shell.run(f'{env_file(file, remove=str(file))}\nls {quote(folder)}; echo "${NAME}"', cwd=work)
        assert (ran.status, ran.out, ran.err) == (0, b"***\n", b"")

    def test_it_removes_itself_where_it_is_mounted_elsewhere(self, shell: Shell, work: Path) -> None:
        """A container that saw the checkout at another path wrote a file that is removed all the same."""
        (work / ".bitbucket-token").mkdir()
        file = work / ".bitbucket-token" / "env"
        env_file(file, remove="/mounted/in/the/container/.bitbucket-token/env")
        assert shell.run(". ./.bitbucket-token/env", cwd=work).status == 0
        assert not file.exists()

    def test_it_removes_no_other_file(self, shell: Shell, work: Path) -> None:
        """A file at the same path that is not this one stays."""
        other = work / "other"
        other.write_text("something else\n")
        load = env_file(work / "env", remove=str(other))
        assert shell.run(load, cwd=work).status == 0
        assert other.exists()

    def test_it_stays_if_kept(self, shell: Shell, work: Path) -> None:
        """Without a path to remove, the file is still there."""
        load = env_file(work / "env")
        assert shell.run(load, cwd=work).status == 0
        assert (work / "env").exists()
