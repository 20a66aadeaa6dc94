"""Datadog's webhooks integration: payload -> one signal.

The body is a template that its user writes; docs/reference/webhooks.md has the one read here.
https://docs.datadoghq.com/integrations/webhooks/
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, digest, fires, read_object, span, tags
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "datadog"

_OVER = ("recovered",)
_FIRING = (
    *("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify"),
    *("alert", "error", "warning"),
)


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    labels = {
        **tags(payload.values.get("tags")),
        **tags(payload.values.get("scope")),
        **payload.plain("monitor_id", "cycle_key", "metric", "hostname"),
    }
    name = payload.need("title", "event_title", remedy='Add "title": "$ALERT_TITLE"')
    state = payload.word("transition")
    starts_at, ends_at = span(
        fires(payload, "transition", state, _FIRING, _OVER),
        None,
        None,
        payload.moment("date", "last_updated") or received_at,
    )
    signal = Signal(
        fingerprint=_fingerprint(payload),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=payload.word("priority", "type"),
        summary=payload.word("status", "event_title"),
        description=payload.word("message"),
        value=payload.word("value"),
        labels=labels,
        url=payload.word("link"),
    )
    return Parsed((signal,))


def _fingerprint(payload: Fields) -> str:
    """The monitor and its group, which stay the same from one alert to the next."""
    monitor = payload.word("monitor_id")
    if monitor:
        return digest(SOURCE, monitor, payload.word("scope"))
    remedy = 'Add "monitor_id": "$ALERT_ID"'
    return payload.need("aggregation_key", "cycle_key", remedy=remedy)
