"""All that is known of one moment: of an incident, or of a service right now.

What a port cannot give is no error here: it is told as missing, and the search does without.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from knowledge.catalogue import Catalogue
from knowledge.causes.case import Case
from knowledge.correlation.subject import service_of
from knowledge.diagnosis.measured import measure
from knowledge.errors import Unavailable
from knowledge.incidents import counted, instance, name_of, start_is_unknown
from knowledge.ports import Alerts, Changes, Library, Moves, Telemetry
from knowledge.promotion.versions import show_version
from knowledge.records import AlertRecord, Change, DocumentKind, Hit, Incident, Move, Signal

AROUND = timedelta(minutes=15), timedelta(minutes=30)
"""Alerts that came so long before and after the onset, and belong to no other incident, are looked
at too: one sign alone on a node opens nothing."""
HISTORY = timedelta(days=14)
MOST_ALERTS, MOST_HISTORY = 1_000, 5_000
CHANGED = timedelta(hours=24)
"""Changes this long before the onset are looked at."""
LATE = timedelta(minutes=5)
"""A change may be told of so much after its effect."""
JUST_NOW = timedelta(hours=1)
"""A service without an incident is looked at this far back."""
MOST_PAST = 3
MOST_MOVES = 50
MOVE = "model promotion"

_T = TypeVar("_T")


class Ports(Protocol):
    """The ports of a `skills.contract.Context` that are read."""

    @property
    def alerts(self) -> Alerts: ...

    @property
    def changes(self) -> Changes: ...

    @property
    def moves(self) -> Moves: ...

    @property
    def library(self) -> Library: ...

    @property
    def telemetry(self) -> Telemetry: ...

    @property
    def catalogue(self) -> Catalogue: ...


@dataclass(frozen=True)
class Gathered:
    """All that there is to weigh."""

    service: str
    """The one that suffers; may be empty."""
    onset: datetime
    """When the first alert began; without alerts, when people noticed."""
    until: datetime
    signals: tuple[Signal, ...] = ()
    """Alerts around the onset, the incident's own first."""
    history: tuple[Signal, ...] = ()
    """Alerts before that, for how rare each is."""
    changes: tuple[Change, ...] = ()
    """Deploys, flags, configuration and alias moves of models, latest first."""
    past: tuple[Hit, ...] = ()
    """Past incidents like this one."""
    case: Case | None = None
    """Metrics, logs and traces, where any are connected."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    incident: Incident | None = None
    looked_at: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What could not be had, and why."""

    @property
    def about(self) -> str:
        return self.incident.id if self.incident else self.service


def gather(
    ports: Ports, now: datetime, incident: Incident | None = None, service: str = ""
) -> Gathered:
    """What the ports know of the incident, else of the service right now. `incident` may have no
    alerts; without it, `service` must be named."""
    missing: list[str] = []
    service = ports.catalogue.canonical(service) or service
    service = service or _service_of(incident, ports.catalogue)
    onset = onset_of(incident, now) if incident else now - JUST_NOW
    until = min(now, onset + AROUND[1]) if incident else now
    records = _all(missing, "alerts", lambda: _records(ports.alerts, onset, until))
    signals = _signals(incident, records)
    if incident is None:
        signals = _concerning(service, signals, ports.catalogue)
        onset = min((s.starts_at for s in signals), default=now - AROUND[0])
    before = onset - AROUND[0]
    history = _all(missing, "the history of alerts", lambda: _history(ports.alerts, before))
    changed = _all(missing, "changes", lambda: _changes(ports.changes, onset))
    moved = _all(missing, "moves of models", lambda: _moves(ports.moves, onset))
    past = _all(missing, "past incidents", lambda: _past(ports.library, service, incident))
    found = Gathered(
        service=service,
        onset=onset,
        until=until,
        signals=signals,
        history=tuple(r.signal for r in history),
        changes=_latest_first([*(incident.changes if incident else ()), *changed, *moved]),
        past=tuple(past),
        catalogue=ports.catalogue,
        incident=incident,
        missing=tuple(missing),
    )
    return _measured(found, ports.telemetry)


def from_incident(
    incident: Incident, now: datetime, catalogue: Catalogue | None = None
) -> Gathered:
    """What an incident itself holds, as one read from a file does."""
    catalogue = catalogue or Catalogue()
    onset = onset_of(incident, now)
    found = Gathered(
        service=_service_of(incident, catalogue),
        onset=onset,
        until=min(now, onset + AROUND[1]),
        signals=_signals(incident, ()),
        changes=_latest_first(c for c in incident.changes if _near(c.at, onset)),
        catalogue=catalogue,
        incident=incident,
    )
    return _told(found)


def onset_of(incident: Incident, now: datetime) -> datetime:
    """When its first alert began; when it was opened, where it has none."""
    starts = [s.starts_at for s in counted(incident.signals) if not start_is_unknown(s)]
    return min(min(starts, default=incident.opened_at), now)


def _service_of(incident: Incident | None, catalogue: Catalogue) -> str:
    """The one that suffers: as the incident says, else that of its first alert."""
    if incident is None:
        return ""
    named = incident.service or next(
        (s for signal in incident.signals if (s := service_of(signal, catalogue))), ""
    )
    return catalogue.canonical(named) or named


def _records(alerts: Alerts, onset: datetime, until: datetime) -> list[AlertRecord]:
    return alerts.find(since=onset - AROUND[0], until=until + LATE, limit=MOST_ALERTS)


def _history(alerts: Alerts, before: datetime) -> list[AlertRecord]:
    return alerts.find(since=before - HISTORY, until=before, limit=MOST_HISTORY)


def _signals(incident: Incident | None, records: Iterable[AlertRecord]) -> tuple[Signal, ...]:
    """The incident's, then those around it that belong to no other one."""
    own = counted(incident.signals) if incident else ()
    known = {instance(s) for s in own}
    free = {"", incident.id} if incident else None
    others = [
        r.signal
        for r in records
        if (free is None or r.incident in free) and instance(r.signal) not in known
    ]
    return (*own, *counted(others))


def _concerning(
    service: str, signals: Sequence[Signal], catalogue: Catalogue
) -> tuple[Signal, ...]:
    """Alerts on the service and on what it depends on, and on the nodes of either; where the
    catalogue does not know it, all."""
    if service not in catalogue.services:
        return tuple(signals)
    near = {s for s in catalogue.services if catalogue.hops(service, s) is not None}
    near |= {node for s in near for node in catalogue.nodes_of(s)}
    return tuple(s for s in signals if service_of(s, catalogue) in near)


def _changes(changes: Changes, onset: datetime) -> list[Change]:
    return changes.between(onset - CHANGED, onset + LATE)


def _moves(moves: Moves, onset: datetime) -> list[Change]:
    return [_as_change(m) for m in moves.find(limit=MOST_MOVES) if _near(m.at, onset)]


def _near(at: datetime, onset: datetime) -> bool:
    return onset - CHANGED <= at <= onset + LATE


def _as_change(move: Move) -> Change:
    """A model's new champion, as the deploy that it is."""
    before = show_version(move.before) if move.before else "none"
    after = show_version(move.version) if move.version else "none"
    how = f" ({move.approval})" if move.approval else ", past Tandem"
    return Change(
        id=move.id,
        at=move.at,
        kind=MOVE,
        service=move.model,
        summary=f"champion {before} → {after}{how}",
        version=after,
    )


def _latest_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    unique = {change.id: change for change in changes}
    return tuple(sorted(unique.values(), key=lambda change: change.at, reverse=True))


def _past(library: Library, service: str, incident: Incident | None) -> list[Hit]:
    if incident is None:
        return []
    alerts = dict.fromkeys(f"{name_of(s)} {s.description}".strip() for s in incident.signals[:6])
    text = "\n".join(filter(None, (incident.title, service, *alerts)))
    return library.similar(text, MOST_PAST, (DocumentKind.INCIDENT,), (incident.id,))


def _measured(found: Gathered, telemetry: Telemetry) -> Gathered:
    if not telemetry.sources:
        missing = "metrics, logs and traces: none are connected (TANDEM_TELEMETRY)"
        return _told(replace(found, missing=(*found.missing, missing)))
    measured = measure(telemetry, found.service, found.onset, found.until, found.catalogue)
    said = measured.missing
    if measured.case is None and not said:
        said = (f"metrics, logs and traces: {' and '.join(telemetry.sources)} has none of it",)
    return _told(replace(found, case=measured.case, missing=(*found.missing, *said)))


def _told(found: Gathered) -> Gathered:
    """With what was looked at in words."""
    counts = (
        (len(found.signals), "alert", "alerts"),
        (len(found.history), "earlier alert", "earlier alerts"),
        (len(found.changes), "change", "changes"),
        (len(found.past), "past incident like it", "past incidents like it"),
        (len(found.catalogue.edges), "call of the catalogue", "calls of the catalogue"),
    )
    said = tuple(f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n)
    return replace(found, looked_at=said)


def _all(missing: list[str], what: str, read: Callable[[], Sequence[_T]]) -> Sequence[_T]:
    """Nothing, where the one that is asked does not answer; that is told."""
    try:
        return read()
    except Unavailable as error:
        missing.append(f"{what}: {error}")
        return ()
