"""BigPanda's Notifications Webhook v2: payload -> one signal for each incident.

The body is a template that its user writes; docs/reference/webhooks.md has the one read here.
https://docs.bigpanda.io/en/notifications-webhook-v2
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, digest, fires, read_object, span, tags
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "bigpanda"

_OVER = ("ok", "resolved", "closed")
_FIRING = ("critical", "warning", "unknown", "acknowledged", "active")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    title = payload.need("title", "description", remedy='Add "title", the incident\'s title')
    status = payload.word("status")
    starts_at, ends_at = span(
        fires(payload, "status", status, _FIRING, _OVER),
        payload.moment("started_at"),
        payload.moment("ended_at"),
        received_at,
    )
    labels = _labels(payload)
    severity = payload.word("severity")
    incident = payload.need("incident_id", remedy='Add "incident_id", the incident\'s id')
    signal = Signal(
        fingerprint=digest(SOURCE, incident),
        name=title,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=severity or ("" if ends_at else status),
        summary=title,
        description=payload.word("description"),
        labels=labels,
        url=payload.word("url"),
    )
    return Parsed((signal,))


def _labels(payload: Fields) -> dict[str, str]:
    """`tags` as an object, as a list of {"type", "value"} as BigPanda holds them, or as texts."""
    given = payload.values.get("tags")
    found: dict[str, str] = {}
    if isinstance(given, dict):
        found = payload.child("tags").plain()
    elif isinstance(given, list) and any(isinstance(tag, dict) for tag in given):
        pairs = [Fields(tag).plain("type", "value") for tag in given if isinstance(tag, dict)]
        found = {p["type"]: p["value"] for p in pairs if len(p) == 2}
    else:
        found = tags(given)
    return bounded({**found, **payload.plain("incident_id", "environment", "service", "host")})
