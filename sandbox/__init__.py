"""A Bitbucket stand-in on this machine, for the demo and the tests. It prints no secret and no token."""

from sandbox.consumers import Consumer
from sandbox.faults import WRONG_SHAPES, Fault
from sandbox.messages import Request
from sandbox.sandbox import Sandbox
from sandbox.tokens import Token

__all__ = ["WRONG_SHAPES", "Consumer", "Fault", "Request", "Sandbox", "Token"]
