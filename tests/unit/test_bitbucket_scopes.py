"""Which of Bitbucket Cloud's scopes imply others, as its documentation says and its answers show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.oauth.checks import IMPLIED, with_implied


@pytest.mark.parametrize(
    ("granted", "implied"),
    [
        ("project", {"repository"}),
        ("repository:write", {"repository"}),
        ("pullrequest", {"repository"}),
        ("pullrequest:write", {"pullrequest", "repository:write", "repository"}),
        ("issue:write", {"issue"}),
        ("snippet:write", {"snippet"}),
        ("account:write", {"account", "email"}),
        ("account", {"email"}),
        ("team:write", {"team"}),
        ("pipeline:variable", {"pipeline:write", "pipeline"}),
        ("pipeline:write", {"pipeline"}),
        ("runner:write", {"runner"}),
    ],
)
def test_a_scope_implies_what_the_documentation_says(granted: str, implied: set[str]) -> None:
    """Directly or through others."""
    assert with_implied([granted]) == implied | {granted}


@pytest.mark.parametrize(
    "granted",
    """
    repository repository:admin repository:delete project:admin project:write issue wiki webhook snippet email team
    pipeline runner
    read:repository:bitbucket write:repository:bitbucket unknown
    """.split(),
)
def test_no_other_scope_implies_any(granted: str) -> None:
    """Not even `repository:admin` implies `repository`."""
    assert with_implied([granted]) == {granted}


@given(st.lists(st.sampled_from([*IMPLIED, "account", "wiki"])))
def test_what_is_implied_is_complete(granted: list[str]) -> None:
    """Asking again adds nothing, and nothing granted is lost."""
    once = with_implied(granted)

    assert with_implied(once) == once
    assert set(granted) <= once
