"""`/site/oauth2/authorize`, where a person would click "Grant access"; here the click has been made."""

from collections.abc import Sequence
from urllib.parse import urlencode

from sandbox.consumers import Consumer
from sandbox.messages import Request, Response, html_response
from sandbox.tokens import Tokens


class Authorize:
    """Sends the browser back to the consumer's callback URL with a code and the state it brought."""

    def __init__(self, consumers: Sequence[Consumer], tokens: Tokens) -> None:
        self._consumers = consumers
        self._tokens = tokens

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        asked = request.parameters
        consumer = next((one for one in self._consumers if one.key == asked.get("client_id")), None)
        redirect_uri = asked.get("redirect_uri")
        if consumer is None or asked.get("response_type") != "code":
            return html_response(400, "This integration is misconfigured. Contact the vendor for assistance.")
        if redirect_uri is not None and not redirect_uri.startswith(consumer.callback_url):
            return html_response(400, "Invalid redirect_uri")
        code = self._tokens.mint_code(consumer, redirect_uri, asked.get("code_challenge"))
        answer = {"code": code, **({"state": asked["state"]} if "state" in asked else {})}
        target = redirect_uri or consumer.callback_url
        return Response(302, headers={"Location": f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}"})
