"""PagerDuty's webhooks, version 3: payload -> one signal for each change of an incident.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, said, span
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "pagerduty"

_FIRING = ("triggered", "acknowledged")
_OVER = ("resolved",)


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field. Notes, pings and the like hold no signal."""
    event = read_object(body, "PagerDuty's v3 webhook body").need_child(
        "event", "Subscribe with version 3 of the webhooks"
    )
    event_type = event.need("event_type", remedy="Send the event as PagerDuty does")
    data = event.child("data")
    if not event_type.startswith("incident.") or data.word("type") != "incident":
        return Parsed((), ignored=f"{event_type} says nothing of an incident's state")
    return Parsed((_signal(event, event_type, data, received_at),))


def _signal(event: Fields, event_type: str, data: Fields, received_at: datetime) -> Signal:
    occurred_at = event.moment("occurred_at") or received_at
    # One that was reopened has ended before; it starts anew.
    began = occurred_at if event_type == "incident.reopened" else data.moment("created_at")
    firing = fires(data, "status", data.word("status"), _FIRING, _OVER)
    starts_at, ends_at = span(firing, began, occurred_at, occurred_at)
    service = data.child("service").word("summary", "name")
    labels = data.plain("number", "urgency", "status", "incident_key")
    title = data.need("title", "summary", remedy="Send the incident with its title")
    return Signal(
        fingerprint=data.need("id", remedy="Send the incident with its id"),
        name=title,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=service,
        severity=data.child("priority").word("summary", "name") or data.word("urgency"),
        summary=title,
        labels=bounded({**said(service=service), **labels}),
        url=data.word("html_url"),
    )
