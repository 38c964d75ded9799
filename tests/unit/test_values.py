"""How the text of one input becomes a checked value."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.errors import InputError
from pipe.inputs.values import (
    LONGEST_SECONDS,
    Given,
    is_loopback,
    parse_choice,
    parse_count,
    parse_env_name,
    parse_flag,
    parse_scopes,
    parse_seconds,
    parse_secret,
    parse_text,
    parse_url,
)
from pipe.redaction.secret import Secret


def of(text: str) -> Given:
    return Given(text, "THE_SOURCE")


def refused(parse: Callable[[], object]) -> InputError:
    """Return the error of `parse`, which names the input and its source."""
    with pytest.raises(InputError) as caught:
        parse()
    error = caught.value
    assert error.exit_code == 2
    assert error.what.startswith("the-input")
    assert "THE_SOURCE" in error.what
    return error


PARSERS: dict[str, Callable[[str, Given], object]] = {
    "text": parse_text,
    "secret": parse_secret,
    "choice": lambda name, given: parse_choice(name, given, ("basic", "body")),
    "flag": parse_flag,
    "seconds": lambda name, given: parse_seconds(name, given, at_least=0.1),
    "count": lambda name, given: parse_count(name, given, at_most=100),
    "scopes": parse_scopes,
    "env-name": parse_env_name,
    "url": parse_url,
    "optional url": lambda name, given: parse_url(name, given, optional=True),
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@given(
    text=st.text(st.characters())
    | st.text(st.sampled_from("https:/@#?[]%.0123456789abcdef-_ ,\\"))
    | st.from_regex(r"\Ahttps?://[^/]{0,20}(:[0-9]{0,6})?(/.*)?\Z")
    | st.from_regex(r"\A[0-9+-]{0,5}[._]?[0-9]{0,5}(e[0-9]{1,4})?\Z")
)
@example(text="https://[::1")
@example(text="https://a:99999999999")
def test_any_text_is_a_value_or_a_clear_failure(parse: Callable[[str, Given], object], text: str) -> None:
    """Nothing that somebody can give makes another exception than `InputError`."""
    try:
        parse("the-input", of(text))
    except InputError as error:
        assert "the-input" in error.what + error.now  # noqa: PT017 - either outcome is fine
        assert error.why  # noqa: PT017
        assert error.now  # noqa: PT017


def test_what_was_given_is_not_shown() -> None:
    """It may be a secret that nobody has taken for one yet."""
    assert "hunter2" not in repr(Given("hunter2", "CONSUMER_SECRET"))


@pytest.mark.parametrize("text", ["", "plain", "with space", "ünïcode", "-x", "a$HOME", "%41", "a" * 10_000])
def test_a_text_is_taken_as_it_is(text: str) -> None:
    """Nothing in it is expanded or trimmed."""
    assert parse_text("the-input", of(text)) == text
    assert parse_secret("the-input", of(text)).reveal() == text


@pytest.mark.parametrize(
    "text",
    [
        *(" hunter2", "hunter2 ", "hunter2\n", "\nhunter2", "hunter2\r\n", "hun\nter2", "hunter2\t", "hun\x00ter2"),
        *("hun\x1bter2", "hunter2\x7f", "hun\x85ter2", "hun\u2028ter2", "\u00a0hunter2", "hunter2\u3000"),
        "hunter2\udcff",
    ],
)
def test_a_text_pasted_with_too_much_is_refused_and_not_shown(text: str) -> None:
    """A secret with a line break at its end is the most frequent mistake of all."""
    for shown in (True, False):
        error = refused(lambda shown=shown: parse_text("the-input", of(text), shown=shown))  # type: ignore[misc]
        assert "hun" not in error.what + error.why + error.now
    assert "hun" not in repr(refused(lambda: parse_secret("the-input", of(text))))


# A byte order mark, a zero-width space and joiner, a soft hyphen, a mark of direction, a tag: category Cf, each of it.
INVISIBLE = ["\ufeff", "\u200b", "\u200d", "\u00ad", "\u202e", "\U000e0041"]


@pytest.mark.parametrize("character", INVISIBLE)
@pytest.mark.parametrize("text", ["{}hunter2", "hun{}ter2", "hunter2{}"])
def test_an_invisible_character_in_a_secret_is_refused_and_not_shown(text: str, character: str) -> None:
    """The person sees the right secret, and the server gets another one."""
    error = refused(lambda: parse_secret("the-input", of(text.format(character))))

    assert "invisible character" in error.what
    assert not any(part in error.what + error.why + error.now for part in ("hun", "ter2", character))
    assert parse_text("the-input", of(text.format(character))) == text.format(character), "in a name of a file"


@pytest.mark.parametrize("text", ["gro\u00dfes-\U0001f600-\u0e01\u0e33", "\u05d0\u05d1", "a\u00a0b"])
def test_other_letters_of_the_world_may_stand_in_a_secret(text: str) -> None:
    """They are seen."""
    assert parse_secret("the-input", of(text)) == Secret(text)


def test_a_choice_is_one_of_those_allowed() -> None:
    """The failure names them all, and what was given instead."""
    assert parse_choice("the-input", of("body"), ("basic", "body")) == "body"

    error = refused(lambda: parse_choice("the-input", of("Body"), ("", "basic", "body")))

    assert "'Body'" in error.what
    assert error.now == "Allowed: one of: basic, body."


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "yes", "on", "1"])
def test_true_has_several_spellings(text: str) -> None:
    """Those of YAML."""
    assert parse_flag("the-input", of(text)) is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE", "no", "off", "0"])
def test_false_has_several_spellings(text: str) -> None:
    """Those of YAML."""
    assert parse_flag("the-input", of(text)) is False


@pytest.mark.parametrize("text", ["", "maybe", "2", "truee", " true", "t", "null", "¹"])
def test_nothing_else_is_true_or_false(text: str) -> None:
    """A misspelt `false` must not turn something on."""
    assert "`true` or `false`" in refused(lambda: parse_flag("the-input", of(text))).now


@pytest.mark.parametrize(("text", "seconds"), [("0.1", 0.1), ("10", 10), ("1e3", 1000), ("86400", LONGEST_SECONDS)])
def test_seconds_may_have_a_fraction(text: str, seconds: float) -> None:
    """From the least allowed to a day."""
    assert parse_seconds("the-input", of(text), at_least=0.1) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.09", "-1", "86401", "1e400", "inf", "nan", "ten", "10s", "1,5", "0x10"])
def test_other_seconds_are_refused(text: str) -> None:
    """The failure says what is in range."""
    assert "0.1 to 86400" in refused(lambda: parse_seconds("the-input", of(text), at_least=0.1)).now


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("5", 5), ("100", 100), ("007", 7)])
def test_a_count_is_a_whole_number_from_one_on(text: str, count: int) -> None:
    """Up to what makes sense for the input."""
    assert parse_count("the-input", of(text), at_most=100) == count


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", "1.0", "101", "9" * 5000, "one", "٣", "1_0", "1 ", "²"])
def test_other_counts_are_refused(text: str) -> None:
    """The failure says what is in range, and does not repeat five thousand digits."""
    error = refused(lambda: parse_count("the-input", of(text), at_most=100))

    assert "1 to 100" in error.now
    assert len(error.what) < 200


def test_scopes_are_a_list() -> None:
    """As written by a user; characters that no scope has are refused."""
    assert parse_scopes("the-input", of("a, b\nc")) == ("a", "b", "c")
    assert "separated by commas or spaces" in refused(lambda: parse_scopes("the-input", of('a"b'))).now


@pytest.mark.parametrize("text", ["T", "_T", "BITBUCKET_ACCESS_TOKEN", "bitbucket_token", "a1", "A" * 128])
def test_a_variable_has_a_portable_name(text: str) -> None:
    """Letters, digits and the underscore."""
    assert parse_env_name("the-input", of(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1A",
        "A-B",
        "A B",
        "A=B",
        "A\n",
        "A\nB=C",
        "A<<B",
        "$A",
        "Ä",
        "\uff21",
        "A.B",
        "A" * 129,
        "A;id",
        "A\0",
        "`id`",
    ],
)
def test_no_other_name_is_one_of_a_variable(text: str) -> None:
    """It is written into files that shells and runners read."""
    assert "letters, digits and _" in refused(lambda: parse_env_name("the-input", of(text))).now


@pytest.mark.parametrize("text", ["PATH", "LD_PRELOAD", "BASH_ENV", "GITHUB_ENV", "CI", "Path", "node_options"])
def test_a_variable_that_changes_programs_is_refused(text: str) -> None:
    """A token in `LD_PRELOAD` is a path to a library; the failure says which name would do."""
    error = refused(lambda: parse_env_name("the-input", of(text)))

    assert f"must not be {text}" in error.what
    assert "BITBUCKET_ACCESS_TOKEN" in error.now


@pytest.mark.parametrize(
    "url",
    [
        "https://bitbucket.org",
        "https://bitbucket.org/",
        "https://git.example.com:7990/context/path",
        "https://xn--bcher-kva.example",
        "https://under_score.example.com",
        "https://10.0.0.1:8443",
        "https://[2001:db8::1]:7990/path",
        "https://[::1]",
        "https://host:1",
        "https://host:65535",
        "HTTPS://Bitbucket.ORG",
        "https://host./x",
        "https://host/a%20b?c=d&e",
        "http://localhost:8080",
        "http://LOCALHOST",
        "http://127.0.0.1:1234/site/oauth2/access_token",
        "http://127.255.255.254",
        "http://[::1]:8080",
    ],
)
def test_an_address_is_https_or_loopback(url: str) -> None:
    """With a port, a path, an address instead of a name; it is taken as it is, but for the case of its scheme."""
    scheme, colon, rest = url.partition(":")
    assert parse_url("the-input", of(url)) == scheme.lower() + colon + rest


@pytest.mark.parametrize(
    "url",
    [
        "http://bitbucket.org",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.256",
        "http://127.0.0",
        "http://127.1",
        "http://2130706433",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://10.0.0.1",
        "ftp://bitbucket.org",
        "file://host/etc/passwd",
        "ws://127.0.0.1",
        "//bitbucket.org",
    ],
)
def test_a_secret_goes_over_no_open_wire(url: str) -> None:
    """Only to this very machine is http allowed."""
    assert "https://, or http:// to a loopback address" in refused(lambda: parse_url("the-input", of(url))).now


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bitbucket.org",
        "bitbucket.org:443",
        "https:",
        "https://",
        "https:///path",
        "https:bitbucket.org",
        "https:/bitbucket.org",
        "https://:443",
        "https://host:x",
        "https://host:65536",
        "https://host:-1",
        "https://[::1",
        "https://::1]",
        "https://[::1%25eth0]",
        "https://bücher.example",
        "https://host/ü",
        "https://ho st",
        " https://host",
        "https://host\n",
        "https://ho\tst",
        "https://host/\x00",
        "https://host\\@evil.example",
        "https://host/<script>",
        "https://host/\"'`",
        "https://host\u2028",
        "https://host/\udcff",
        "https://.",
        "https://.host",
        "https://a..b",
        "https://*",
        "https://%62itbucket.org",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 130 + "example",
        "https://a,b",
        "https://a!b",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    """It is a wrong input, not a server that cannot be reached."""
    error = refused(lambda: parse_url("the-input", of(url)))

    assert "such as https://bitbucket.org" in error.now


@pytest.mark.parametrize(
    "url",
    [
        "https://key:hunter2@bitbucket.org",
        "https://hunter2@bitbucket.org",
        "https://@bitbucket.org",
        "https://bitbucket.org/#hunter2",
        "https://bitbucket.org#",
        "http://key:hunter2@127.0.0.1",
    ],
)
def test_an_address_holds_no_credentials_and_no_fragment(url: str) -> None:
    """They would be sent or shown; the failure does not show them either."""
    error = refused(lambda: parse_url("the-input", of(url)))

    assert "without `user@` and `#`" in error.now
    assert "hunter2" not in error.what + error.why + error.now


def test_an_address_may_be_optional() -> None:
    """Empty means not given."""
    assert parse_url("the-input", of(""), optional=True) == ""


@given(st.from_regex(r"https?://[!-~]{1,30}", fullmatch=True))
def test_an_accepted_address_leads_where_it_says(url: str) -> None:
    """Its host is one name or address, nothing stands before it, and http is for this machine."""
    try:
        parse_url("the-input", of(url))
    except InputError:
        return
    parts = urlsplit(url)
    assert parts.hostname
    assert "@" not in parts.netloc
    assert parts.scheme == "https" or is_loopback(parts.hostname)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    """By its name, or by its address in either protocol."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "127", "127.0.0.1.", "127.0.0.٣", "::", "localhost.", "ip6-localhost", "0"])
def test_nothing_else_is_loopback(host: str) -> None:
    """Not even what some name server may map to it."""
    assert not is_loopback(host)


@pytest.mark.parametrize("text", ["$CONSUMER_SECRET", "${SECRET_2}", "$(Consumer.Secret)", "${{ secrets.SECRET }}"])
def test_a_variable_that_the_ci_did_not_replace_is_no_secret(text: str) -> None:
    """It would be sent and refused, and the log would speak of a wrong secret."""
    with pytest.raises(InputError, match="name of a variable instead of its value") as caught:
        parse_secret("consumer-secret", Given(text, "CONSUMER_SECRET"))

    assert caught.value.exit_code == 2
    assert text not in caught.value.what


@pytest.mark.parametrize("text", ["$ecret", "pa$$WORD", "$", "${x}", "$(a b)"])
def test_a_secret_with_a_dollar_is_taken(text: str) -> None:
    """Only what is nothing but the name of a variable is refused."""
    assert parse_secret("consumer-secret", Given(text, "CONSUMER_SECRET")) == Secret(text)
