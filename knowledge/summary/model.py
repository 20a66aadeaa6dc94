"""What a summary is: statements in groups, each with the ids of what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.records import Incident, Signal, Status


class Group(StrEnum):
    """The parts of a summary, in the order in which they are read."""

    HEADLINE = "headline"
    IMPACT = "impact"
    CAUSE = "cause"
    RULED_OUT = "ruled out"
    MITIGATION = "mitigation"
    STATE = "state"
    OWNERS = "owners"
    NEXT_STEPS = "next steps"
    TIMELINE = "timeline"


@dataclass(frozen=True)
class Statement:
    """One sentence. `sources` are ids of alerts, changes, events and messages, or the incident's
    own id for what its record says."""

    id: str
    group: Group
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """Statements in reading order: by group, within a group as they should be read."""

    incident: str
    title: str
    status: Status
    as_of: datetime
    statements: tuple[Statement, ...]

    def of(self, group: Group) -> tuple[Statement, ...]:
        return tuple(s for s in self.statements if s.group is group)


@dataclass(frozen=True)
class SourceText:
    """One thing a statement may rest on: what it says (with its time and author), and a link."""

    id: str
    at: datetime
    label: str
    text: str
    author: str = ""
    url: str = ""


def sources_of(incident: Incident) -> Mapping[str, SourceText]:
    """Everything in an incident that can be cited, by id; the incident itself under its own id."""
    found = [_incident_source(incident)]
    for s in incident.signals:
        said = f"{s.name} {s.service} {s.summary} {s.description} {s.value} {s.severity}"
        ended = f" until {say_time(s.ends_at)}" if s.ends_at else ""
        labels = " ".join(s.labels.values())
        text = f"{say_time(s.starts_at)} {said} {labels}{ended}"
        found.append(SourceText(signal_id(s), s.starts_at, s.name, text, url=s.url))
    for c in incident.changes:
        label = " ".join(filter(None, (c.kind, c.service, c.version)))
        text = f"{say_time(c.at)} {say_day(c.at)} {label} {c.author} {c.summary} {c.id}"
        found.append(SourceText(c.id, c.at, label, text, c.author, c.url))
    for e in incident.timeline:
        text = f"{say_time(e.at)} {e.kind} {e.actor} {e.text}"
        found.append(SourceText(e.id, e.at, e.kind, text, e.actor, e.url))
    for m in incident.thread:
        text = f"{say_time(m.at)} {m.user} {m.text}"
        found.append(SourceText(m.id, m.at, m.user, text, m.user, m.url))
    return {source.id: source for source in found}


def _incident_source(incident: Incident) -> SourceText:
    i = incident
    ended = f" {i.resolved_at:%H:%M}" if i.resolved_at else ""
    text = (
        f"{i.id} {i.title} {i.service} {i.severity.value} {i.status.value} {say_time(i.opened_at)} "
        f"{say_day(i.opened_at)}{ended} {i.owner} {i.acknowledged_by} {i.cause} {i.resolution}"
    )
    return SourceText(i.id, i.opened_at, i.id, text)


def signal_id(signal: Signal) -> str:
    """By what an alert is cited: its id, or its fingerprint before the store gave it one."""
    return signal.id or signal.fingerprint


def say_time(at: datetime) -> str:
    """UTC, as HH:MM."""
    return f"{at:%H:%M}"


def say_day(at: datetime) -> str:
    """As "3 March"."""
    return f"{at.day} {at:%B}"
