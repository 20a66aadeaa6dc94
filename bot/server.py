"""HTTP: webhooks at /signals/{source}, Slack's events at /slack/events, /healthz."""

import hmac
import json
import logging
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.webhooks import PARSERS, Parsed
from knowledge.errors import BadArgs, NotFound
from knowledge.records import Signal

log = logging.getLogger("tandem.http")

MOST_BYTES = 8 * 2**20
"""A webhook's body: an Alertmanager group of 5,000 alerts is about 4 MB."""


@dataclass
class Counts:
    """What came in since the start, by source."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


Accept = Callable[[str, Sequence[Signal]], int]
Parse = Callable[[str, bytes], Parsed]


class TooLarge(Exception):
    """The body is larger than MOST_BYTES."""


def http_app(
    accept: Accept,
    parse: Parse,
    token: str,
    health: Callable[[], dict[str, object]],
    slack_events: Callable[[Request], Awaitable[Response]] | None = None,
    counts: Counts | None = None,
) -> Starlette:
    """`accept` stores signals durably before it returns; `token` empty means no check."""
    counts = counts or Counts()

    async def signals(request: Request) -> Response:
        source = request.path_params["source"]
        if not _authorised(request, token):
            counts.refused[source] += 1
            return _refusal(401, "authorization", "the bearer token or password is wrong")
        try:
            body = await _body(request)
            parsed = await run_in_threadpool(parse, source, body)
        except TooLarge:
            counts.refused[source] += 1
            return _refusal(413, "body", f"larger than {MOST_BYTES} bytes")
        except NotFound as error:
            return _refusal(404, "source", str(error))
        except BadArgs as error:
            counts.refused[source] += 1
            return _refusal(400, error.field, str(error))
        batch = await run_in_threadpool(accept, source, parsed.signals) if parsed.signals else None
        counts.accepted[source] += len(parsed.signals)
        counts.refused[source] += len(parsed.refused)
        if parsed.refused:
            log.warning("%s: %d alerts refused: %s", source, len(parsed.refused), parsed.refused[0])
        answer = {
            "accepted": len(parsed.signals),
            "refused": [{"field": r.field, "problem": r.problem} for r in parsed.refused],
            "batch": batch,
        }
        return JSONResponse(answer, 202 if parsed.signals or not parsed.refused else 400)

    async def healthz(_: Request) -> Response:
        state = await run_in_threadpool(health)
        state["signals"] = {"accepted": dict(counts.accepted), "refused": dict(counts.refused)}
        return JSONResponse(state, 200 if state.get("ok") else 503)

    routes = [
        Route("/signals/{source}", signals, methods=["POST"]),
        Route("/healthz", healthz),
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", slack_events, methods=["POST"]))
    return Starlette(routes=routes)


def parse_signals(source: str, body: bytes, received_at: "Callable[[], object]") -> Parsed:
    """Raises NotFound for a source nobody reads, BadArgs for a body that is not the source's."""
    if source not in PARSERS:
        raise NotFound.among("signal source", source, PARSERS)
    try:
        payload = json.loads(body)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise BadArgs("body", f"it is not JSON: {error}") from None
    return PARSERS[source](payload, received_at())


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise TooLarge
    except ClientDisconnect as error:
        raise BadArgs("body", "it ended before it was complete") from error
    return bytes(body)


def _authorised(request: Request, token: str) -> bool:
    if not token:
        return True
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:
            return False
    return hmac.compare_digest(given.encode(), token.encode())


def _refusal(status: int, field: str, problem: str) -> Response:
    return JSONResponse({"error": {"field": field, "problem": problem}}, status)
