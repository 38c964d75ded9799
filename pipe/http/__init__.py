"""The way to a server and back: one request, tried again, through proxies, under TLS, within the deadline."""
