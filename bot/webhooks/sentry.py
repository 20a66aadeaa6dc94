"""Sentry's integration platform: webhooks of the kinds issue, event_alert and metric_alert.

https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
The kind is in a header that parsers do not see, so it is told by what `data` holds.
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, bounded, digest, fires, read_object, said, span
from bot.webhooks.parsed import Parsed
from knowledge.errors import BadArgs
from knowledge.records import Signal

SOURCE = "sentry"

_REMEDY = "Send webhooks of the kinds issue, event_alert and metric_alert"
_ISSUE_FIRING = ("created", "unresolved")
_ISSUE_OVER = ("resolved", "archived", "ignored")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> Parsed:
    """Raises BadArgs naming the field. Assignments, comments and installations hold no signal."""
    payload = read_object(body, "Sentry's webhook body")
    data = payload.need_child("data", _REMEDY)
    action = payload.need("action", remedy=_REMEDY)
    if "metric_alert" in data.values:
        return Parsed((_metric_alert(action, payload, data, received_at),))
    if "event" in data.values:
        return Parsed((_event_alert(data, received_at),))
    if "issue" in data.values:
        if action not in (*_ISSUE_FIRING, *_ISSUE_OVER):
            return Parsed((), ignored=f"the action {action} says nothing of the issue's state")
        return Parsed((_issue(action, payload, data.child("issue"), received_at),))
    if "installation" in data.values or "comment_id" in data.values:
        return Parsed((), ignored=f"the action {action} is about no issue and no alert")
    raise BadArgs("data", "it holds no issue, event or metric_alert", _REMEDY)


def _metric_alert(action: str, payload: Fields, data: Fields, received_at: datetime) -> Signal:
    """A metric alert's rule has one episode at a time, which carries its start and its end."""
    alert = data.need_child("metric_alert", _REMEDY)
    rule = alert.child("alert_rule")
    firing = fires(payload, "action", action, ("critical", "warning"), ("resolved",))
    starts_at, ends_at = span(
        firing,
        alert.moment("date_started", "date_detected"),
        alert.moment("date_closed"),
        received_at,
    )
    name = rule.word("name") or alert.word("title") or data.word("description_title")
    if not name:
        raise BadArgs(rule.at("name"), "missing", "Name the alert rule")
    rule_id = rule.word("id") or alert.need("id", remedy="Send the alert with its id")
    project = next((p for p in alert.items("projects") if isinstance(p, str) and p), "")
    labels = {**rule.plain("environment", "query", "aggregate"), **_project(project)}
    return Signal(
        fingerprint=digest(SOURCE, "metric_alert", rule_id),
        name=name,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=labels.get("service", ""),
        severity=action if firing else "",
        summary=data.word("description_title"),
        description=data.word("description_text"),
        labels=bounded(labels),
        url=data.word("web_url"),
    )


def _event_alert(data: Fields, received_at: datetime) -> Signal:
    """An issue's alert rule fired. It ends with the issue, whose id it shares."""
    event = data.need_child("event", _REMEDY)
    labels = _pairs(event)
    title = event.need("title", "message", remedy="Send the event with its title")
    issue = event.word("issue_id") or event.need("event_id", remedy="Send the event with its id")
    project = event.word("project_slug", "project_name")
    return Signal(
        fingerprint=digest(SOURCE, "issue", issue),
        name=title,
        starts_at=event.moment("datetime", "timestamp") or received_at,
        received_at=received_at,
        source=SOURCE,
        service=labels.get("service", "") or project,
        severity=event.word("level"),
        summary=title,
        description=event.word("culprit"),
        labels=bounded({**labels, **_project(project), **said(rule=data.word("triggered_rule"))}),
        url=event.word("web_url"),
    )


def _issue(action: str, payload: Fields, issue: Fields, received_at: datetime) -> Signal:
    firing = fires(payload, "action", action, _ISSUE_FIRING, _ISSUE_OVER)
    # An issue that comes back has ended before: it starts anew when it was last seen.
    began = issue.moment("lastSeen" if action == "unresolved" else "firstSeen")
    starts_at, ends_at = span(firing, began, None, received_at)
    title = issue.need("title", remedy="Send the issue with its title")
    project = issue.child("project").word("slug", "name")
    return Signal(
        fingerprint=digest(SOURCE, "issue", issue.need("id", remedy="Send the issue with its id")),
        name=title,
        starts_at=starts_at,
        received_at=received_at,
        source=SOURCE,
        ends_at=ends_at,
        service=project,
        severity=issue.word("level"),
        summary=title,
        description=issue.word("culprit"),
        value=issue.word("count"),
        labels=bounded({**issue.plain("shortId", "platform", "status"), **_project(project)}),
        url=issue.word("web_url", "permalink"),
    )


def _project(name: str) -> dict[str, str]:
    return said(project=name, service=name)


def _pairs(event: Fields) -> dict[str, str]:
    """An event's tags: [["environment", "prod"], ...]."""
    pairs = [p for p in event.items("tags") if isinstance(p, list) and len(p) == 2]
    found = [Fields({"name": name, "value": value}).plain() for name, value in pairs]
    return {pair["name"]: pair["value"] for pair in found if len(pair) == 2}
