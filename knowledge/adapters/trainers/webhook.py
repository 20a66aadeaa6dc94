"""Training runs started by a signed webhook: whatever can take a POST can train.

The body is JSON: id, model, champion, reason, parameters, by, at, and job where the file names one.
It is signed as MLflow signs its own webhooks: `X-Tandem-Signature: v1,<base64 of
HMAC-SHA256(secret, "<id>.<timestamp>.<body>")>`, with `X-Tandem-Delivery-Id` and
`X-Tandem-Timestamp` beside it. The id stays the same when a request is sent again, so that the
receiver can start one run for it. The same signature, by the receiver, tells how it goes on:
`bot.training_reports`.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict

from knowledge.adapters.rest import TIMEOUT_S, Rest
from knowledge.adapters.trainers.system import Order, handle_of, text_of
from knowledge.records import Run, RunState


class Webhook:
    """`System`. Takes the run's page from the answer's `url`, where it gives one."""

    kind = "webhook"

    def __init__(self, url: str, secret: str, *, timeout: float = TIMEOUT_S) -> None:
        self._rest = Rest("the training webhook", url, timeout=timeout)
        self._secret = secret

    def start(self, order: Order) -> Run:
        training = order.training
        told = {**asdict(training), "at": training.at.isoformat()}
        told["parameters"] = dict(order.parameters)
        body = json.dumps({**told, **({"job": order.job} if order.job else {})}).encode()
        stamp = str(int(training.at.timestamp()))
        answer = self._rest.ask(
            "POST",
            "",
            content=body,
            headers={
                "Content-Type": "application/json",
                "X-Tandem-Delivery-Id": training.id,
                "X-Tandem-Timestamp": stamp,
                "X-Tandem-Signature": signature(self._secret, training.id, stamp, body),
            },
        )
        url = text_of(answer, "url") if isinstance(answer, Mapping) else ""
        good = url.startswith(("https://", "http://"))
        handle = handle_of(training.id)
        return Run(training, RunState.ASKED, self.kind, handle, url if good else "")

    def look(self, run: Run) -> Run:
        """It cannot be asked: its receiver reports by itself."""
        return run


def signature(secret: str, delivery: str, stamp: str, body: bytes) -> str:
    """What the receiver computes again from the headers and the body as it came."""
    signed = f"{delivery}.{stamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
