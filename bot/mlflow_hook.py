"""MLflow's registry webhooks: POST /mlflow, signed with TANDEM_MLFLOW_WEBHOOK_SECRET.

A delivery is checked (signature, a time within five minutes, an id that was not there before) and
waits in the outbox before it is answered; the courier then deals with it, and again where the
registry is out of reach. What was never delivered is found by looking (`OutsideMoves.poll`), but
for tags: those are only heard of.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.http_bodies import Refusal, read_body
from bot.webhooks.auth import MLFLOW_DELIVERY, Received, mlflow
from bot.webhooks.mlflow import from_text, read, to_text
from knowledge.errors import BadArgs, Unavailable
from knowledge.ports import Seen, Store
from knowledge.promoting.outside import Heard
from knowledge.records import Delivery

log = logging.getLogger("tandem.http")

HEARD = "heard"
"""The kind of delivery that such a webhook waits as."""
MOST_BYTES = 1024 * 1024
"""A prompt's text comes with events that are not read."""
_DELIVERY = re.compile(r"[\w-]{1,100}")


@dataclass(frozen=True)
class MlflowHook:
    """`route` is for the HTTP side; `take` answers one request, on a worker thread."""

    store: Store
    seen: Seen
    secret: str
    now: Callable[[], datetime]

    @property
    def route(self) -> Route:
        return Route("/mlflow", self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        try:
            body = await read_body(request, MOST_BYTES)
        except Refusal as refusal:
            return refusal.response
        received = Received(body, request.headers, request.query_params, self.now())
        return await run_in_threadpool(self.take, received)

    def take(self, received: Received) -> Response:
        """202 once it waits durably, 200 for one that was there before or that says nothing to us;
        401, 400, and 503 where the store is away, so that it is sent again."""
        try:
            delivery = self._checked(received)
            heard = read(received.body, delivery, received.at)
            if heard is None:
                return JSONResponse({"accepted": 0, "ignored": "not an alias, not a tag"})
            # In one transaction: one that could not be stored was not seen either.
            with self.store.together():
                if not self.seen.first_time(f"mlflow:{delivery}", self.now()):
                    return JSONResponse({"accepted": 0, "repeated": True})
                self.store.outbox.put(f"{HEARD}:{to_text(heard)}", self.now())
        except Refusal as refusal:
            return refusal.response
        except BadArgs as error:
            log.warning("mlflow: nothing could be read: %s", error)
            return Refusal(400, error.field, str(error)).response
        except Unavailable as error:
            log.error("mlflow: not accepted: %s", error)
            return JSONResponse({"error": {"field": "", "problem": str(error)}}, 503)
        return JSONResponse({"accepted": 1}, 202)

    def _checked(self, received: Received) -> str:
        """The delivery's id. Raises Refusal without the reason, which is for our log only."""
        delivery = received.headers.get(MLFLOW_DELIVERY.lower(), "")
        why = "TANDEM_MLFLOW_WEBHOOK_SECRET is not set"
        if self.secret:
            why = mlflow((self.secret.encode(),)).reason(received)
        if not why and not _DELIVERY.fullmatch(delivery):
            why = f"the header {MLFLOW_DELIVERY} is missing or no id"
        if why:
            log.warning("mlflow: sender refused: %s", why)
            raise Refusal(401, "authorization", "the sender did not prove who it is")
        return delivery


def hearing(heard: Callable[[Heard], None]) -> Callable[[Delivery], None]:
    """The courier's sender of what waits: raises Unavailable where it must be tried again."""

    def send(delivery: Delivery) -> None:
        heard(from_text(delivery.subject))

    return send
