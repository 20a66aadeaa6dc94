"""Pure: updates for people outside the incident: a draft from what is recorded, the promise of the
next one, and when to remind of it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from knowledge.durations import say_duration
from knowledge.escalation import REMINDED, mentions
from knowledge.incidents import TANDEM, record
from knowledge.records import Incident, Severity
from knowledge.summary import Group, summarise
from knowledge.summary.outsiders import for_outsiders, measure

UPDATE = "update"
EACH = {
    Severity.SEV1: timedelta(minutes=30),
    Severity.SEV2: timedelta(hours=1),
    Severity.SEV3: timedelta(hours=4),
    Severity.SEV4: timedelta(hours=24),
}
"""How soon the next update is promised, where nobody says otherwise."""
_PROMISE = re.compile(r"next update by (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")
_SHORT = 300


def draft(incident: Incident, now: datetime, next_at: datetime | None = None) -> str:
    """What is affected, since when, what is done, when to hear more; nothing but what is recorded,
    in words for people who do not work on it (no names, no blame, no jargon), for a person to edit
    before it is sent."""
    service = incident.service or "one of our services"
    since = f"{incident.opened_at:%H:%M} UTC"
    if not incident.is_open:
        lasted = (incident.resolved_at or incident.updated_at) - incident.opened_at
        lines = [
            f"Resolved: the trouble with {service} is over. It began at {since} and lasted "
            f"{say_duration(lasted)}."
        ]
        fixed = measure(incident.resolution) or _plain([incident.resolution], incident)
        if fixed:
            lines.append(f"What fixed it: {_brief(fixed[:1].lower() + fixed[1:]).rstrip('.')}.")
        return "\n".join(lines)
    lines = [f"We have trouble with {service} since {since}: {_what(incident)}."]
    impact = _plain([s.text for s in summarise(incident, now).of(Group.IMPACT)], incident)
    if impact:
        lines.append(f"Impact: {_brief(impact)}")
    lines.append(f"What is done: {_done(incident, now)}")
    if next_at is not None:
        lines.append(f"Next update by {next_at:%H:%M} UTC.")
    return "\n".join(lines)


def _plain(texts: Sequence[str], incident: Incident) -> str:
    """The first two sentences that can be told to outsiders."""
    people = {m.user for m in incident.thread} | {e.actor for e in incident.timeline}
    people |= {incident.owner, incident.acknowledged_by, *(c.author for c in incident.changes)}
    known = frozenset(p for p in people if p and p.lower() != "tandem")
    told = (for_outsiders(t, known, incident.service) for t in texts)
    return " ".join(list(filter(None, told))[:2])


def _done(incident: Incident, now: datetime) -> str:
    """The latest measure that is recorded or told of, in plain words."""
    after = [c for c in incident.changes if c.at >= incident.opened_at]
    notes = [(c.at, f"{c.version} {c.summary}") for c in after]
    notes += [(e.at, e.text) for e in incident.timeline if e.kind == "action"]
    for _, note in sorted(notes, reverse=True):
        if measure(note):
            return f"{measure(note)[:1].lower()}{measure(note)[1:]}."
    summary = summarise(incident, now)
    for statement in (*summary.of(Group.MITIGATION), *summary.of(Group.TIMELINE)):
        if measure(statement.text):
            return f"{measure(statement.text)[:1].lower()}{measure(statement.text)[1:]}."
    waiting = "working on it" if incident.acknowledged_by else "being called"
    return f"the team is {waiting}."


def next_update(incident: Incident, now: datetime) -> datetime:
    """When to promise the next one: on a round five minutes."""
    at = now + EACH[incident.severity]
    return at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0)


def told(
    incident: Incident, where: str, by: str, now: datetime, next_at: datetime | None, url: str = ""
) -> Incident:
    """With the update on the time line; `where` names the channel."""
    promise = f"; next update by {next_at:%Y-%m-%d %H:%M} UTC" if next_at else ""
    return record(incident, UPDATE, by, now, f"sent an update to {where}{promise}", url)


def promised(incident: Incident) -> datetime | None:
    """When the latest update said that the next one comes; None where none is owed."""
    for event in reversed(incident.timeline):
        if event.kind == UPDATE:
            found = _PROMISE.search(event.text)
            return (
                datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) if found else None
            )
    return None


def reminder_due(incident: Incident, now: datetime) -> datetime | None:
    """The promise that is due and was not reminded of; an incident that is over owes none."""
    at = promised(incident)
    if at is None or not incident.is_open or now < at:
        return None
    for event in reversed(incident.timeline):
        if event.kind == REMINDED:
            return None
        if event.kind == UPDATE:
            return at
    return None


def reminded(incident: Incident, now: datetime) -> Incident:
    """With the reminder to the owner, or to whoever sent the update, on the time line."""
    at = reminder_due(incident, now)
    if at is None:
        return incident
    author = next(e.actor for e in reversed(incident.timeline) if e.kind == UPDATE)
    whom = mentions((incident.owner or author,))
    return record(
        incident,
        REMINDED,
        TANDEM,
        now,
        f"reminded {whom}: the next update was promised by {at:%H:%M} UTC",
    )


def _what(incident: Incident) -> str:
    title = incident.title
    lead = f"{incident.service}: "
    words = title[len(lead) :] if incident.service and title.startswith(lead) else title
    return _brief(words[:1].lower() + words[1:] if words[1:2].islower() else words).rstrip(".")


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHORT else words[: _SHORT - 1].rstrip() + "…"
