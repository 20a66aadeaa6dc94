"""The history of alert instances, and counts by day beside them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from knowledge.adapters.alert_history import Counts, Kind, span, tallies
from knowledge.adapters.sql.alert_writes import (
    Instance,
    key_of,
    look_up,
    write_records,
    write_repeats,
)
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.incidents import OPEN
from knowledge.adapters.sql.packing import (
    DAY_US,
    from_us,
    series_of,
    to_us,
    unpack_signal,
    unpack_terms,
)
from knowledge.adapters.sql.partitions import ODD, drop_oldest, make_ahead
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
from knowledge.records import AlertRecord, Signal, Tally, Verdict

_ALERT = table_of(AlertRow)
_ODD = _ALERT.to_metadata(sa.MetaData(), name=ODD)
_DAY = table_of(AlertDayRow)
_COUNTER = table_of(CounterRow)
_INCIDENT = table_of(IncidentRow)
_DAYS_AT_ONCE = 100
_RECORDERS = 7_261_319
"""PostgreSQL's advisory lock for writing alerts: the counts are made of what was read before."""
_COMPACTED = "alerts compacted"
"""Name of the counter that holds the last day of which instances are gone."""
# A table is quicker to look up than the enumeration's own call.
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


class SqlAlerts:
    """`ports.Alerts`. An instance that comes back after it was compacted counts as a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, records: Sequence[AlertRecord]) -> None:
        with self._recording() as session:
            write_records(self._database.driver(session), records)

    def repeated(self, deliveries: Sequence[tuple[Signal, int]]) -> None:
        with self._recording() as session:
            write_repeats(self._database.driver(session), deliveries)

    def get(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        key = key_of(fingerprint, starts_at)
        with self._database.read() as session:
            stored = look_up(self._database.driver(session), [key])
        if key not in stored:
            raise NotFound("alert", f"{fingerprint} of {starts_at.isoformat()}")
        return _to_record(stored[key][1])

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str = "",
        fingerprint: str = "",
        limit: int = 1000,
    ) -> list[AlertRecord]:
        query = sa.select(_ALERT).order_by(_ALERT.c.first_received_at.desc(), _ALERT.c.id.desc())
        if since is not None:
            query = query.where(_ALERT.c.first_received_at >= to_us(since))
        if until is not None:
            query = query.where(_ALERT.c.first_received_at < to_us(until))
        if incident:
            query = query.where(_ALERT.c.incident == storable(incident))
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
            open_ones = sa.select(_INCIDENT.c.number).where(OPEN)
            kept = [incident_id(number) for number in session.execute(open_ones).scalars()]
            if not self._database.is_sqlite:
                dropped = drop_oldest(session.connection(), before, kept)
                if dropped is not None:
                    self._note_compacted(session, dropped[1])
                    return dropped[0]
            # On PostgreSQL, what is in no week that could be dropped.
            alert = _ALERT if self._database.is_sqlite else _ODD
            oldest = (
                sa.select(alert.c.id)
                .where(alert.c.first_received_at < to_us(before), alert.c.incident.not_in(kept))
                .order_by(alert.c.first_received_at)
                .limit(limit)
            )
            drop = sa.delete(alert).where(alert.c.id.in_(oldest)).returning(alert.c.day)
            days = session.execute(drop).scalars().all()
            if days:
                self._note_compacted(session, max(days))
        return len(days)

    def prepare(self, now: datetime) -> None:
        if self._database.is_sqlite:
            return
        with self._recording() as session:
            make_ahead(session.connection(), now)

    @contextmanager
    def _recording(self) -> Iterator[Session]:
        """One recorder at a time: the counts follow from what was read before."""
        with self._database.write() as session:
            # SQLite has one writer anyway.
            if not self._database.is_sqlite:
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_RECORDERS)))
            yield session

    def _note_compacted(self, session: Session, day: int) -> None:
        insert = self._database.insert(_COUNTER).values(name=_COMPACTED, value=day)
        statement = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"value": insert.excluded.value},
            where=insert.excluded.value > _COUNTER.c.value,
        )
        session.execute(statement)


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


def _to_record(row: Instance | sa.Row[Any]) -> AlertRecord:
    return AlertRecord(
        signal=unpack_signal(row.body),
        first_received_at=from_us(row.first_received_at),
        deliveries=row.deliveries,
        incident=row.incident,
        verdict=_VERDICTS[row.verdict],
        why=unpack_terms(row.why),
        silence=row.silence,
    )
