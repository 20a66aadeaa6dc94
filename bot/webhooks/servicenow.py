"""ServiceNow's incidents, and alerts of Event Management, sent by a business rule: -> one signal.

The body is what the rule writes; docs/reference/webhooks.md has the one read here.
https://www.servicenow.com/docs/r/it-operations-management/event-management/c_EM.html
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, said, span
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "servicenow"

_FIRING = ("1", "2", "3", "new", "in progress", "on hold", "open", "reopen", "flapping")
_OVER = ("6", "7", "8", "resolved", "closed", "canceled", "cancelled")
"""Numbers are the states of the incident table, words those of both tables."""
_CLEAR = ("0", "clear")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    name = payload.need(
        "short_description", "description", remedy='Add "short_description" of the record'
    )
    severity = payload.word("severity", "priority")
    firing = fires(payload, "state", payload.word("state"), _FIRING, _OVER)
    starts_at, ends_at = span(
        firing and severity.lower() not in _CLEAR,
        payload.moment("opened_at", "initial_remote_time", "sys_created_on"),
        payload.moment("resolved_at", "closed_at", "last_remote_time", "sys_updated_on"),
        received_at,
    )
    signal = Signal(
        fingerprint=payload.need(
            "sys_id", "number", "message_key", remedy='Add "sys_id" of the record'
        ),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=payload.word("service", "business_service"),
        severity=_word(severity),
        summary=name,
        description=payload.word("description"),
        value=payload.word("metric_value"),
        labels=_labels(payload),
        url=payload.word("url"),
    )
    return Parsed((signal,))


def _word(severity: str) -> str:
    """ "critical" of "1 - Critical", as ServiceNow displays a choice."""
    number, dash, word = severity.partition(" - ")
    return word if dash and number.isdigit() else severity


def _labels(payload: Fields) -> dict[str, str]:
    service = payload.word("service", "business_service")
    named = payload.plain(
        *("number", "node", "resource", "metric_name", "ci", "message_key", "assignment_group")
    )
    return bounded({**said(service=service), **named})
