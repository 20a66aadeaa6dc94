"""BMC Helix Operations Management's events, sent by a notification policy: payload -> signals.

One event, or {"events": [...]}; docs/reference/webhooks.md has the slots that are read.
"""

from datetime import datetime
from functools import partial
from typing import Any

from bot.webhooks.fields import (
    Fields,
    bounded,
    fires,
    need_list,
    read_each,
    read_object,
    said,
    span,
)
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "bmc_helix"

_FIRING = ("open", "ack", "assigned", "blackout")
_OVER = ("closed",)
_FINE = ("ok", "info_ok")
"""Severities that end an event whatever its status."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the event as docs/reference/webhooks.md shows it")
    if "events" not in payload.values:
        return Parsed((_signal(payload, received_at),))
    events = need_list(payload, "events", "Send a list of events")
    read = partial(_signal, received_at=received_at)
    return read_each(events, "events", read, "Send one object for each event")


def _signal(event: Fields, received_at: datetime) -> Signal:
    message = event.need("msg", "message", remedy='Add the slot "msg"')
    severity = event.word("severity")
    firing = fires(event, "status", event.word("status"), _FIRING, _OVER)
    starts_at, ends_at = span(
        firing and severity.lower() not in _FINE,
        event.moment("creation_time"),
        event.moment("modification_time"),
        received_at,
    )
    labels = _labels(event)
    return Signal(
        fingerprint=event.need("_identifier", "identifier", remedy='Add the slot "_identifier"'),
        name=event.word("metric_name", "class") or message,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=severity,
        summary=message,
        description=event.word("details"),
        value=event.word("metric_value"),
        labels=labels,
        url=event.word("url"),
    )


def _labels(event: Fields) -> dict[str, str]:
    named = event.plain("service", "class", "object", "object_class", "location", "priority")
    node = event.word("source_hostname", "source_identifier")
    return bounded({**said(node=node), **named})
