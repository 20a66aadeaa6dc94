"""Dynatrace's problem notifications, custom integration: payload -> one signal.

The body is a template that its user writes; docs/reference/webhooks.md has the one read here.
https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration
"""

import re
from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, said, span, tags
from bot.webhooks.parsed import Parsed
from knowledge.records import Signal

SOURCE = "dynatrace"

_FIRING = ("open",)
_OVER = ("resolved", "closed", "merged")
_SEVERITIES = {
    "availability": "critical",
    "error": "error",
    "performance": "warning",
    "slowdown": "warning",
    "resource_contention": "warning",
    "resource": "warning",
    "monitoring_unavailable": "warning",
}
"""Dynatrace says what kind of trouble it is; our rules know how bad a word is."""
_OPENED = re.compile(r"_(\d{13})V2$")
"""A problem's id ends in the milliseconds when it was opened."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    details = payload.child("ProblemDetails")
    pid = payload.need("PID", "ProblemID", remedy='Add "PID": "{PID}"')
    title = payload.need("ProblemTitle", remedy='Add "ProblemTitle": "{ProblemTitle}"')
    firing = fires(payload, "State", payload.word("State"), _FIRING, _OVER)
    starts_at, ends_at = span(
        firing,
        details.moment("startTime") or _opened_at(pid),
        None if firing else details.moment("endTime"),
        received_at,
    )
    kind = payload.word("ProblemSeverity")
    labels = _labels(payload)
    signal = Signal(
        fingerprint=pid,
        name=title,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=_SEVERITIES.get(kind.lower(), kind),
        summary=title,
        description=payload.word("ProblemDetailsText"),
        labels=labels,
        url=payload.word("ProblemURL"),
    )
    return Parsed((signal,))


def _opened_at(pid: str) -> datetime | None:
    found = _OPENED.search(pid)
    return Fields({"PID": found[1]}).moment("PID") if found else None


def _labels(payload: Fields) -> dict[str, str]:
    named = payload.plain("ProblemID", "ProblemImpact", "ProblemSeverity", "ImpactedEntity")
    labels = {**tags(payload.values.get("Tags")), **named}
    if "service" not in labels:
        labels.update(_impacted(payload))
    return bounded(labels)


def _impacted(payload: Fields) -> dict[str, str]:
    """The first entity by its name: a service as the service, a host as the node."""
    entities = payload.values.get("ImpactedEntities")
    first = entities[0] if isinstance(entities, list) and entities else None
    if not isinstance(first, dict):
        return {}
    entity = Fields(first, "ImpactedEntities[0]")
    name = entity.word("name")
    label = {"SERVICE": "service", "HOST": "node"}.get(entity.word("type").upper(), "entity")
    return said(**{label: name})
