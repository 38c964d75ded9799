"""An OAuth 2.0 server made with Authlib and Flask, for the tests: on a free port, with an issuer that has a path.

    python authlib_server.py CLIENTS [BEHIND]

CLIENTS is a JSON object: for each client's id its `secret` or its `jwk`, and its `method` of authentication. BEHIND
says by how many seconds its clock is. The first line on standard output is the issuer. It ends when standard input
does, so it never outlives the test.
"""

import json
import os
import sys
import time
from threading import Thread
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]
from flask import Flask
from werkzeug.serving import make_server

METHODS = ("client_secret_basic", "client_secret_post", "client_assertion_jwt")


class Client(ClientMixin):  # type: ignore[misc]
    """What the server knows of one client."""

    def __init__(self, client_id: str, method: str, secret: str = "", jwk: object = None) -> None:
        self.client_id = client_id
        self.method = method
        self.secret = secret
        self.jwk = jwk

    def get_client_id(self) -> str:
        return self.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret) and client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(name for name in (scope or "").split() if name in ("repository", "account"))


class Token(TokenMixin):  # type: ignore[misc]
    """A token that was handed out."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.revoked = False

    def check_client(self, client: Client) -> bool:
        return client is self.client

    def is_revoked(self) -> bool:
        return self.revoked

    def is_expired(self) -> bool:
        return False


def application(issuer: str, clients: dict[str, Client]) -> Flask:
    """The server's pages."""
    app = Flask(__name__)
    tokens: dict[str, Token] = {}
    used = set()
    base = issuer.removesuffix("/tenant")

    class Grant(ClientCredentialsGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
        def get_audiences(self) -> list[str]:
            return [f"{base}/token"]

        def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
            new = jti not in used
            used.add(jti)
            return new

        def resolve_client_public_key(self, client: Client) -> object:
            return client.jwk

    class Revocation(RevocationEndpoint):  # type: ignore[misc]
        CLIENT_AUTH_METHODS = METHODS

        def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
            return tokens.get(token_string)

        def revoke_token(self, token: Token, request: object) -> None:
            token.revoked = True

    class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
        CLIENT_AUTH_METHODS = METHODS

        def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
            return tokens.get(token_string)

        def check_permission(self, token: Token, client: Client, request: object) -> bool:
            return True

        def introspect_token(self, token: Token) -> dict[str, object]:
            return {"active": True, "client_id": token.client.client_id}

    def save(token: dict[str, str], request: Any) -> None:
        tokens[token["access_token"]] = Token(request.client)

    server = AuthorizationServer(app, query_client=clients.get, save_token=save)
    server.register_grant(Grant)
    server.register_client_auth_method("client_assertion_jwt", Assertion(leeway=0))
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)

    @app.get("/.well-known/oauth-authorization-server/tenant")
    def metadata() -> dict[str, object]:
        return {
            "issuer": issuer,
            "token_endpoint": f"{base}/token",
            "revocation_endpoint": f"{base}/revoke",
            "introspection_endpoint": f"{base}/introspect",
            "response_types_supported": [],
        }

    app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
    for name in ("revocation", "introspection"):
        path = {"revocation": "/revoke", "introspection": "/introspect"}[name]
        app.add_url_rule(path, name, lambda name=name: server.create_endpoint_response(name), methods=["POST"])
    return app


def main() -> None:
    """Serve until standard input ends."""
    clients = {name: Client(name, **known) for name, known in json.loads(sys.argv[1]).items()}
    now, behind = time.time, float(sys.argv[2]) if sys.argv[2:] else 0.0
    time.time = lambda: now() - behind
    # Authlib takes http for a mistake unless it is told that this is one on purpose.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    http = make_server("127.0.0.1", 0, Flask(__name__), threaded=True)
    issuer = f"http://127.0.0.1:{http.server_port}/tenant"
    http.app = application(issuer, clients)
    Thread(target=http.serve_forever, daemon=True).start()
    sys.stdout.write(f"{issuer}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
