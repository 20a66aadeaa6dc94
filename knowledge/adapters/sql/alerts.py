"""The history of alert instances: bulk upserts of plain tuples, and counts by day beside them.

Everything here is written for storms: a few hundred records come at once, so one query reads what
is known of them and three statements write them, without objects of the ORM.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from knowledge.adapters.alert_history import (
    NOTHING,
    Counts,
    Kind,
    counts_of,
    day_of,
    joined,
    kind_of,
    repeated,
    span,
    tallies,
)
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.packing import (
    DAY_US,
    from_us,
    pack_signal,
    pack_terms,
    series_of,
    to_us,
    unpack_signal,
    unpack_terms,
)
from knowledge.adapters.sql.tables import (
    AlertDayRow,
    AlertRow,
    CounterRow,
    IncidentRow,
    storable,
    table_of,
)
from knowledge.errors import NotFound
from knowledge.incidents import incident_id
from knowledge.records import AlertRecord, Signal, Status, Tally, Verdict

T = TypeVar("T")
Key = tuple[int, int]
"""`starts_at` and `series` of an AlertRow: one instance."""

_ALERT = table_of(AlertRow)
_DAY = table_of(AlertDayRow)
_COUNTER = table_of(CounterRow)
_INCIDENT = table_of(IncidentRow)
_RESOLVED = Status.RESOLVED.value
_AT_ONCE = 500
"""Instances looked up in one query; databases limit its parameters."""
_DAYS_AT_ONCE = 100
_STATE = (
    "ends_at",
    "deliveries",
    "verdict",
    "silence",
    "name",
    "service",
    "severity",
    "source",
    "body",
    "why",
)
"""Columns that an instance's later state changes."""
_RECORDERS = 7_261_319
"""PostgreSQL's advisory lock for writing alerts: the counts are made of what was read before."""
_COMPACTED = "alerts compacted"
"""Name of the counter that holds the last day of which instances are gone."""
_ADD = _ALERT.insert()
_GROW = (
    _ALERT.update()
    .where(_ALERT.c.id == sa.bindparam("row_id"))
    .values({c: sa.bindparam(c) for c in _STATE})
)
"""Leaves the indexed columns alone."""
_MOVE = _GROW.values(incident=sa.bindparam("incident"))
_READ = (
    _ALERT.c.id,
    _ALERT.c.starts_at,
    _ALERT.c.series,
    _ALERT.c.first_received_at,
    _ALERT.c.deliveries,
    _ALERT.c.incident,
    _ALERT.c.verdict,
    _ALERT.c.silence,
    _ALERT.c.body,
    _ALERT.c.why,
)
# A table is quicker to look up than the enumeration's own call.
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


@dataclass(frozen=True)
class _Stored:
    id: int
    record: AlertRecord


@dataclass(frozen=True)
class _Step:
    """What is to be written of one instance; `before` is None for a new one."""

    key: Key
    before: _Stored | None
    after: AlertRecord


class SqlAlerts:
    """`ports.Alerts`. An instance that comes back after it was compacted counts as a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, records: Sequence[AlertRecord]) -> None:
        wanted: dict[Key, AlertRecord] = {}
        for record in records:
            key = _key(record.signal)
            known = wanted.get(key)
            wanted[key] = record if known is None else joined(known, record)
        with self._recording() as session:
            for some in _chunks(wanted.items()):
                stored = _stored(session, [key for key, _ in some])
                self._write(session, [_step(key, stored.get(key), new) for key, new in some])

    def repeated(self, deliveries: Sequence[tuple[Signal, int]]) -> None:
        wanted: dict[Key, list[tuple[Signal, int]]] = {}
        for signal, times in deliveries:
            wanted.setdefault(_key(signal), []).append((signal, times))
        with self._recording() as session:
            for some in _chunks(wanted.items()):
                stored = _stored(session, [key for key, _ in some])
                known = [(stored[key], key, more) for key, more in some if key in stored]
                self._write(session, [_Step(key, b, _after(b, more)) for b, key, more in known])

    def get(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        key = to_us(starts_at), series_of(fingerprint)
        with self._database.read() as session:
            stored = _stored(session, [key]).get(key)
        if stored is None:
            raise NotFound("alert", f"{fingerprint} of {starts_at.isoformat()}")
        return stored.record

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str = "",
        fingerprint: str = "",
        limit: int = 1000,
    ) -> list[AlertRecord]:
        query = sa.select(*_READ).order_by(_ALERT.c.first_received_at.desc(), _ALERT.c.id.desc())
        if since is not None:
            query = query.where(_ALERT.c.first_received_at >= to_us(since))
        if until is not None:
            query = query.where(_ALERT.c.first_received_at < to_us(until))
        if incident:
            query = query.where(_ALERT.c.incident == incident)
        with self._database.read() as session:
            if fingerprint:
                rows = _of_series(session, query, fingerprint, limit)
            else:
                rows = list(session.execute(query.limit(limit)))
        return [_to_record(row) for row in reversed(rows)]

    def tally(self, since: datetime, until: datetime) -> list[Tally]:
        with self._database.read() as session:
            counter = session.get(CounterRow, _COMPACTED)
            wanted = span(since, until, -1 if counter is None else counter.value)
            counted = list(_count_days(session, wanted.days))
            for start, end in wanted.parts:
                counted += _count_instances(session, start, end)
        return tallies(counted)

    def compact(self, before: datetime, limit: int = 10_000) -> int:
        with self._recording() as session:
            open_ones = sa.select(_INCIDENT.c.number).where(_INCIDENT.c.status != _RESOLVED)
            kept = [incident_id(number) for number in session.execute(open_ones).scalars()]
            oldest = (
                sa.select(_ALERT.c.id)
                .where(_ALERT.c.first_received_at < to_us(before), _ALERT.c.incident.not_in(kept))
                .order_by(_ALERT.c.first_received_at)
                .limit(limit)
            )
            drop = sa.delete(_ALERT).where(_ALERT.c.id.in_(oldest)).returning(_ALERT.c.day)
            days = session.execute(drop).scalars().all()
            if days:
                self._note_compacted(session, max(days))
        return len(days)

    @contextmanager
    def _recording(self) -> Iterator[Session]:
        """One recorder at a time: the counts follow from what was read before."""
        with self._database.write() as session:
            # SQLite has one writer anyway.
            if not self._database.is_sqlite:
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_RECORDERS)))
            yield session

    def _write(self, session: Session, steps: Sequence[_Step]) -> None:
        connection = session.connection()
        new: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for step in steps:
            columns = _columns(step.key, step.after)
            if step.before is None:
                new.append(columns)
                continue
            columns["row_id"] = step.before.id
            same = step.before.record.incident == step.after.incident
            (grown if same else moved).append(columns)
        for statement, rows in ((_ADD, new), (_GROW, grown), (_MOVE, moved)):
            if rows:
                connection.execute(statement, rows)
        self._count(connection, steps)

    def _count(self, connection: sa.Connection, steps: Iterable[_Step]) -> None:
        added: dict[tuple[int, Kind], Counts] = {}
        for step in steps:
            day = day_of(step.after.first_received_at)
            states = [(step.after, 1)] + ([(step.before.record, -1)] if step.before else [])
            for record, times in states:
                at = day, _kind_of(record.signal)
                added[at] = added.get(at, NOTHING).plus(counts_of(record), times)
        rows = [
            {"day": day, **kind._asdict(), **counts._asdict()}
            for (day, kind), counts in added.items()
            if counts != NOTHING
        ]
        if rows:
            connection.execute(self._add_to_days, rows)

    @cached_property
    def _add_to_days(self) -> sa.Executable:
        insert = self._database.insert(_DAY)
        return insert.on_conflict_do_update(
            index_elements=["day", *Kind._fields],
            set_={name: _DAY.c[name] + insert.excluded[name] for name in Counts._fields},
        )

    def _note_compacted(self, session: Session, day: int) -> None:
        insert = self._database.insert(_COUNTER).values(name=_COMPACTED, value=day)
        statement = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"value": insert.excluded.value},
            where=insert.excluded.value > _COUNTER.c.value,
        )
        session.execute(statement)


def _step(key: Key, before: _Stored | None, new: AlertRecord) -> _Step:
    return _Step(key, before, new if before is None else joined(before.record, new))


def _after(before: _Stored, more: Sequence[tuple[Signal, int]]) -> AlertRecord:
    record = before.record
    for signal, times in more:
        record = repeated(record, signal, times)
    return record


def _stored(session: Session, keys: Sequence[Key]) -> dict[Key, _Stored]:
    """Those that are known. At most _AT_ONCE keys."""
    instances = sa.tuple_(_ALERT.c.starts_at, _ALERT.c.series)
    rows = session.execute(sa.select(*_READ).where(instances.in_(keys)))
    return {(row.starts_at, row.series): _Stored(row.id, _to_record(row)) for row in rows}


def _of_series(
    session: Session, query: sa.Select[Any], fingerprint: str, limit: int
) -> list[sa.Row[Any]]:
    """The newest rows of one series, found by looking into one day after the other."""
    at = _ALERT.c.first_received_at
    first, last = (session.scalar(sa.select(end(at))) for end in (sa.func.min, sa.func.max))
    if first is None or last is None:
        return []
    found: list[sa.Row[Any]] = []
    days = range(last // DAY_US, first // DAY_US - 1, -1)
    for start in range(0, len(days), _DAYS_AT_ONCE):
        some = query.where(
            _ALERT.c.series == series_of(fingerprint),
            _ALERT.c.day.in_(days[start : start + _DAYS_AT_ONCE]),
        )
        found += session.execute(some.limit(limit - len(found)))
        if len(found) >= limit:
            break
    return found


def _count_days(session: Session, days: range) -> Iterator[tuple[Kind, Counts]]:
    if not days:
        return iter(())
    sums = (sa.func.sum(_DAY.c[name]) for name in Counts._fields)
    kind = [_DAY.c[name] for name in Kind._fields]
    query = sa.select(*kind, *sums).where(_DAY.c.day >= days.start, _DAY.c.day < days.stop)
    return _counted(session.execute(query.group_by(*kind)))


def _count_instances(
    session: Session, start: datetime, end: datetime
) -> Iterator[tuple[Kind, Counts]]:
    """`alert_history.counts_of`, by the database."""
    fired = _ALERT.c.ends_at - _ALERT.c.starts_at
    sums = (
        sa.func.count(),
        sa.func.sum(_ALERT.c.deliveries),
        sa.func.sum(sa.case((_ALERT.c.incident != "", 1), else_=0)),
        sa.func.sum(sa.case((_ALERT.c.verdict == Verdict.SILENCED.value, 1), else_=0)),
        sa.func.sum(sa.case((fired > 0, fired), else_=0)),
    )
    kind = [_ALERT.c[name] for name in Kind._fields]
    at = _ALERT.c.first_received_at
    query = sa.select(*kind, *sums).where(at >= to_us(start), at < to_us(end))
    return _counted(session.execute(query.group_by(*kind)))


def _counted(rows: Iterable[sa.Row[Any]]) -> Iterator[tuple[Kind, Counts]]:
    fields = len(Kind._fields)
    # PostgreSQL adds big integers up to a Decimal.
    return ((Kind(*row[:fields]), Counts(*map(int, row[fields:]))) for row in rows)


def _key(signal: Signal) -> Key:
    return to_us(signal.starts_at), series_of(signal.fingerprint)


def _kind_of(signal: Signal) -> Kind:
    return Kind(*map(storable, kind_of(signal)))


def _columns(key: Key, record: AlertRecord) -> dict[str, Any]:
    signal = record.signal
    starts_at, series = key
    first = to_us(record.first_received_at)
    return {
        "series": series,
        "starts_at": starts_at,
        "ends_at": None if signal.ends_at is None else to_us(signal.ends_at),
        "first_received_at": first,
        "day": first // DAY_US,
        "deliveries": record.deliveries,
        "incident": record.incident,
        "verdict": record.verdict.value,
        "silence": record.silence,
        "name": storable(signal.name),
        "service": storable(signal.service),
        "severity": storable(signal.severity),
        "source": storable(signal.source),
        "body": pack_signal(signal),
        "why": pack_terms(record.why),
    }


def _to_record(row: sa.Row[Any]) -> AlertRecord:
    return AlertRecord(
        signal=unpack_signal(row.body),
        first_received_at=from_us(row.first_received_at),
        deliveries=row.deliveries,
        incident=row.incident,
        verdict=_VERDICTS[row.verdict],
        why=unpack_terms(row.why),
        silence=row.silence,
    )


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
