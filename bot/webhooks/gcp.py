"""Google Cloud Monitoring's webhook notifications, schema 1.2: payload -> one signal.

https://cloud.google.com/monitoring/support/notification-options#schema-pubsub
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, said, span
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "gcp"

_FIRING = ("open",)
_OVER = ("closed",)
_SERVICES = ("service", "service_name", "container_name", "function_name", "module_id")
"""Resource labels that name a service, most telling first."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "Cloud Monitoring's webhook body")
    version = payload.word("version")
    if version and not version.startswith("1."):
        raise BadArgs("version", f"{version[:20]!r} is not known", "Send version 1.2")
    incident = payload.need_child("incident", "Send Cloud Monitoring's webhook body")
    policy = incident.need("policy_name", "condition_name", remedy="Name the alerting policy")
    starts_at, ends_at = span(
        fires(incident, "state", incident.word("state"), _FIRING, _OVER),
        incident.moment("started_at"),
        incident.moment("ended_at"),
        received_at,
    )
    severity = incident.word("severity")
    labels = _labels(incident)
    documentation = incident.child("documentation")
    signal = Signal(
        fingerprint=incident.need("incident_id", remedy="Send the incident with its id"),
        name=policy,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=next((labels[name] for name in _SERVICES if name in labels), ""),
        severity="" if severity.lower() == "no severity" else severity,
        summary=incident.word("summary") or documentation.word("subject"),
        description=documentation.word("content"),
        value=incident.word("observed_value"),
        labels=labels,
        url=incident.word("url"),
    )
    return Parsed((signal,))


def _labels(incident: Fields) -> dict[str, str]:
    resource, metric = incident.child("resource"), incident.child("metric")
    return bounded(
        {
            **metric.child("labels").plain(),
            **resource.child("labels").plain(),
            **incident.child("metadata").child("user_labels").plain(),
            **incident.child("policy_user_labels").plain(),
            **incident.plain("condition_name", "scoping_project_id", "resource_name"),
            **said(resource_type=resource.word("type")),
        }
    )
