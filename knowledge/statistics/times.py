"""How long incidents took: to be detected, acknowledged, resolved.

What counts and what does not is defined once, here, and written out for people in
docs/reference/statistics.md.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from knowledge.incidents import TANDEM
from knowledge.records import AlertRecord, Event, Incident, Verdict
from knowledge.statistics.spread import Spread, clearly_differ, spread

ACKNOWLEDGING = frozenset({"acknowledged", "assigned", "taken", "ack", "acknowledge"})
"""Kinds of event by which a person says "I look at it"."""


@dataclass(frozen=True)
class Times:
    """One incident's times; None for what has not happened or cannot be known."""

    incident: str
    service: str
    severity: str
    opened_at: datetime
    detect: timedelta | None = None
    acknowledge: timedelta | None = None
    resolve: timedelta | None = None


@dataclass(frozen=True)
class Summary:
    """The times of a group of incidents."""

    incidents: int
    detect: Spread
    acknowledge: Spread
    resolve: Spread


@dataclass(frozen=True)
class Comparison:
    """A span against the one before it; a flag says that more than chance lies between them."""

    now: Summary
    before: Summary
    detect: bool = False
    acknowledge: bool = False
    resolve: bool = False


def is_person(actor: str) -> bool:
    return actor.lower() not in ("", TANDEM.lower())


def counted(incidents: Iterable[Incident], maintenance: Collection[str] = ()) -> list[Incident]:
    """Those whose times mean something: no drafts, none that went on in another incident, none
    whose id is in `maintenance` (all their alerts were expected)."""
    return [i for i in incidents if i.id and not i.merged_into and i.id not in maintenance]


def first_alerts(records: Iterable[AlertRecord]) -> dict[str, datetime]:
    """By incident, when the earliest of the alerts that opened it began."""
    found: dict[str, datetime] = {}
    for record in records:
        if record.incident and record.verdict is Verdict.OPENED:
            start = record.signal.starts_at
            found[record.incident] = min(start, found.get(record.incident, start))
    return found


def in_maintenance(records: Iterable[AlertRecord], windows: Collection[str]) -> set[str]:
    """Incidents of which every alert that is known was hidden by one of these silences."""
    hidden: dict[str, bool] = {}
    for record in records:
        if record.incident:
            so_far = hidden.get(record.incident, True)
            hidden[record.incident] = so_far and record.silence in windows
    return {incident for incident, all_hidden in hidden.items() if all_hidden}


def times_of(incident: Incident, first_alert: datetime | None = None) -> Times:
    """`first_alert` is when the alerts that opened it began; without it, the earliest alert of the
    incident that began before the opening is taken. A clock that is ahead makes no time negative.
    """
    opened = incident.opened_at
    starts = [s.starts_at for s in incident.signals if s.starts_at <= opened]
    first = first_alert or min(starts, default=opened if incident.signals else None)
    resolved = None if incident.is_open else incident.resolved_at
    return Times(
        incident.id,
        incident.service,
        incident.severity,
        opened,
        detect=_length(first, opened) if first else None,
        acknowledge=_length(opened, at) if (at := acknowledged_at(incident)) else None,
        resolve=_length(opened, resolved) if resolved else None,
    )


def acknowledged_at(incident: Incident) -> datetime | None:
    """When a person first said that they look at it; None when nobody did."""
    return min((e.at for e in incident.timeline if _acknowledges(e)), default=None)


def unattended(incident: Incident) -> bool:
    """Nobody acknowledged it, nobody touched it, and it ended by itself."""
    over = not incident.is_open and not incident.merged_into
    touched = incident.acknowledged_by or any(is_person(e.actor) for e in incident.timeline)
    return over and not touched


def summarise(times: Sequence[Times]) -> Summary:
    return Summary(
        len(times),
        spread(_known(times, "detect")),
        spread(_known(times, "acknowledge")),
        spread(_known(times, "resolve")),
    )


def compare(now: Sequence[Times], before: Sequence[Times]) -> Comparison:
    moved = {
        name: clearly_differ(_known(now, name), _known(before, name))
        for name in ("detect", "acknowledge", "resolve")
    }
    return Comparison(summarise(now), summarise(before), **moved)


def grouped(times: Iterable[Times], key: Callable[[Times], str]) -> dict[str, Summary]:
    """The largest group first; groups of one size by name. Times without a key are left out."""
    groups: defaultdict[str, list[Times]] = defaultdict(list)
    for each in times:
        if name := key(each):
            groups[name].append(each)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: summarise(members) for name, members in ordered}


def by_week(times: Iterable[Times], start: datetime, end: datetime) -> Mapping[date, Summary]:
    """By the Monday (UTC) of the week in which the incident was opened, also weeks without any."""
    weeks: dict[date, list[Times]] = {}
    monday = monday_of(start)
    while monday <= end.date():
        weeks[monday] = []
        monday += timedelta(days=7)
    for each in times:
        if (at := monday_of(each.opened_at)) in weeks:
            weeks[at].append(each)
    return {at: summarise(members) for at, members in weeks.items()}


def monday_of(moment: datetime) -> date:
    day = moment.date()
    return day - timedelta(days=day.weekday())


def _acknowledges(event: Event) -> bool:
    return event.kind in ACKNOWLEDGING and is_person(event.actor)


def _known(times: Iterable[Times], name: str) -> list[timedelta]:
    return [length for t in times if (length := getattr(t, name)) is not None]


def _length(start: datetime, end: datetime) -> timedelta:
    return max(end - start, timedelta())
