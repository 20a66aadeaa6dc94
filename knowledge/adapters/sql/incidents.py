"""Incidents: one row each, and one row for each signal, change and event.

A change compares the tuples before and after and writes only the rows that differ: an incident with
thousands of signals takes one insert when one more arrives, and deletes when some leave.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from knowledge.adapters.sql.database import Database, on_commit
from knowledge.adapters.sql.differences import differences
from knowledge.adapters.sql.packing import pack_signal, unpack_signal
from knowledge.adapters.sql.queues import put_deliveries
from knowledge.adapters.sql.tables import (
    EventRow,
    IncidentChangeRow,
    IncidentRow,
    SignalRow,
    Utc,
    table_of,
)
from knowledge.errors import NotFound
from knowledge.incidents import incident_id, incident_number, instance
from knowledge.records import Change, Event, Incident, Severity, Signal, Status, Ticket

RecordT = TypeVar("RecordT")
Row = sa.Row[Any]
Remembered = OrderedDict[int, tuple[int, Incident]]
"""Version and incident, by number."""

_INCIDENT = table_of(IncidentRow)
OPEN = _INCIDENT.c.status != sa.literal_column(f"'{Status.RESOLVED.value}'")
"""Spelled out, not bound: only then do databases know that the index of open ones answers it."""
_AT_ONCE = 500
"""Numbers in one statement."""
_WRITTEN = "tandem_incidents"
"""In a session's info: the incidents that its transaction wrote, by number."""


class SqlIncidents:
    """`ports.Incidents`. Remembers the incidents read last, by number and version, so that a
    storm does not read an incident's thousands of signals again for each webhook."""

    def __init__(self, database: Database, remember: int = 512) -> None:
        self._database = database
        self._remember = remember
        self._read: Remembered = OrderedDict()
        self._lock = threading.Lock()

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        with self._database.write() as session:
            add = _INCIDENT.insert().values(version=1, **_columns(draft))
            number: int = (
                session.connection().execute(add.returning(_INCIDENT.c.number)).scalar_one()
            )
            opened = replace(draft, id=incident_id(number), thread=())
            _write_parts(session, number, None, opened)
            self._tell(session, opened, tell)
            self._keep_written(session, number, 1, opened)
        return opened

    def get(self, incident_id: str) -> Incident:
        with self._database.read() as session:
            return self._load(session, [self._row(session, incident_id)])[0]

    def find(
        self,
        *,
        status: Status | None = None,
        open_only: bool = False,
        service: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        query = sa.select(_INCIDENT)
        if status is not None:
            query = query.where(_INCIDENT.c.status == status.value)
        if open_only:
            query = query.where(OPEN)
        if service:
            query = query.where(_INCIDENT.c.service_key == service.lower())
        if since is not None:
            query = query.where(_INCIDENT.c.opened_at >= since)
        query = query.order_by(_INCIDENT.c.opened_at.desc(), _INCIDENT.c.number.desc())
        with self._database.read() as session:
            return self._load(session, session.connection().execute(query.limit(limit)).all())

    def over(self, incident_ids: Collection[str]) -> dict[str, datetime]:
        numbers = [n for n in map(incident_number, incident_ids) if n is not None]
        at = sa.func.coalesce(_INCIDENT.c.resolved_at, _INCIDENT.c.updated_at, type_=Utc())
        resolved = sa.select(_INCIDENT.c.number, at.label("at")).where(
            _INCIDENT.c.status == Status.RESOLVED.value
        )
        found: dict[str, datetime] = {}
        with self._database.read() as session:
            for start in range(0, len(numbers), _AT_ONCE):
                some = _INCIDENT.c.number.in_(numbers[start : start + _AT_ONCE])
                rows = session.connection().execute(resolved.where(some))
                found |= {incident_id(row.number): row.at for row in rows}
        return found

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        with self._database.write() as session:
            row = self._row(session, incident_id)
            before = self._load(session, [row])[0]
            after = replace(by(before), id=before.id, thread=())
            if after != before:
                _write_row(session, row, after)
                _write_parts(session, row.number, before, after)
                self._keep_written(session, row.number, row.version + 1, after)
            self._tell(session, after, tell)
        return after

    def _row(self, session: Session, text: str) -> Row:
        """Raises NotFound. Within what writes, nobody else changes it until that ends."""
        query = sa.select(_INCIDENT).where(_INCIDENT.c.number == incident_number(text))
        if self._database.writing:
            query = query.with_for_update()
        row = session.connection().execute(query).first()
        if row is None:
            newest = sa.select(_INCIDENT.c.number).order_by(_INCIDENT.c.number.desc()).limit(500)
            known = [
                incident_id(number) for number in session.connection().execute(newest).scalars()
            ]
            raise NotFound.among("incident", text, known)
        return row

    def _tell(self, session: Session, incident: Incident, kinds: Sequence[str]) -> None:
        # Due as of the incident's own last change: the store has no clock.
        put_deliveries(self._database, session, kinds, incident.id, incident.updated_at)

    def _load(self, session: Session, rows: Sequence[Row]) -> list[Incident]:
        """The rows' incidents, in order; reads the parts of those that are not remembered."""
        written: Remembered = session.info.get(_WRITTEN, {})
        with self._lock:
            known = {
                row.number: held[1]
                for row in rows
                if (held := written.get(row.number) or self._read.get(row.number))
                and held[0] == row.version
            }
        missing = [row for row in rows if row.number not in known]
        for row, incident in zip(missing, _read_incidents(session, missing), strict=True):
            known[row.number] = incident
            self._keep(row.number, row.version, incident)
        return [known[row.number] for row in rows]

    def _keep_written(
        self, session: Session, number: int, version: int, incident: Incident
    ) -> None:
        """Within its transaction at once; for everybody when that is committed."""
        session.info.setdefault(_WRITTEN, {})[number] = (version, incident)
        on_commit(session, partial(self._keep, number, version, incident))

    def _keep(self, number: int, version: int, incident: Incident) -> None:
        with self._lock:
            if number in self._read and self._read[number][0] > version:
                return
            self._read[number] = (version, incident)
            self._read.move_to_end(number)
            while len(self._read) > self._remember:
                self._read.popitem(last=False)


def _write_row(session: Session, row: Row, incident: Incident) -> None:
    session.connection().execute(
        _INCIDENT.update()
        .where(_INCIDENT.c.number == row.number)
        .values(version=row.version + 1, **_columns(incident))
    )


def _read_incidents(session: Session, rows: Sequence[Row]) -> list[Incident]:
    if not rows:
        return []
    numbers = [row.number for row in rows]
    signals = _read_parts(session, SIGNALS, numbers)
    changes = _read_parts(session, CHANGES, numbers)
    events = _read_parts(session, EVENTS, numbers)
    return [
        _to_incident(row, tuple(signals[n]), tuple(changes[n]), tuple(events[n]))
        for n, row in zip(numbers, rows, strict=True)
    ]


def _read_parts(
    session: Session, part: "Part[RecordT]", numbers: Sequence[int]
) -> dict[int, list[RecordT]]:
    table = part.table
    found: dict[int, list[RecordT]] = {number: [] for number in numbers}
    query = sa.select(table).where(table.c.incident.in_(numbers))
    for row in session.connection().execute(query.order_by(table.c.incident, table.c.position)):
        found[row.incident].append(part.to_record(row))
    return found


def _write_parts(session: Session, number: int, before: Incident | None, after: Incident) -> None:
    _write(session, SIGNALS, number, before.signals if before else (), after.signals)
    _write(session, CHANGES, number, before.changes if before else (), after.changes)
    _write(session, EVENTS, number, before.timeline if before else (), after.timeline)


def _write(
    session: Session,
    part: "Part[RecordT]",
    number: int,
    before: Sequence[RecordT],
    after: Sequence[RecordT],
) -> None:
    """Make the stored rows say `after`, touching only those that differ from `before`."""
    plan = differences(before, after, part.key)
    if not plan:
        return
    connection, table = session.connection(), part.table
    positions = _positions(connection, table, number, len(before))
    end = positions[-1] + 1 if positions else 0
    row = [table.c.incident == number, table.c.position == sa.bindparam("at")]
    if plan.changed:
        rows = [{"at": positions[i], **part.columns(record)} for i, record in plan.changed]
        connection.execute(_set(table).where(*row), rows)
    if plan.removed:
        connection.execute(table.delete().where(*row), [{"at": positions[i]} for i in plan.removed])
    if plan.added:
        connection.execute(
            table.insert(),
            [
                {"incident": number, "position": position, **part.columns(record)}
                for position, record in enumerate(plan.added, start=end)
            ],
        )


def _set(table: sa.Table) -> sa.Update:
    names = [c.name for c in table.columns if not c.primary_key]
    return table.update().values({name: sa.bindparam(name) for name in names})


def _positions(connection: sa.Connection, table: sa.Table, number: int, rows: int) -> Sequence[int]:
    """Of an incident's rows, in order. They have gaps where some were removed."""
    if not rows:
        return ()
    mine = table.c.incident == number
    last = connection.execute(sa.select(sa.func.max(table.c.position)).where(mine)).scalar_one()
    if last == rows - 1:
        return range(rows)
    query = sa.select(table.c.position).where(mine).order_by(table.c.position)
    return connection.execute(query).scalars().all()


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
        "suspects": list(incident.suspects),
        "merged_into": incident.merged_into,
        "tickets": [
            {"system": t.system, "key": t.key, "url": t.url, "status": t.status}
            for t in incident.tickets
        ],
    }


def _to_incident(
    row: Row,
    signals: tuple[Signal, ...],
    changes: tuple[Change, ...],
    timeline: tuple[Event, ...],
) -> Incident:
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
        suspects=tuple(row.suspects),
        merged_into=row.merged_into,
        tickets=tuple(Ticket(**ticket) for ticket in row.tickets),
    )


def _signal_columns(signal: Signal) -> dict[str, Any]:
    return {"body": pack_signal(signal)}


def _to_signal(row: Row) -> Signal:
    return unpack_signal(row.body)


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


def _to_change(row: Row) -> Change:
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


def _to_event(row: Row) -> Event:
    return Event(
        id=row.event_id, at=row.at, kind=row.kind, actor=row.actor, text=row.text, url=row.url
    )


@dataclass(frozen=True)
class Part(Generic[RecordT]):
    """One of an incident's tuples and the table of its elements."""

    table: sa.Table
    columns: Callable[[RecordT], dict[str, Any]]
    to_record: Callable[[Row], RecordT]
    key: Callable[[RecordT], Hashable]
    """What stays the same when an element changes."""


SIGNALS = Part(table_of(SignalRow), _signal_columns, _to_signal, instance)
CHANGES = Part(table_of(IncidentChangeRow), _change_columns, _to_change, lambda c: c.id)
EVENTS = Part(table_of(EventRow), _event_columns, _to_event, lambda e: e.id)
