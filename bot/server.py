"""HTTP: webhooks at /signals/{source} and /changes, Slack's events at /slack/events, /healthz."""

import hmac
import json
import logging
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.webhooks import PARSERS, Parsed, changes, parser_for
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.records import Change, Signal

log = logging.getLogger("tandem.http")

MOST_BYTES = 8 * 2**20
"""A webhook's body: an Alertmanager group of 5,000 alerts is about 4 MB."""


@dataclass
class Counts:
    """What came in since the start, by source."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


Accept = Callable[[str, Sequence[Signal]], int]
SlackEvents = Callable[[Request], Awaitable[Response]]


class TooLarge(Exception):
    """The body is larger than MOST_BYTES."""


@dataclass
class Intakes:
    """Where what comes in goes. Both store durably before they return."""

    signals: Accept
    change: Callable[[Change], None]
    now: Callable[[], datetime]


def http_app(
    intakes: Intakes,
    token: str,
    health: Callable[[], dict[str, object]],
    slack_events: SlackEvents | None = None,
    counts: Counts | None = None,
) -> Starlette:
    """`token` must come with webhooks; empty means no check."""
    counts = counts or Counts()

    async def signals(request: Request) -> Response:
        source = request.path_params["source"]
        try:
            body = await _checked_body(request, token)
            parsed = await run_in_threadpool(read_signals, source, body, intakes.now())
        except Refusal as refusal:
            # Anyone may call any address: names we do not know are counted as one.
            counts.refused[source if source in PARSERS else "unknown"] += 1
            return refusal.response
        if parsed.signals:
            await run_in_threadpool(intakes.signals, source, parsed.signals)
        counts.accepted[source] += len(parsed.signals)
        counts.refused[source] += len(parsed.refused)
        if parsed.refused:
            log.warning("%s: %d alerts refused: %s", source, len(parsed.refused), parsed.refused[0])
        answer = {
            "accepted": len(parsed.signals),
            "refused": [
                {"field": r.path, "problem": r.problem, "remedy": r.remedy} for r in parsed.refused
            ],
        }
        return JSONResponse(answer, 202 if parsed.signals or not parsed.refused else 400)

    async def change(request: Request) -> Response:
        try:
            body = await _checked_body(request, token)
            parsed = _read_change(body, intakes.now())
        except Refusal as refusal:
            counts.refused["changes"] += 1
            return refusal.response
        await run_in_threadpool(intakes.change, parsed)
        counts.accepted["changes"] += 1
        return JSONResponse({"accepted": 1, "id": parsed.id}, 202)

    async def healthz(_: Request) -> Response:
        state = await run_in_threadpool(health)
        state["received"] = {"accepted": dict(counts.accepted), "refused": dict(counts.refused)}
        return JSONResponse(state, 200 if state.get("ok") else 503)

    routes = [
        Route("/signals/{source}", signals, methods=["POST"]),
        Route("/changes", change, methods=["POST"]),
        Route("/healthz", healthz),
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", slack_events, methods=["POST"]))
    return Starlette(routes=routes, exception_handlers={Unavailable: _unavailable})


class Refusal(Exception):
    """A request that is not taken, with the answer that says why."""

    def __init__(self, status: int, field: str, problem: str) -> None:
        super().__init__(problem)
        answer = {"error": {"field": field, "problem": problem}}
        self.response = JSONResponse(answer, status)


def read_signals(source: str, body: bytes, now: datetime) -> Parsed:
    """Raises Refusal: 404 for a source nobody reads, 400 for a body that is not the source's."""
    try:
        return parser_for(source)(body, now)
    except NotFound as error:
        raise Refusal(404, "source", str(error)) from error
    except BadArgs as error:
        raise Refusal(400, error.field, str(error)) from error


def _read_change(body: bytes, now: datetime) -> Change:
    try:
        payload: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "body", f"it is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "body", "a JSON object is needed")
    try:
        return changes.parse(payload, now)
    except BadArgs as error:
        raise Refusal(400, error.field, str(error)) from error


async def _checked_body(request: Request, token: str) -> bytes:
    if not _authorised(request, token):
        raise Refusal(401, "authorization", "the bearer token or the password is wrong")
    try:
        return await _body(request)
    except TooLarge:
        raise Refusal(413, "body", f"larger than {MOST_BYTES} bytes") from None
    except ClientDisconnect:
        raise Refusal(400, "body", "it ended before it was complete") from None


async def _unavailable(_: Request, error: Exception) -> Response:
    """Not stored, so not accepted: the sender should try again."""
    log.error("not accepted: %s", error)
    return JSONResponse({"error": {"field": "", "problem": str(error)}}, 503)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge
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
