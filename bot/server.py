"""HTTP: webhooks at /signals/{source} and /changes[/{source}], Slack's events, /healthz, /readyz.

A webhook is answered when what it holds is on disk, and not before. All that blocks is one hop to
a worker thread: who sent it, what it holds, and storing it.
"""

import asyncio
import logging
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.http_bodies import Refusal, read_body, too_large
from bot.sns import SnsVerifier
from bot.spans import NoSpans, Spans
from bot.webhooks import Parsed, ParsedChanges, Refused, Sources, built_in
from bot.webhooks.auth import Auth, Received, Sns
from bot.webhooks.fields import clean
from bot.webhooks.parsed import Handshake
from bot.webhooks.sources import AnyParser, Source
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.records import Change, Signal
from knowledge.tracing import begun, read_traceparent, traced

log = logging.getLogger("tandem.http")

THREADS = 32
"""Webhooks that are stored at the same time; they share a commit."""
PLAIN = ("", "identity")
GZIP = ("gzip", "x-gzip")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclass
class Counts:
    """What came in since the start, by source."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, label: str, accepted: int = 0, refused: int = 0) -> None:
        """From any thread."""
        with self._lock:
            self.accepted.update({label: accepted} if accepted else {})
            self.refused.update({label: refused} if refused else {})


Accept = Callable[[str, bytes, Sequence[Signal]], int]
"""Source, its body (inflated) and what was read of it -> the batch's id. Stores durably."""
SlackEvents = Callable[[Request], Awaitable[Response]]


def at_once() -> None:
    """Nothing is more urgent than a webhook."""


@dataclass
class Intakes:
    """Where what comes in goes. Both store durably before they return."""

    signals: Accept
    change: Callable[[Change], None]
    now: Callable[[], datetime]


def http_app(
    intakes: Intakes,
    sources: Sources | str,
    health: Callable[[], dict[str, object]],
    slack_events: SlackEvents | None = None,
    counts: Counts | None = None,
    *,
    sns: SnsVerifier | None = None,
    ready: Callable[[], dict[str, object]] | None = None,
    spans: Spans | None = None,
    give_way: Callable[[], None] = at_once,
    more: Sequence[Route] = (),
) -> Starlette:
    """`sources` says who may send what; a text is one token for all, empty for no check. `health`
    and `ready` are what /healthz and /readyz show: 200 where their "ok" is true, else 503.
    `give_way` waits until what is more urgent than a webhook is over, and not long."""
    counts = counts or Counts()
    known = built_in(sources) if isinstance(sources, str) else sources
    threads = ThreadPoolExecutor(THREADS, "webhooks")
    door = _Door(
        intakes, known, counts, sns or SnsVerifier(), threads, spans or NoSpans(), give_way
    )

    async def signals(request: Request) -> Response:
        name = request.path_params["source"]
        return await door.answer(request, name, known.signal_source, door.take_signals, name)

    async def change(request: Request) -> Response:
        name = request.path_params.get("source", "generic")
        label = f"changes/{name}" if "source" in request.path_params else "changes"
        return await door.answer(request, name, known.change_source, door.take_changes, label)

    async def healthz(_: Request) -> Response:
        state = await run_in_threadpool(health)
        state["received"] = {"accepted": dict(counts.accepted), "refused": dict(counts.refused)}
        return JSONResponse(state, 200 if state.get("ok") else 503)

    async def readyz(_: Request) -> Response:
        state = await run_in_threadpool(ready or health)
        return JSONResponse(state, 200 if state.get("ok") else 503)

    routes = [
        Route("/signals/{source}", signals, methods=["POST"]),
        Route("/changes", change, methods=["POST"]),
        Route("/changes/{source}", change, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        *more,
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", slack_events, methods=["POST"]))
    return Starlette(routes=routes)


Take = Callable[[Source[AnyParser], Received, bytes], Response]
"""Source, request and inflated body -> the answer, once all is stored. Raises Refusal."""


@dataclass
class _Door:
    """What webhooks pass through, whatever they hold."""

    intakes: Intakes
    sources: Sources
    counts: Counts
    sns: SnsVerifier
    threads: Executor
    spans: Spans
    give_way: Callable[[], None]

    async def answer(
        self,
        request: Request,
        name: str,
        find: Callable[[str], Source[AnyParser]],
        take: Take[AnyParser],
        label: str,
    ) -> Response:
        """`label` is what the counts and the log call it."""
        # Anyone may call any address: names we do not know are counted as one.
        counted = "unknown"
        try:
            source = self._source(request, name, find)
            counted = label
            if not source.auth.needs_body:
                self._check(label, source.auth, _received(request, b"", self.intakes.now()))
            body = await read_body(request, source.max_bytes)
            received = _received(request, body, self.intakes.now())
            # Half the cost of Starlette's own hop, and threads that /healthz does not wait for.
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, self._traced, source, received, take)
        except Refusal as refusal:
            self.counts.add(counted, refused=1)
            return refusal.response
        except Unavailable as error:
            # Not stored, so not accepted: the sender should try again.
            log.error("%s: not accepted: %s", label, error)
            return JSONResponse({"error": {"field": "", "problem": str(error)}}, 503)

    def _source(
        self, request: Request, name: str, find: Callable[[str], Source[AnyParser]]
    ) -> Source[AnyParser]:
        """Raises Refusal; who did not prove who it is learns nothing of the addresses there are."""
        try:
            return find(name)
        except NotFound as error:
            nobody = _received(request, b"", self.intakes.now())
            self._check("an unknown source", self.sources.others, nobody)
            told = str(error) if self.sources.tells_names else f"There is no {error.kind} here."
            raise Refusal(404, "source", told) from error

    def _traced(
        self, source: Source[AnyParser], received: Received, take: Take[AnyParser]
    ) -> Response:
        """The sender's trace goes on, if it has one; it is named whatever comes of it."""
        self.give_way()
        at = read_traceparent(received.headers.get("traceparent", "")) or begun()
        with traced(at), self.spans.span("webhook", source=source.name):
            return self._pass(source, received, take)

    def _pass(
        self, source: Source[AnyParser], received: Received, take: Take[AnyParser]
    ) -> Response:
        if source.auth.needs_body:
            self._check(source.name, source.auth, received)
        body = _inflated(received, source.max_bytes)
        try:
            return take(source, received, body)
        except BadArgs as error:
            log.warning("%s: nothing could be read: %s", source.name, error)
            raise Refusal(400, error.field, _with_type(error, received)) from error

    def _check(self, name: str, auth: Auth, received: Received) -> None:
        """Raises Refusal without the reason, which is for our log only."""
        why = self.sns.reason(auth, received) if isinstance(auth, Sns) else auth.reason(received)
        if why:
            log.warning("%s: sender refused: %s", name, why)
            raise Refusal(401, "authorization", "the sender did not prove who it is")

    def take_signals(self, source: Source[Any], received: Received, body: bytes) -> Response:
        parsed: Parsed = source.parse(body, received.at)
        if parsed.handshake:
            return self._shake(source, parsed.handshake)
        if parsed.signals:
            self.intakes.signals(source.name, body, parsed.signals)
        self._count(source.name, len(parsed.signals), parsed)
        answer = _answer(len(parsed.signals), parsed)
        return JSONResponse(answer, 202 if parsed.signals or not parsed.refused else 400)

    def take_changes(self, source: Source[Any], received: Received, body: bytes) -> Response:
        parsed: ParsedChanges = source.parse(body, received.at)
        for change in parsed.changes:
            self.intakes.change(change)
        label = "changes" if source.name == "generic" else f"changes/{source.name}"
        self._count(label, len(parsed.changes), parsed)
        answer = _answer(len(parsed.changes), parsed)
        if len(parsed.changes) == 1:
            answer["id"] = parsed.changes[0].id
        return JSONResponse(answer, 202 if parsed.changes or not parsed.refused else 400)

    def _count(self, label: str, accepted: int, parsed: Parsed | ParsedChanges) -> None:
        self.counts.add(label, accepted, parsed.refusals)
        if parsed.refused:
            log.warning("%s: %d refused: %s", label, parsed.refusals, parsed.refused[0])

    def _shake(self, source: Source[Any], handshake: Handshake) -> Response:
        if isinstance(source.auth, Sns):
            self.sns.confirm(handshake)
            return JSONResponse({"accepted": 0, "ignored": handshake.kind}, 202)
        log.warning(
            "%s: %s of %s is not confirmed, as its signature is not checked; set "
            'auth = "vendor" and topics for it in the file that TANDEM_SOURCES names',
            *(source.name, handshake.kind, handshake.topic),
        )
        return JSONResponse({"accepted": 0, "ignored": f"{handshake.kind}, not confirmed"}, 202)


def _answer(accepted: int, parsed: Parsed | ParsedChanges) -> dict[str, object]:
    answer: dict[str, object] = {"accepted": accepted}
    if isinstance(parsed, Parsed) or parsed.refused:
        answer["refused"] = [_told(refused) for refused in parsed.refused]
    if parsed.more_refused:
        answer["more_refused"] = parsed.more_refused
    if parsed.ignored:
        answer["ignored"] = parsed.ignored
    return answer


def _told(refused: Refused) -> dict[str, str]:
    return {
        "field": clean(refused.path),
        "problem": clean(refused.problem),
        "remedy": refused.remedy,
    }


def _received(request: Request, body: bytes, at: datetime) -> Received:
    return Received(body, request.headers, request.query_params, at)


def _inflated(received: Received, most: int) -> bytes:
    """The body itself. Raises Refusal for what is not gzip or grows beyond `most`."""
    encoding = received.headers.get("content-encoding", "").strip().lower()
    if encoding in PLAIN:
        return received.body
    if encoding not in GZIP:
        raise Refusal(415, "content-encoding", f"{encoding[:40]!r} is not read; use gzip")
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        body = inflate.decompress(received.body, most + 1)
    except zlib.error:
        raise Refusal(400, "body", "it is not gzip, as its Content-Encoding says") from None
    if len(body) > most:
        raise too_large(most)
    if not inflate.eof or inflate.unused_data:
        raise Refusal(400, "body", "it ended before it was complete")
    return body


def _with_type(error: BadArgs, received: Received) -> str:
    """What is wrong, and where a form was sent, that JSON is wanted.

    The content type decides nothing: SNS sends JSON as text/plain, and curl as a form.
    """
    given = received.headers.get("content-type", "").partition(";")[0].strip().lower()
    if error.field != "body" or not given or given.endswith("json"):
        return str(error)
    return f"{error}. It came as {given[:60]}; send application/json"
