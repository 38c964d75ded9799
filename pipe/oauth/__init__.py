"""OAuth 2.0 (RFC 6749) whoever the server is: its endpoints, its token response, and the token itself."""
