"""How a run goes on, told by the run itself: POST /training/<id>, signed as our own requests are.

{"id": "<id>", "state": "running" | "done" | "failed" | "cancelled", "detail": "", "version": "",
"url": ""}. The id stands in the signed body too, so that a report about one run is none about
another; a delivery counts once, and one that is older than five minutes not at all.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.http_bodies import Refusal, read_body
from bot.training import keep
from bot.webhooks.auth import Hmac, Received, signed_with_id
from knowledge.errors import NotFound, Unavailable
from knowledge.ports import Seen, Store, Trainer
from knowledge.records import Run, RunState
from knowledge.training import advanced

log = logging.getLogger("tandem.http")

MOST_BYTES = 64 * 1024
DELIVERY = "X-Tandem-Delivery-Id"


class Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    detail: str = Field("", max_length=2000)
    version: str = Field("", max_length=60, pattern=r"^[\w.-]*$")
    url: str = Field("", max_length=1000, pattern=r"^(https?://\S+)?$")


@dataclass(frozen=True)
class TrainingReports:
    """`route` is for the HTTP side; `take` answers one request, on a worker thread."""

    store: Store
    seen: Seen
    trainer: Trainer | None
    now: Callable[[], datetime]

    @property
    def route(self) -> Route:
        return Route("/training/{id}", self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        try:
            body = await read_body(request, MOST_BYTES)
            received = Received(body, request.headers, request.query_params, self.now())
            training_id = str(request.path_params["id"])
            return await run_in_threadpool(self.take, training_id, received)
        except Refusal as refusal:
            return refusal.response

    def take(self, training_id: str, received: Received) -> Response:
        """202 once it is stored, 200 for one that was stored before; 503 where the store is away,
        so that it is sent again."""
        try:
            self._check(training_id, received)
            report = _read(training_id, received.body)
            delivery = received.headers.get(DELIVERY.lower(), "")
            # In one transaction: a report that could not be stored was not seen either.
            with self.store.together():
                if not self.seen.first_time(f"training:{delivery}", self.now()):
                    return JSONResponse({"repeated": True})
                keep(self.store, training_id, lambda run: _told(run, report, received), self.now())
        except Refusal as refusal:
            return refusal.response
        except Unavailable as error:
            log.error("a report of training run %s: not accepted: %s", training_id[:40], error)
            return JSONResponse({"error": {"field": "", "problem": str(error)}}, 503)
        return JSONResponse({"accepted": 1}, 202)

    def _check(self, training_id: str, received: Received) -> None:
        """Raises Refusal without the reason, which is for our log only: who did not prove who it
        is does not learn which runs there are."""
        why = self._why_not(training_id, received)
        if why:
            log.warning("a report of training run %r is refused: %s", training_id[:40], why)
            raise Refusal(401, "authorization", "the sender did not prove who it is")

    def _why_not(self, training_id: str, received: Received) -> str:
        try:
            run = self.store.runs.get(training_id)
        except NotFound:
            return "there is no such run"
        secret = self.trainer.secret(run) if self.trainer else ""
        if not secret:
            return "no secret for its reports is set"
        return _signed(secret).reason(received)


def _signed(secret: str) -> Hmac:
    """As `knowledge.adapters.trainers.webhook` signs."""
    names = ("X-Tandem-Signature", "X-Tandem-Timestamp", DELIVERY)
    return signed_with_id((secret.encode(),), *names)


def _read(training_id: str, body: bytes) -> Report:
    try:
        raw: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "body", "it is no JSON") from None
    try:
        report = Report.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise Refusal(400, field, str(first["msg"])) from None
    if report.id != training_id:
        raise Refusal(400, "id", "it is another run's; give the id that the address names")
    return report


def _told(run: Run, report: Report, received: Received) -> Run:
    seen = Run(
        run.training,
        RunState(report.state),
        run.system,
        run.handle,
        report.url,
        " ".join(report.detail.split()),
        report.version,
    )
    return advanced(run, seen, received.at)
