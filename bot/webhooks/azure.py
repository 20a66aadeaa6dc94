"""Azure Monitor's common alert schema: payload -> one signal.

https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, fires, read_object, said, scalar, span
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "azure"
SCHEMA = "azureMonitorCommonAlertSchema"

_FIRING = ("fired",)
_OVER = ("resolved",)
_SEVERITIES = {
    "sev0": "critical",
    "sev1": "error",
    "sev2": "warning",
    "sev3": "informational",
    "sev4": "debug",
}
"""Azure counts from 0; these are its own words for the levels (4 is "verbose")."""


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field."""
    payload = read_object(body, "an alert in Azure's common schema")
    remedy = "Turn on the common alert schema in the action group"
    schema = payload.need("schemaId", remedy=remedy)
    if schema.lower() != SCHEMA.lower():
        raise BadArgs("schemaId", f"{schema[:40]!r} is not known", remedy)
    data = payload.need_child("data", remedy)
    essentials = data.need_child("essentials", remedy)
    rule = essentials.need("alertRule", remedy=remedy)
    condition = essentials.word("monitorCondition")
    starts_at, ends_at = span(
        fires(essentials, "monitorCondition", condition, _FIRING, _OVER),
        essentials.moment("firedDateTime"),
        essentials.moment("resolvedDateTime"),
        received_at,
    )
    severity = essentials.word("severity")
    labels = _labels(essentials, data.child("customProperties"))
    signal = Signal(
        fingerprint=essentials.need("alertId", "originAlertId", remedy=remedy),
        name=rule,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=_SEVERITIES.get(severity.lower(), severity),
        summary=rule,
        description=essentials.word("description"),
        value=_value(data.child("alertContext").child("condition")),
        labels=labels,
        url=essentials.word("investigationLink"),
        runbook_url=labels.get("runbook_url", ""),
    )
    return Parsed((signal,))


def _labels(essentials: Fields, custom: Fields) -> dict[str, str]:
    """What the rule's writer added, and the first resource that it is about, as `target`."""
    resources = essentials.items("configurationItems") or essentials.items("alertTargetIDs")
    target = scalar(resources[0]).rpartition("/")[2] if resources else ""
    named = essentials.plain(
        *("signalType", "monitoringService", "severity"),
        *("targetResourceType", "targetResourceGroup"),
    )
    return bounded({**named, **said(target=target), **custom.plain()})


def _value(condition: Fields) -> str:
    """The first metric's value: "Percentage CPU=91.2"."""
    criteria = condition.items("allOf")
    if not criteria or not isinstance(criteria[0], dict):
        return ""
    first = Fields(criteria[0], condition.at("allOf[0]"))
    name, value = first.word("metricName"), first.word("metricValue")
    return f"{name}={value}" if name and value else value
