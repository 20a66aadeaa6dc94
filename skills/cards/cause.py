"""Pure: what is probably at fault, and what depends on it.

Both are said as what they are: likely, with the reason. A person's word (`incident.cause`) comes
first.
"""

from datetime import datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.incidents import counted
from knowledge.records import Change, Incident, Signal
from skills.cards.wording import LINE_LIMIT, clock, count, cut, listed
from skills.contract import Line, Section, Source

SHORTLY_BEFORE = timedelta(hours=1)
"""A change this long before the first alert is named with the likely cause."""
SHOWN_CHANGES = 2
SHOWN_SERVICES = 4


def cause(incident: Incident, catalogue: Catalogue) -> tuple[Section, tuple[Source, ...]]:
    """The likely cause: the first suspect with its reason, and the change shortly before."""
    lines: list[Line] = []
    if incident.cause:
        lines.append(Line(cut(" ".join(incident.cause.split()), LINE_LIMIT)))
    if incident.suspects and not _goes_without_saying(incident):
        lines.append(Line(_suspected(incident, catalogue)))
    blamed = blamed_change(incident)
    sources: tuple[Source, ...] = ()
    if blamed is not None:
        sources = (Source("C1", "change", blamed.url),) if blamed.url else ()
        lines.append(Line(_blames(blamed, incident), ("C1",) if sources else ()))
    if incident.suspects[1:]:
        lines.append(Line(f"Less likely: {listed(incident.suspects[1:])}"))
    return Section("Cause" if incident.cause else "Likely cause", tuple(lines), True), sources


def blamed_change(incident: Incident) -> Change | None:
    """The latest change of the likeliest culprit shortly before its first alert."""
    culprit = incident.suspects[0] if incident.suspects else incident.service
    began = first_alert(incident, culprit)
    near = [
        change
        for change in incident.changes
        if change.service == culprit and began - SHORTLY_BEFORE <= change.at <= began
    ]
    return max(near, key=lambda change: change.at, default=None)


def other_changes(incident: Incident) -> Section:
    """What else was changed shortly before, latest first: the first thing anyone asks."""
    blamed = blamed_change(incident)
    latest = sorted(incident.changes, key=lambda change: change.at, reverse=True)
    shown = [change for change in latest if change is not blamed][:SHOWN_CHANGES]
    day = incident.opened_at.date()
    heading = "Also changed shortly before" if blamed else "Changed shortly before"
    lines = tuple(
        Line(cut(f"{clock(c.at, day)} {say_change(c)}: {c.summary}", LINE_LIMIT)) for c in shown
    )
    return Section(heading, lines, bullets=True)


def impact(incident: Incident, catalogue: Catalogue) -> Section:
    """Who depends on the culprit, and which of them alert already."""
    culprit = incident.suspects[0] if incident.suspects else incident.service
    alerting = _alerting(incident, culprit, catalogue)
    hit = _hit_by(culprit, catalogue)
    lines: list[Line] = []
    if hit:
        ordered = [s for s in hit if s in alerting] + [s for s in hit if s not in alerting]
        depend = "depends" if len(hit) == 1 else "depend"
        lines.append(
            Line(f"{count(len(hit), 'service')} {depend} on it: {listed(ordered, SHOWN_SERVICES)}")
        )
    if alerting and incident.firing:
        lines.append(Line(f"Alerting already: {listed(alerting, SHOWN_SERVICES)}"))
    elif hit and incident.firing:
        lines.append(Line("None of them alerts yet"))
    return Section("Likely impact", tuple(lines) if incident.is_open else (), bullets=True)


def say_change(change: Change) -> str:
    """ "*deploy checkout 4.2* by ines"."""
    by = f" by {change.author}" if change.author else ""
    return f"*{' '.join(filter(None, (change.kind, change.service, change.version)))}*{by}"


def is_on(signal: Signal, place: str) -> bool:
    """Is it about that service, node or zone?"""
    return bool(place) and (signal.service == place or place in signal.labels.values())


def first_alert(incident: Incident, place: str = "") -> datetime:
    """When the first alert there began; of the whole incident where none is there."""
    here = [s.starts_at for s in incident.signals if is_on(s, place)]
    return min(here or [s.starts_at for s in incident.signals], default=incident.opened_at)


def _goes_without_saying(incident: Incident) -> bool:
    """Every alert is on the suspect, which is what the incident is named after."""
    suspect = incident.suspects[0]
    all_there = all(is_on(signal, suspect) for signal in counted(incident.signals))
    return all_there and incident.suspects == (incident.service,)


def _suspected(incident: Incident, catalogue: Catalogue) -> str:
    suspect = incident.suspects[0]
    alerts = counted(incident.signals)
    here = [signal for signal in alerts if is_on(signal, suspect)]
    reasons = []
    if here:
        began = first_alert(incident, suspect)
        at = clock(began, incident.opened_at.date())
        of_all = count(len(alerts), "alert")
        if began <= first_alert(incident) and len(here) < len(alerts):
            reasons.append(f"the first of {of_all} was on it, at {at}")
        else:
            are = "is" if len(here) == 1 else "are"
            reasons.append(f"{len(here):,} of {of_all} {are} on it, since {at}")
    callers = [s for s in _services(alerts) if s in catalogue.callers(suspect)]
    if callers:
        reasons.append(f"{listed(callers)}, which {_calls(callers)} it, {_alerts(callers)} too")
    says = f": {'; '.join(reasons)}" if reasons else ""
    return cut(f"*{suspect}*{_kind(suspect, catalogue)}{says}", LINE_LIMIT)


def _blames(change: Change, incident: Incident) -> str:
    culprit = change.service
    began = first_alert(incident, culprit)
    minutes = int((began - change.at).total_seconds() // 60)
    before = f"{minutes} min before" if minutes else "just before"
    at = clock(change.at, incident.opened_at.date())
    what = f": {change.summary}" if change.summary else ""
    return cut(f"{at} {say_change(change)}, {before} its first alert{what}", LINE_LIMIT)


def _hit_by(culprit: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The services that need it, nearest first; of a node or a zone, those that run there first."""
    nodes = [node for node, zone in catalogue.nodes.items() if culprit in (node, zone)]
    if not nodes or culprit in catalogue.services:
        return catalogue.impact(culprit)
    there = sorted({service for node in nodes for service in catalogue.services_on(node)})
    above = [caller for service in there for caller in catalogue.impact(service)]
    return tuple(dict.fromkeys([*there, *above]))


def _alerting(incident: Incident, culprit: str, catalogue: Catalogue) -> list[str]:
    hit = set(_hit_by(culprit, catalogue))
    others = [s for s in _services(incident.firing) if s != culprit]
    # Without a catalogue, or where it knows too little, all that alerts beside it is hit.
    return [s for s in others if s in hit] or others


def _services(signals: tuple[Signal, ...]) -> list[str]:
    """Those that alert, the one with most alerts first."""
    counts: dict[str, int] = {}
    for signal in signals:
        if signal.service:
            counts[signal.service] = counts.get(signal.service, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))


def _kind(suspect: str, catalogue: Catalogue) -> str:
    if suspect in catalogue.services or suspect not in catalogue.nodes:
        is_zone = suspect not in catalogue.services and suspect in catalogue.nodes.values()
        return " (zone)" if is_zone else ""
    return " (node)"


def _calls(callers: list[str]) -> str:
    return "calls" if len(callers) == 1 else "call"


def _alerts(callers: list[str]) -> str:
    return "alerts" if len(callers) == 1 else "alert"
