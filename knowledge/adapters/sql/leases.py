"""Who has which role, and rounds one at a time: by rows that the database locks."""

import itertools
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session

from knowledge.adapters.sql.database import Database, open_beside
from knowledge.adapters.sql.lease_tables import LeaseRow, RoundNoteRow, RoundRow
from knowledge.adapters.sql.tables import storable, table_of
from knowledge.records import Decision, Lease

_LEASE = table_of(LeaseRow)
_ROUND = table_of(RoundRow)
_NOTE = table_of(RoundNoteRow)
_THE_ROUND = "correlation"
_LONG_OVER_S = 3600.0
_STUCK = "5s"
"""A round whose process says nothing for so long is undone: it was stopped or cut off, and others
wait for it."""
_WAIT_FOR_A_ROUND = "20s"
# The database's own time, in seconds since 1970, as it passes within a transaction.
_NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch FROM clock_timestamp())::float8",
}
_TAKE = (
    "INSERT INTO lease (name, holder, token, until) VALUES (?, ?, 1, {now} + ?)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, token ="
    " CASE WHEN lease.holder = excluded.holder AND lease.until > {now}"
    " THEN lease.token ELSE lease.token + 1 END"
    " WHERE lease.holder = excluded.holder OR lease.until <= {now} RETURNING token"
)


class SqlLeases:
    """`ports.Leases`. On PostgreSQL it has a connection to itself, which waits for nothing: whoever
    is busy must not seem dead."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beside = database if database.is_sqlite else open_beside(database)
        now = _NOW["sqlite" if database.is_sqlite else "postgresql"]
        self._now: sa.ColumnElement[float] = sa.literal_column(now)
        self._take = _TAKE.replace("{now}", now)

    def take(self, name: str, holder: str, for_s: float) -> int | None:
        with self._beside.write() as session:
            rows = self._beside.driver(session).all(
                self._take, (storable(name), storable(holder), for_s)
            )
        return int(rows[0][0]) if rows else None

    def release(self, name: str, holder: str) -> None:
        mine = sa.and_(_LEASE.c.name == name, _LEASE.c.holder == holder)
        with self._beside.write() as session:
            session.execute(sa.update(_LEASE).where(mine).values(until=0.0))

    def held(self) -> list[Lease]:
        left = (_LEASE.c.until - self._now).label("left_s")
        query = sa.select(_LEASE.c.name, _LEASE.c.holder, _LEASE.c.token, left)
        with self._beside.read() as session:
            rows = session.execute(query.where(left > 0).order_by(_LEASE.c.name)).all()
        return [Lease(row.name, row.holder, row.token, row.left_s) for row in rows]

    def stands(self, name: str, holder: str, token: int) -> bool:
        mine = sa.and_(
            _LEASE.c.name == name,
            _LEASE.c.holder == holder,
            _LEASE.c.token == token,
            _LEASE.c.until > self._now,
        )
        query = sa.select(_LEASE.c.name).where(mine)
        if self._database.inside:
            with self._database.write() as session:
                return session.execute(query.with_for_update(read=True)).first() is not None
        with self._database.read() as session:
            return session.execute(query).first() is not None

    def tidy(self) -> int:
        over = sa.delete(_LEASE).where(_LEASE.c.until < self._now - _LONG_OVER_S)
        with self._beside.write() as session:
            return len(session.execute(over.returning(_LEASE.c.name)).all())

    def close(self) -> None:
        if self._beside is not self._database:
            self._beside.close()


class SqlRounds:
    """`ports.Rounds`. SQLite has one process that works, whose own lock keeps rounds apart: there
    the number is that process's, and a round's transaction begins with its first real write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = itertools.count(1)
        self._latest = 0

    def latest(self) -> int:
        if self._database.is_sqlite:
            return self._latest
        query = sa.select(_ROUND.c.number).where(_ROUND.c.name == _THE_ROUND)
        with self._database.read() as session:
            return int(session.execute(query).scalar_one_or_none() or 0)

    def begin(self) -> int:
        if self._database.is_sqlite:
            self._latest = next(self._own)
            return self._latest
        insert = self._database.insert(_ROUND).values(name=_THE_ROUND, number=1)
        grown = insert.on_conflict_do_update(
            index_elements=["name"], set_={"number": _ROUND.c.number + 1}
        )
        with self._database.write() as session:
            session.execute(sa.text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_A_ROUND}'"))
            session.execute(sa.text(f"SET LOCAL idle_in_transaction_session_timeout = '{_STUCK}'"))
            return int(session.execute(grown.returning(_ROUND.c.number)).scalar_one())

    def alive(self) -> None:
        if not self._database.is_sqlite:
            with self._database.write() as session:
                session.execute(sa.text("SELECT 1"))

    def note(self, number: int, decisions: Sequence[Decision]) -> None:
        with self._database.write() as session:
            session.execute(_NOTE.insert().values(number=number, decisions=tuple(decisions)))

    def notes(self, after: int, before: int) -> Mapping[int, tuple[Decision, ...]]:
        query = sa.select(_NOTE).where(_NOTE.c.number > after, _NOTE.c.number < before)
        with self._database.read() as session:
            rows = session.execute(query.order_by(_NOTE.c.number)).all()
        return {row.number: row.decisions for row in rows}

    def tidy(self, keep: int = 10_000) -> int:
        with self._database.write() as session:
            return len(_drop_old(session, keep))


def _drop_old(session: Session, keep: int) -> Sequence[object]:
    newest = sa.select(sa.func.max(_NOTE.c.number)).scalar_subquery()
    old = sa.delete(_NOTE).where(_NOTE.c.number <= newest - keep)
    return session.execute(old.returning(_NOTE.c.number)).all()
