"""Alertmanager's webhook, version 4: payload -> signals.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from datetime import datetime
from functools import partial
from typing import Any

from bot.webhooks.fields import Fields, labels_digest, need_list, read_each, read_object
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "alertmanager"

_STATES = ("firing", "resolved")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Each alert stands for itself: one that is malformed is refused, the others are taken.

    Raises BadArgs naming the field when the payload as a whole is none of Alertmanager's.
    """
    payload = read_object(body, "Alertmanager's webhook body")
    version = payload.values.get("version", "4")
    if str(version) != "4":
        raise BadArgs("version", f"{str(version)[:20]!r} is not known", "Send version 4")
    alerts = need_list(payload, "alerts", "Send a list of alerts, as Alertmanager does")
    read = partial(read_alert, source=SOURCE, received_at=received_at)
    return read_each(alerts, "alerts", read, "Send one object for each alert")


def read_alert(alert: Fields, source: str, received_at: datetime) -> Signal:
    """One alert as Alertmanager, and Grafana after it, writes it."""
    labels = alert.texts("labels")
    annotations = alert.texts("annotations")
    name = labels.get("alertname", "").strip()
    if not name:
        raise BadArgs(alert.at("labels.alertname"), "missing", "Give the rule a name")
    starts_at = alert.time("startsAt")
    if starts_at is None:
        raise BadArgs(alert.at("startsAt"), "missing", "Send the time in RFC 3339 form")
    return Signal(
        fingerprint=alert.text("fingerprint").strip() or labels_digest(labels),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=source,
        ends_at=_ends_at(alert, received_at),
        service=labels.get("service", ""),
        severity=labels.get("severity", ""),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", "") or annotations.get("message", ""),
        value=annotations.get("value", ""),
        labels=labels,
        url=alert.text("generatorURL"),
        runbook_url=annotations.get("runbook_url", "") or annotations.get("runbook", ""),
    )


def _ends_at(alert: Fields, received_at: datetime) -> datetime | None:
    """None while it fires. A firing alert carries the zero time, or a future one."""
    ends_at = alert.time("endsAt")
    status = alert.values.get("status")
    if status is None:
        return ends_at if ends_at is not None and ends_at <= received_at else None
    if status not in _STATES:
        raise BadArgs(alert.at("status"), f"{str(status)[:40]!r}", "Use firing or resolved")
    return None if status == "firing" else ends_at or received_at
