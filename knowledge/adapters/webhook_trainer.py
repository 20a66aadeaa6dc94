"""Training runs started by a signed webhook: whatever can take a POST can train.

The body is JSON: id, model, champion, reason, parameters, by, at. It is signed as MLflow signs its
own webhooks: `X-Tandem-Signature: v1,<base64 of HMAC-SHA256(secret, "<id>.<timestamp>.<body>")>`,
with `X-Tandem-Delivery-Id` and `X-Tandem-Timestamp` beside it. The id stays the same when a request
is sent again, so that the receiver can start one run for it.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict

from knowledge.adapters.rest import Rest
from knowledge.records import Run, RunState, Training


class WebhookTrainer:
    """`ports.Trainer`. Takes the run's page from the answer's `url`, where it gives one."""

    name = "the training webhook"

    def __init__(self, url: str, secret: str) -> None:
        self._rest = Rest(self.name, url)
        self._secret = secret

    def start(self, training: Training) -> Run:
        """Raises Unavailable."""
        body = json.dumps({**asdict(training), "at": training.at.isoformat()}).encode()
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
        url = answer.get("url") if isinstance(answer, dict) else None
        good = isinstance(url, str) and url.startswith(("https://", "http://"))
        return Run(training, RunState.ASKED, "webhook", training.id, str(url) if good else "")

    def look(self, run: Run) -> Run:
        return run


def signature(secret: str, delivery: str, stamp: str, body: bytes) -> str:
    """What the receiver computes again from the headers and the body as it came."""
    signed = f"{delivery}.{stamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
