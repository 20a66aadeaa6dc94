"""What is kept of monitors: changes made in chat, states, looks at models, opinions."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import (
    KeptMonitorRow,
    LookRow,
    MonitorStateRow,
    OpinionRow,
    storable,
    table_of,
)
from knowledge.records import KeptMonitor, Look, Opinion

AT_ONCE = 500
"""Keys in one statement: SQLite allows 32,766 variables, PostgreSQL 65,535."""

_STATES = table_of(MonitorStateRow)
_PUT_STATE = (
    "INSERT INTO monitor_state (key, body) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET body = excluded.body"
)


class SqlMonitors:
    """`ports.Monitors`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kept(self) -> list[KeptMonitor]:
        with self._database.read() as session:
            rows = session.exec(select(KeptMonitorRow).order_by(col(KeptMonitorRow.key))).all()
        return [_to_kept(row) for row in rows]

    def keep(self, monitor: KeptMonitor) -> None:
        with self._database.write() as session:
            session.merge(KeptMonitorRow(**vars(monitor)))

    def states(self, keys: Sequence[str] | None = None) -> dict[str, bytes]:
        query = sa.select(_STATES.c.key, _STATES.c.body)
        queries = (
            [query]
            if keys is None
            else [
                query.where(_STATES.c.key.in_(keys[at : at + AT_ONCE]))
                for at in range(0, len(keys), AT_ONCE)
            ]
        )
        with self._database.read() as session:
            connection = session.connection()
            return {row.key: row.body for one in queries for row in connection.execute(one)}

    def put_states(self, states: Mapping[str, bytes]) -> None:
        if not states:
            return
        rows = [(storable(key), body) for key, body in states.items()]
        with self._database.write() as session:
            self._database.driver(session).many(_PUT_STATE, rows)

    def drop_states(self, keys: Sequence[str]) -> None:
        with self._database.write() as session:
            for at in range(0, len(keys), AT_ONCE):
                some = _STATES.c.key.in_(keys[at : at + AT_ONCE])
                session.connection().execute(sa.delete(_STATES).where(some))

    def add_look(self, look: Look) -> None:
        row = LookRow(
            model=look.model,
            at=look.at,
            starts_at=look.start,
            ends_at=look.end,
            rows=look.rows,
            verdict=look.verdict,
            version=look.version,
            figures=json.dumps({storable(k): float(v) for k, v in look.figures.items()}),
            findings=[storable(finding) for finding in look.findings],
        )
        with self._database.write() as session:
            session.add(row)

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        query = select(LookRow).where(LookRow.model == model, LookRow.at >= since)
        if until is not None:
            query = query.where(LookRow.at < until)
        with self._database.read() as session:
            rows = session.exec(query.order_by(col(LookRow.at), col(LookRow.id))).all()
        return [_to_look(row) for row in rows]

    def last_look(self, model: str) -> Look | None:
        query = select(LookRow).where(LookRow.model == model)
        newest = query.order_by(col(LookRow.at).desc(), col(LookRow.id).desc()).limit(1)
        with self._database.read() as session:
            row = session.exec(newest).first()
        return None if row is None else _to_look(row)

    def say(self, opinion: Opinion) -> None:
        with self._database.write() as session:
            session.merge(OpinionRow(**vars(opinion)))

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        query = select(OpinionRow)
        if key:
            query = query.where(OpinionRow.key == key)
        if since is not None:
            query = query.where(OpinionRow.at >= since)
        order = (OpinionRow.at, OpinionRow.key, OpinionRow.fingerprint, OpinionRow.by)
        with self._database.read() as session:
            rows = session.exec(query.order_by(*map(col, order))).all()
        return [_to_opinion(row) for row in rows]

    def tidy(self, before: datetime) -> int:
        old = sa.delete(LookRow).where(col(LookRow.at) < before).returning(col(LookRow.id))
        with self._database.write() as session:
            return len(session.execute(old).all())


def _to_kept(row: KeptMonitorRow) -> KeptMonitor:
    return KeptMonitor(
        key=row.key,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        spec=row.spec,
        removed=row.removed,
        paused_until=row.paused_until,
        sure=row.sure,
        paused=row.paused,
    )


def _to_look(row: LookRow) -> Look:
    return Look(
        model=row.model,
        at=row.at,
        start=row.starts_at,
        end=row.ends_at,
        rows=row.rows,
        verdict=row.verdict,
        version=row.version,
        figures=json.loads(row.figures),
        findings=tuple(row.findings),
    )


def _to_opinion(row: OpinionRow) -> Opinion:
    return Opinion(
        key=row.key,
        at=row.at,
        by=row.by,
        useful=row.useful,
        fingerprint=row.fingerprint,
        starts_at=row.starts_at,
        score=row.score,
        note=row.note,
    )
