"""Opsgenie's webhook integration: payload -> one signal for each action on an alert.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, span, tags
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "opsgenie"

_OVER = ("close", "delete")
_FIRING = ("create", "acknowledge", "unacknowledge", "updatepriority", "escalate", "escalatenext")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field. Notes, tags and assignments hold no signal."""
    payload = read_object(body, "Opsgenie's webhook body")
    action = payload.need("action", remedy="Send the action as Opsgenie does: Create, Close ...")
    if action.lower() not in (*_OVER, *_FIRING):
        return Parsed((), ignored=f"the action {action} says nothing of the alert's state")
    alert = payload.need_child("alert", 'Tick "Add alert details to payload" in the integration')
    firing = fires(payload, "action", action, _FIRING, _OVER)
    return Parsed((_signal(alert, firing, received_at),))


def _signal(alert: Fields, firing: bool, received_at: datetime) -> Signal:
    labels = _labels(alert)
    updated_at = alert.moment("updatedAt")
    starts_at, ends_at = span(firing, alert.moment("createdAt"), updated_at, received_at)
    message = alert.need("message", remedy="Send the alert with its message")
    return Signal(
        fingerprint=alert.need("alertId", "alias", remedy="Send the alert with its alertId"),
        name=message,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=alert.word("priority"),
        summary=message,
        description=alert.word("description"),
        labels=labels,
        runbook_url=labels.get("runbook_url", "") or labels.get("runbook", ""),
    )


def _labels(alert: Fields) -> dict[str, str]:
    named = alert.plain("alias", "entity", "source", "tinyId")
    return bounded({**tags(alert.values.get("tags")), **alert.child("details").plain(), **named})
