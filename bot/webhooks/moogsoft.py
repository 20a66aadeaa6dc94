"""Moogsoft's outbound webhooks for alerts and incidents: payload -> one signal.

The body is a template that its user writes; docs/reference/webhooks.md has the ones read here.
https://docs.moogsoft.com/en/set-up-outbound-notifications.html
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import (
    Fields,
    bounded,
    digest,
    fires,
    read_object,
    said,
    scalar,
    span,
    tags,
)
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "moogsoft"

_FIRING = ("open", "opened", "unassigned", "assigned", "acknowledged", "in progress")
_OVER = ("resolved", "closed", "cleared", "superseded", "dormant")
_CLEAR = ("clear", "0")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    name = payload.need("description", remedy='Add "description": "$description"')
    severity = payload.word("severity")
    firing = fires(payload, "status", payload.word("status"), _FIRING, _OVER)
    starts_at, ends_at = span(
        firing and severity.lower() not in _CLEAR,
        payload.moment("created_at", "first_event_time"),
        payload.moment("resolved_on", "closed_on", "last_status_change_time"),
        received_at,
    )
    labels = _labels(payload)
    signal = Signal(
        fingerprint=_fingerprint(payload),
        name=payload.word("check") or name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=severity,
        summary=name,
        labels=labels,
        url=payload.word("url"),
    )
    return Parsed((signal,))


def _fingerprint(payload: Fields) -> str:
    """An incident by its id; an alert by the key that Moogsoft deduplicates by."""
    incident = payload.word("incident_id")
    if incident:
        return digest(SOURCE, "incident", incident)
    remedy = 'Add "incident_id": "$incident_id", or "alert_id": "$alert_id" for alerts'
    return digest(SOURCE, "alert", payload.need("dedupe_key", "alert_id", remedy=remedy))


def _labels(payload: Fields) -> dict[str, str]:
    service = _first(payload.values.get("services")) or _first(payload.values.get("service"))
    labels = {
        **tags(payload.values.get("tags")),
        **payload.plain("incident_id", "alert_id", "class", "check", "manager"),
        **said(node=payload.word("source"), service=service),
    }
    return bounded(labels)


def _first(value: object) -> str:
    """ "checkout" of ["checkout", "cart"], of "checkout, cart" and of "checkout"."""
    text = scalar(next(iter(value), "")) if isinstance(value, list) else scalar(value)
    word = Fields({"service": text}).word("service")
    return word.strip("[]").partition(",")[0].strip().strip("\"'")
