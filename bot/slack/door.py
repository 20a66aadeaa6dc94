"""Slack's requests over HTTP: size, time and signature are checked before anything reads them.

Bolt checks the signature too, but only after it has read a body of any size and parsed it, and it
answers 500 to a timestamp that is no number. What nobody has signed is not worth that.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from starlette.requests import Request
from starlette.responses import Response

from bot.http_bodies import Refusal, read_body
from bot.webhooks.auth import Hmac, Received

log = logging.getLogger("tandem.slack")

MOST_BYTES = 2 * 2**20
"""A window with all its blocks and what was typed is below 1 MB."""
MOST_PARTS = 100
"""Pairs of a form; Slack sends a dozen at most."""

_OBJECTS = ("event", "user", "channel", "team", "container", "message", "view", "state", "item")
_LISTS = ("actions", "authorizations", "blocks")
_WORDS = ("type", "user_id", "channel_id", "team_id", "command", "trigger_id", "text", "subtype")
_MALFORMED = (ValueError, RecursionError, TypeError, AttributeError, KeyError, IndexError)
"""What Bolt raises while it reads a body of a shape that Slack never sends."""

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(
    app: AsyncApp, secret: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Endpoint:
    """POST /slack/events. Without a secret nothing is taken."""
    signed = slack_signature(secret)

    async def take(request: Request) -> Response:
        try:
            body = await read_body(request, MOST_BYTES)
            _check(signed, secret, Received(body, request.headers, request.query_params, now()))
            read = _read(request, body)
        except Refusal as refusal:
            return refusal.response
        return to_starlette_response(await app.async_dispatch(read))

    return take


def slack_signature(secret: str) -> Hmac:
    """ "v0=" and the HMAC-SHA256 of "v0:<time>:<body>", not older than five minutes."""
    return Hmac(
        (secret.encode(),),
        "X-Slack-Signature",
        prefix="v0=",
        signed="v0:{timestamp}:{body}",
        timestamp_header="X-Slack-Request-Timestamp",
    )


def _check(signed: Hmac, secret: str, received: Received) -> None:
    """Raises Refusal without the reason, which is for our log only."""
    why = signed.reason(received) if secret else "SLACK_SIGNING_SECRET is not set"
    if not why and not received.headers.get("x-slack-request-timestamp", "").isdecimal():
        why = "its time is no number of seconds"  # Bolt reads no other
    if why:
        log.warning("a request to /slack/events is refused: %s", why)
        raise Refusal(401, "authorization", "the sender did not prove who it is")


def _read(request: Request, body: bytes) -> AsyncBoltRequest:
    """Raises Refusal for what was signed and is none of Slack's all the same."""
    try:
        read = to_async_bolt_request(request, body)
        fits = body.count(b"&") <= MOST_PARTS or body[:1] == b"{"
        known = fits and _is_slacks(read.body)
    except _MALFORMED:
        known = False
    if not known:
        log.warning("a signed request to /slack/events is none of Slack's")
        raise Refusal(400, "body", "it is no request of Slack")
    return read


def _is_slacks(body: object) -> bool:
    """Whether what everyone after us takes for an object, a list or a word is one."""
    if not isinstance(body, dict):
        return False
    event, pressed = body.get("event"), body.get("actions", [{"action_id": ""}])
    return (
        _fits(body)
        and (not isinstance(event, dict) or _fits(event, user=str, channel=str, team=str))
        and bool(pressed)
        and all(isinstance(a, dict) and isinstance(a.get("action_id"), str) for a in pressed)
    )


def _fits(values: Mapping[str, Any], **kinds: type) -> bool:
    expected = {
        **dict.fromkeys(_OBJECTS, dict),
        **dict.fromkeys(_LISTS, list),
        **dict.fromkeys(_WORDS, str),
        **kinds,
    }
    return all(
        values[name] is None or isinstance(values[name], kind)
        for name, kind in expected.items()
        if name in values
    )
