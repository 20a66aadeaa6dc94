"""AppDynamics' HTTP request actions: payload -> one signal.

The body is a template that its user writes; docs/reference/webhooks.md has the one read here.
https://help.splunk.com/en/appdynamics-saas/get-started/26.4.0/alert-and-respond/actions/predefined-templating-variables
"""

import re
from datetime import UTC, datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, digest, read_object, said, span
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "appdynamics"

_OVER = ("POLICY_CLOSE", "POLICY_CANCELED", "ANOMALY_CLOSE", "ANOMALY_CANCELED")
_FIRING = (
    *("POLICY_OPEN", "POLICY_CONTINUES", "POLICY_UPGRADED", "POLICY_DOWNGRADED"),
    *("ANOMALY_OPEN", "ANOMALY_UPGRADED", "ANOMALY_DOWNGRADED"),
)
"""How the types of events about health rules begin; their ends are _WARNING and _CRITICAL."""

_JAVA_TIME = re.compile(
    r"[A-Z][a-z]{2} (?P<date>[A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2}) "
    r"(?P<zone>[A-Z]{2,5}) (?P<year>\d{4})"
)
"""Thu Mar 05 11:42:10 UTC 2026"""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "the payload of docs/reference/webhooks.md")
    event_type = payload.need("event_type", remedy='Add "event_type": "${latestEvent.eventType}"')
    event_at = _event_at(payload) or received_at
    starts_at, ends_at = span(_fires(event_type), None, None, event_at)
    name = payload.need(
        "health_rule", "event_name", remedy='Add "health_rule": "${latestEvent.healthRule.name}"'
    )
    service = payload.word("tier", "application")
    labels = payload.plain("application", "tier", "node", "policy", "event_type", "incident_id")
    signal = Signal(
        fingerprint=_fingerprint(payload, name),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=service,
        severity="critical" if event_type.endswith("_CRITICAL") else payload.word("severity"),
        summary=payload.word("summary"),
        description=payload.word("message"),
        labels=bounded({**said(service=service), **labels}),
        url=payload.word("link"),
    )
    return Parsed((signal,))


def _event_at(payload: Fields) -> datetime | None:
    """Templates print a time as Java does; of its zones only UTC's name is not ambiguous."""
    found = _JAVA_TIME.fullmatch(payload.word("event_time"))
    if not found:
        return payload.moment("event_time")
    if found["zone"] not in ("UTC", "GMT"):
        return None
    text = f"{found['date']} {found['year']}"
    try:
        return datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        raise BadArgs(
            "event_time", f"{text!r} is no time", "Leave it as AppDynamics does"
        ) from None


def _fires(event_type: str) -> bool:
    if event_type.upper().startswith(_OVER):
        return False
    if event_type.upper().startswith(_FIRING):
        return True
    raise BadArgs(
        "event_type",
        f"{event_type[:40]!r} is no event of a health rule",
        "Choose health rule violation events in the policy",
    )


def _fingerprint(payload: Fields, name: str) -> str:
    """The episode where AppDynamics names it, else what the rule watches."""
    incident = payload.word("incident_id")
    place = (payload.word("application"), payload.word("tier"), payload.word("node"))
    return digest(SOURCE, incident) if incident else digest(SOURCE, name, place)
