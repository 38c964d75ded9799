"""How a token is got: one file for each grant, named as in the `grant` input, each with one function `acquire`."""

from collections.abc import Callable
from importlib import import_module

from pipe.grants.request import TokenRequest
from pipe.http.context import Means
from pipe.inputs.inputs import Inputs
from pipe.oauth.token import AccessToken


def taking_back(name: str) -> Callable[[Inputs, Means, str], tuple[str, int]] | None:
    """The function that deletes the tokens which the grant called `name` has created; None if it creates none.

    It takes what the build is called, and returns what the tokens were called and how many there were.
    """
    return getattr(import_module(f"pipe.grants.{name}"), "delete", None)


def makes_tokens(name: str) -> bool:
    """Whether the grant called `name` gets tokens of its own, and not one that was there before."""
    return bool(getattr(import_module(f"pipe.grants.{name}"), "MAKES_TOKENS", True))


def using_up(name: str) -> Callable[[TokenRequest], str]:
    """The function that says what a request by the grant called `name` uses up for good; empty if nothing."""
    says: Callable[[TokenRequest], str] = getattr(import_module(f"pipe.grants.{name}"), "uses_up", lambda _request: "")
    return says


def looking(name: str) -> Callable[[TokenRequest], str] | None:
    """The function that asks the server of the grant called `name` without changing anything, and says what it found.

    None if there is none, for the grant itself changes nothing that is in use.
    """
    return getattr(import_module(f"pipe.grants.{name}"), "look", None)


def grant(name: str) -> Callable[[TokenRequest], AccessToken]:
    """The function that gets a token by the grant called `name`; only that grant is imported."""
    acquire: Callable[[TokenRequest], AccessToken] = import_module(f"pipe.grants.{name}").acquire
    return acquire
