"""Incidents: one row each, and one row for each signal, change and event.

A change compares the tuples before and after by position and writes only the rows that differ:
an incident with thousands of signals takes one insert when one more arrives.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.queues import put_delivery
from knowledge.adapters.sql.tables import (
    EventRow,
    IncidentChangeRow,
    IncidentRow,
    PartRow,
    SignalRow,
)
from knowledge.errors import NotFound
from knowledge.incidents import incident_id, incident_number
from knowledge.records import (
    Change,
    Event,
    Incident,
    Severity,
    Signal,
    SignalKind,
    Status,
)

PartT = TypeVar("PartT", bound=PartRow)
RecordT = TypeVar("RecordT")


class SqlIncidents:
    """`ports.Incidents`. Remembers the incidents read last, by number and version, so that a
    storm does not read an incident's thousands of signals again for each webhook."""

    def __init__(self, database: Database, remember: int = 512) -> None:
        self._database = database
        self._remember = remember
        self._read: OrderedDict[int, tuple[int, Incident]] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        with self._database.write() as session:
            row = IncidentRow(**_columns(draft))
            session.add(row)
            session.flush()
            assert row.number is not None
            opened = replace(draft, id=incident_id(row.number), thread=())
            _write_parts(session, row.number, None, opened)
            _tell(session, opened, tell)
        self._keep(row.number, row.version, opened)
        return opened

    def get(self, incident_id: str) -> Incident:
        with self._database.read() as session:
            return self._load(session, [_row(session, incident_id)])[0]

    def find(
        self,
        *,
        status: Status | None = None,
        open_only: bool = False,
        service: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        query = select(IncidentRow)
        if status is not None:
            query = query.where(IncidentRow.status == status.value)
        if open_only:
            query = query.where(IncidentRow.status != Status.RESOLVED.value)
        if service:
            query = query.where(IncidentRow.service_key == service.lower())
        if since is not None:
            query = query.where(IncidentRow.opened_at >= since)
        query = query.order_by(
            col(IncidentRow.opened_at).desc(), col(IncidentRow.number).desc()
        ).limit(limit)
        with self._database.read() as session:
            return self._load(session, session.exec(query).all())

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        with self._database.write() as session:
            row = _row(session, incident_id, for_update=True)
            assert row.number is not None
            before = self._load(session, [row])[0]
            after = replace(by(before), id=before.id, thread=())
            if after != before:
                row.sqlmodel_update(_columns(after))
                row.version += 1
                _write_parts(session, row.number, before, after)
            _tell(session, after, tell)
            session.flush()
        self._keep(row.number, row.version, after)
        return after

    def _load(self, session: Session, rows: Sequence[IncidentRow]) -> list[Incident]:
        """The rows' incidents, in order; reads the parts of those that are not remembered."""
        wanted = {(row.number, row.version) for row in rows}
        with self._lock:
            known = {n: i for n, (version, i) in self._read.items() if (n, version) in wanted}
        missing = [row for row in rows if row.number not in known]
        for row, incident in zip(missing, _read_incidents(session, missing), strict=True):
            assert row.number is not None
            known[row.number] = incident
            self._keep(row.number, row.version, incident)
        return [known[row.number] for row in rows if row.number is not None]

    def _keep(self, number: int, version: int, incident: Incident) -> None:
        with self._lock:
            if number in self._read and self._read[number][0] > version:
                return
            self._read[number] = (version, incident)
            self._read.move_to_end(number)
            while len(self._read) > self._remember:
                self._read.popitem(last=False)


def _row(session: Session, text: str, for_update: bool = False) -> IncidentRow:
    number = incident_number(text)
    query = select(IncidentRow).where(IncidentRow.number == number)
    row = session.exec(query.with_for_update() if for_update else query).first()
    if row is None:
        newest = select(IncidentRow.number).order_by(col(IncidentRow.number).desc()).limit(500)
        known = [incident_id(n) for n in session.exec(newest).all() if n is not None]
        raise NotFound.among("incident", text, known)
    return row


def _tell(session: Session, incident: Incident, kinds: Sequence[str]) -> None:
    # Due as of the incident's own last change: the store has no clock.
    for kind in kinds:
        put_delivery(session, f"{kind}:{incident.id}", incident.updated_at)


def _read_incidents(session: Session, rows: Sequence[IncidentRow]) -> list[Incident]:
    if not rows:
        return []
    numbers = [row.number for row in rows if row.number is not None]
    signals = _read_parts(session, SignalRow, numbers, _to_signal)
    changes = _read_parts(session, IncidentChangeRow, numbers, _to_change)
    events = _read_parts(session, EventRow, numbers, _to_event)
    return [
        _to_incident(row, tuple(signals[n]), tuple(changes[n]), tuple(events[n]))
        for n, row in zip(numbers, rows, strict=True)
    ]


def _read_parts(
    session: Session,
    table: type[PartT],
    numbers: Sequence[int],
    to_record: Callable[[PartT], RecordT],
) -> dict[int, list[RecordT]]:
    query = (
        select(table)
        .where(col(table.incident).in_(numbers))
        .order_by(col(table.incident), col(table.position))
    )
    found: dict[int, list[RecordT]] = {number: [] for number in numbers}
    for row in session.exec(query):
        found[row.incident].append(to_record(row))
    return found


def _write_parts(session: Session, number: int, before: Incident | None, after: Incident) -> None:
    old_signals = before.signals if before else ()
    old_changes = before.changes if before else ()
    old_events = before.timeline if before else ()
    _write(session, SignalRow, number, old_signals, after.signals, _signal_columns)
    _write(session, IncidentChangeRow, number, old_changes, after.changes, _change_columns)
    _write(session, EventRow, number, old_events, after.timeline, _event_columns)


def _write(
    session: Session,
    table: type[PartRow],
    number: int,
    before: Sequence[RecordT],
    after: Sequence[RecordT],
    columns: Callable[[RecordT], dict[str, Any]],
) -> None:
    """Make the stored rows say `after`, touching only those that differ from `before`."""
    for position, (old, new) in enumerate(zip(before, after, strict=False)):
        if old is not new and old != new:
            session.execute(
                sa.update(table)
                .where(col(table.incident) == number, col(table.position) == position)
                .values(columns(new))
            )
    added = [
        {"incident": number, "position": position, **columns(record)}
        for position, record in enumerate(after[len(before) :], start=len(before))
    ]
    if added:
        session.execute(sa.insert(table), added)
    if len(after) < len(before):
        session.execute(
            sa.delete(table).where(col(table.incident) == number, col(table.position) >= len(after))
        )


def _columns(incident: Incident) -> dict[str, Any]:
    return {
        "title": incident.title,
        "service": incident.service,
        "service_key": incident.service.lower(),
        "severity": incident.severity.value,
        "status": incident.status.value,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "resolved_at": incident.resolved_at,
        "owner": incident.owner,
        "acknowledged_by": incident.acknowledged_by,
        "channel": incident.channel,
        "cause": incident.cause,
        "resolution": incident.resolution,
    }


def _to_incident(
    row: IncidentRow,
    signals: tuple[Signal, ...],
    changes: tuple[Change, ...],
    timeline: tuple[Event, ...],
) -> Incident:
    assert row.number is not None
    return Incident(
        id=incident_id(row.number),
        title=row.title,
        service=row.service,
        severity=Severity(row.severity),
        status=Status(row.status),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        resolved_at=row.resolved_at,
        signals=signals,
        changes=changes,
        timeline=timeline,
        owner=row.owner,
        acknowledged_by=row.acknowledged_by,
        channel=row.channel,
        cause=row.cause,
        resolution=row.resolution,
    )


def _signal_columns(signal: Signal) -> dict[str, Any]:
    return {
        "fingerprint": signal.fingerprint,
        "name": signal.name,
        "starts_at": signal.starts_at,
        "received_at": signal.received_at,
        "source": signal.source,
        "kind": signal.kind.value,
        "ends_at": signal.ends_at,
        "service": signal.service,
        "severity": signal.severity,
        "summary": signal.summary,
        "description": signal.description,
        "value": signal.value,
        "labels": dict(signal.labels),
        "url": signal.url,
        "runbook_url": signal.runbook_url,
        "signal_id": signal.id,
    }


def _to_signal(row: SignalRow) -> Signal:
    return Signal(
        fingerprint=row.fingerprint,
        name=row.name,
        starts_at=row.starts_at,
        received_at=row.received_at,
        source=row.source,
        kind=SignalKind(row.kind),
        ends_at=row.ends_at,
        service=row.service,
        severity=row.severity,
        summary=row.summary,
        description=row.description,
        value=row.value,
        labels=row.labels,
        url=row.url,
        runbook_url=row.runbook_url,
        id=row.signal_id,
    )


def _change_columns(change: Change) -> dict[str, Any]:
    return {
        "change_id": change.id,
        "at": change.at,
        "kind": change.kind,
        "service": change.service,
        "summary": change.summary,
        "version": change.version,
        "author": change.author,
        "url": change.url,
    }


def _to_change(row: IncidentChangeRow) -> Change:
    return Change(
        id=row.change_id,
        at=row.at,
        kind=row.kind,
        service=row.service,
        summary=row.summary,
        version=row.version,
        author=row.author,
        url=row.url,
    )


def _event_columns(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "text": event.text,
        "url": event.url,
    }


def _to_event(row: EventRow) -> Event:
    return Event(
        id=row.event_id, at=row.at, kind=row.kind, actor=row.actor, text=row.text, url=row.url
    )
