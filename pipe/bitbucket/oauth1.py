"""OAuth 1.0a (RFC 5849) as a Data Center's application links take it: two-legged, signed with RSA-SHA1.

For Atlassian's OAuth plugin a request is two-legged only if it has an `oauth_token`, and an empty one; without it, the
server looks at no signature and answers as to anybody. Libraries leave an empty one out, so the header is made here.
"""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

from pipe.http.proxies import USUAL_PORTS
from pipe.oauth.rsa_signature import sign
from pipe.redaction.secret import Secret


def authorization(
    method: str, url: str, *, consumer_key: str, private_key: Secret, timestamp: int, nonce: str
) -> Secret:
    """Return the `Authorization` header that signs a request whose body is no form (RFC 5849 section 3.5.1).

    `url` is the address with its query, as it is sent. `nonce` is used once.
    """
    protocol = {
        "oauth_consumer_key": consumer_key,
        "oauth_token": "",
        "oauth_signature_method": "RSA-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_nonce": nonce,
        "oauth_version": "1.0",
    }
    text = base_string(method, url, protocol.items())
    protocol["oauth_signature"] = b64encode(sign(private_key, text.encode(), "sha1")).decode()
    return Secret("OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in protocol.items()))


def base_string(method: str, url: str, protocol: Iterable[tuple[str, str]]) -> str:
    """Return the text that is signed (RFC 5849 section 3.4.1), for a request without a form in its body."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    parameters = sorted((_escape(name), _escape(value)) for name, value in (*query, *protocol))
    normalized = "&".join(f"{name}={value}" for name, value in parameters)
    return "&".join(map(_escape, (method.upper(), _address(url), normalized)))


def _address(url: str) -> str:
    """The base string URI (section 3.4.1.2): scheme and host in lower case, no usual port, the path as it is sent."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path or '/'}"


def _escape(text: str) -> str:
    """Percent-encode as section 3.6 wants it: all but letters, digits, `-`, `.`, `_` and `~`, in upper case."""
    return quote(text, safe="")
