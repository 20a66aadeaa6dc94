"""Pure: what an incident's ticket in another system says, and what has to be told it next."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.errors import BadArgs
from knowledge.incidents import TANDEM, record
from knowledge.records import Event, Incident, Status, Ticket

OPEN, IN_PROGRESS, RESOLVED = "open", "in progress", "resolved"
"""The states that Tandem keeps tickets in; each system has its own words for them."""
ASKED = "ticket"
NAMES = {"jira": "Jira", "servicenow": "ServiceNow", "github": "GitHub"}
MOST_TITLE = 160
MOST_BODY = 8_000
_NEWS = frozenset(
    {
        *("note", "message", "severity", "acknowledged", "unacknowledged", "assigned"),
        *("resolved", "reopened", "merged", "update", "change"),
    }
)
"""Kinds of entries that people who read the ticket want to know."""


def state_of(incident: Incident) -> str:
    if not incident.is_open:
        return RESOLVED
    taken = incident.acknowledged_by or incident.status is not Status.OPEN
    return IN_PROGRESS if taken else OPEN


def title_of(incident: Incident) -> str:
    text = " ".join(f"{incident.severity} {incident.title}".split())
    return text if len(text) <= MOST_TITLE else text[: MOST_TITLE - 1].rstrip() + "…"


def marker(incident: Incident) -> str:
    """A label by which the ticket of an incident is found again after a crash."""
    return f"tandem-{incident.id.lower()}"


def body_of(incident: Incident, link: str = "") -> str:
    """What the ticket says when it is opened. `link` leads to the card."""
    alerts = [f"- {s.summary or s.name}" for s in incident.firing[:10]]
    rest = len(incident.firing) - len(alerts)
    lines = (
        f"{incident.id}: {incident.title}",
        "",
        f"Service: {incident.service or 'not known'}",
        f"Severity: {incident.severity}",
        f"Opened: {incident.opened_at:%Y-%m-%d %H:%M} UTC",
        *(("", "Alerts that fire:", *alerts) if alerts else ()),
        *((f"- and {rest} more",) if rest > 0 else ()),
        *(("", f"In Slack: {link}") if link else ()),
        "",
        "Opened by Tandem, which keeps state and severity in step and adds what is noted.",
    )
    return "\n".join(lines)[:MOST_BODY]


def news(
    incident: Incident, after: int, people: Callable[[str], str] = lambda user_id: user_id
) -> str:
    """What happened beyond the first `after` entries of the time line, a line each; or empty."""
    told = [event for event in incident.timeline[after:] if event.kind in _NEWS]
    lines = [_say(event, people) for event in told]
    if told and any(event.kind == "resolved" for event in told) and incident.resolved_at:
        lasted = say_duration(incident.resolved_at - incident.opened_at)
        lines.append(f"It lasted {lasted}.")
    return "\n".join(lines)[:MOST_BODY]


def ticket_in(incident: Incident, system: str) -> Ticket | None:
    return next((ticket for ticket in incident.tickets if ticket.system == system), None)


def ask_for(incident: Incident, system: str, by: str, now: datetime) -> Incident:
    """Somebody wants a ticket there; the very same incident where one is there or on its way."""
    if ticket_in(incident, system) is not None:
        return incident
    if incident.merged_into:
        raise BadArgs(
            "incident", f"{incident.id} goes on as {incident.merged_into}", "Open one for that"
        )
    wanted = replace(incident, tickets=(*incident.tickets, Ticket(system, "")))
    return record(wanted, ASKED, by, now, f"asked for a ticket in {name_of(system)}")


def with_ticket(incident: Incident, ticket: Ticket, now: datetime) -> Incident:
    """The ticket is there, or its state changed."""
    before = ticket_in(incident, ticket.system)
    if before == ticket:
        return incident
    others = tuple(t for t in incident.tickets if t.system != ticket.system)
    after = replace(incident, tickets=(*others, ticket))
    if before is not None and before.key:
        return after
    text = f"ticket {ticket.key} is open in {name_of(ticket.system)}"
    return record(after, ASKED, TANDEM, now, text, ticket.url)


def without_ticket(incident: Incident, system: str, why: str, now: datetime) -> Incident:
    """It could not be opened, and trying again would not help; somebody may ask again."""
    left: Sequence[Ticket] = [t for t in incident.tickets if t.system != system or t.key]
    if len(left) == len(incident.tickets):
        return incident
    after = replace(incident, tickets=tuple(left))
    return record(after, ASKED, TANDEM, now, f"no ticket in {name_of(system)}: {why}")


def name_of(system: str) -> str:
    """As people write it."""
    return NAMES.get(system, system)


def _say(event: Event, people: Callable[[str], str]) -> str:
    who = "" if event.actor == TANDEM else f"{people(event.actor)}: "
    return f"{event.at:%Y-%m-%d %H:%M} UTC {who}{event.text}"
