"""What an attacker who has listened would send again: honest requests with honest signatures."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from benchmarks.attacks.world import SECRETS, TRAINING
from bot.playground.http_events import sign

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Signed:
    """A request that would get in."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    query: bytes = b""

    def with_header(self, name: str, value: str) -> "Signed":
        kept = [h for h in self.headers if h[0].lower() != name.lower()]
        return replace(self, headers=(*kept, (name, value)))

    def without(self, name: str) -> "Signed":
        return replace(self, headers=tuple(h for h in self.headers if h[0].lower() != name.lower()))


def slack(secret: str, body: bytes, late_s: float = 0.0, content: tuple[str, str] = FORM) -> Signed:
    stamp = str(int(time.time() - late_s))
    return Signed(
        "/slack/events",
        body,
        (
            content,
            ("X-Slack-Request-Timestamp", stamp),
            ("X-Slack-Signature", sign(secret, stamp, body)),
        ),
    )


def slash(user: str, text: str, command: str = "/incident", trigger: str = "13.7") -> bytes:
    return urlencode(
        {
            "command": command,
            "text": text,
            "user_id": user,
            "channel_id": "C1",
            "team_id": "T1",
            "trigger_id": trigger,
            "response_url": "",
        }
    ).encode()


def _hex(secret: str, message: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def _with_id(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    message = f"{message_id}.{stamp}.".encode() + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return "v1," + b64encode(digest).decode()


Signer = Callable[[bytes, str, float], tuple[tuple[str, str], ...]]
"""Body, secret, how old its time is -> headers."""


def _simple(header: str, prefix: str = "") -> Signer:
    return lambda body, secret, late: ((header, prefix + _hex(secret, body)),)


def _timed(header: str, time_header: str, between: bytes, prefix: str = "") -> Signer:
    def signed(body: bytes, secret: str, late: float) -> tuple[tuple[str, str], ...]:
        stamp = str(int(time.time() - late))
        told = _hex(secret, stamp.encode() + between + body)
        return ((header, prefix + told), (time_header, stamp))

    return signed


def _delivered(signature: str, stamp_header: str, id_header: str) -> Signer:
    def signed(body: bytes, secret: str, late: float) -> tuple[tuple[str, str], ...]:
        stamp = str(int(time.time() - late))
        told = _with_id(secret, "d-1", stamp, body)
        return ((signature, told), (stamp_header, stamp), (id_header, "d-1"))

    return signed


def _basic(body: bytes, secret: str, late: float) -> tuple[tuple[str, str], ...]:
    return (("Authorization", "Basic " + b64encode(f"tandem:{secret}".encode()).decode()),)


@dataclass(frozen=True)
class Sender:
    """One way in for webhooks: its address, whose secret guards it, and how it is signed."""

    path: str
    of: str
    body: Mapping[str, Any]
    sign: Signer
    timed: bool = False
    """Whether a time is signed: then what is old is refused."""

    def signed(self, body: bytes | None = None, secret: str = "", late_s: float = 0.0) -> Signed:
        text = json.dumps(self.body).encode() if body is None else body
        headers = self.sign(text, secret or SECRETS[self.of], late_s)
        return Signed(self.path, text, (JSON, *headers))


ALERT = {
    "name": "HighErrorRate",
    "status": "firing",
    "service": "checkout",
    "starts_at": "2026-03-05T11:59:00Z",
}
_TOKEN: Signer = lambda body, secret, late: (("Authorization", f"Bearer {secret}"),)  # noqa: E731
_BY_TOKEN = (
    *("alertmanager", "opsgenie", "splunk", "dynatrace", "appdynamics", "servicenow", "bmc_helix"),
    *("moogsoft", "bigpanda", "cloudwatch", "cloudevents", "generic"),
)
_REPORT = {"id": TRAINING, "state": "done", "version": "6"}
_ALIAS = {
    "entity": "model_version_alias",
    "action": "created",
    "data": {"name": "eta-model", "alias": "champion", "version": "5"},
}
SENDERS: tuple[Sender, ...] = (
    *(Sender(f"/signals/{name}", "webhook", ALERT, _TOKEN) for name in _BY_TOKEN),
    *(Sender(path, "webhook", ALERT, _TOKEN) for path in ("/changes", "/changes/argocd")),
    Sender(
        "/signals/grafana",
        "grafana",
        ALERT,
        _timed("X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp", b":"),
        timed=True,
    ),
    Sender("/signals/pagerduty", "pagerduty", ALERT, _simple("X-PagerDuty-Signature", "v1=")),
    Sender("/signals/sentry", "sentry", ALERT, _simple("Sentry-Hook-Signature")),
    Sender("/signals/gcp", "gcp", ALERT, _basic),
    Sender("/signals/datadog", "datadog", ALERT, lambda b, s, late: (("X-Tandem-Token", s),)),
    Sender(
        "/signals/acme",
        "acme",
        ALERT,
        _timed("X-Acme-Signature", "X-Acme-Timestamp", b".", "v1="),
        timed=True,
    ),
    Sender(
        "/signals/standard",
        "standard",
        ALERT,
        _delivered("webhook-signature", "webhook-timestamp", "webhook-id"),
        timed=True,
    ),
    Sender("/changes/github", "github", ALERT, _simple("X-Hub-Signature-256", "sha256=")),
    Sender("/changes/gitlab", "gitlab", ALERT, lambda b, s, late: (("X-Gitlab-Token", s),)),
    Sender("/changes/launchdarkly", "launchdarkly", ALERT, _simple("X-LD-Signature")),
    Sender(
        "/mlflow",
        "mlflow",
        _ALIAS,
        _delivered("X-MLflow-Signature", "X-MLflow-Timestamp", "X-MLflow-Delivery-Id"),
        timed=True,
    ),
    Sender(
        f"/training/{TRAINING}",
        "training",
        _REPORT,
        _delivered("X-Tandem-Signature", "X-Tandem-Timestamp", "X-Tandem-Delivery-Id"),
        timed=True,
    ),
)
"""Azure's, whose token stands in the address, is in `senders`."""
