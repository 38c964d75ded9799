"""A Bitbucket Data Center of one's own: users, application links, and the REST API of HTTP access tokens."""

from sandbox.data_center.people import ApplicationLink, HttpToken, User
from sandbox.data_center.server import DataCenter

__all__ = ["ApplicationLink", "DataCenter", "HttpToken", "User"]
