"""Memos, and what running calls of language models have set aside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.shared_tables import MemoRow, ReservationRow
from knowledge.adapters.sql.tables import table_of
from knowledge.records import Reservation

_MEMO = table_of(MemoRow)
_RESERVATION = table_of(ReservationRow)
_OF_RESERVATION = [field.name for field in fields(Reservation)]
_ALONE = 7_261_322
"""PostgreSQL's advisory lock for looking at a limit and setting aside."""


class SqlMemos:
    """`ports.Memos`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, text: str, until: datetime) -> None:
        insert = self._database.insert(_MEMO).values(key=key, body=text, until=until)
        statement = insert.on_conflict_do_update(
            index_elements=["key"],
            set_={"body": insert.excluded.body, "until": insert.excluded.until},
        )
        with self._database.write() as session:
            session.execute(statement)

    def get(self, key: str, now: datetime) -> str | None:
        query = sa.select(_MEMO.c.body).where(_MEMO.c.key == key, _MEMO.c.until > now)
        with self._database.read() as session:
            found: str | None = session.scalar(query)
        return found

    def tidy(self, now: datetime, most: int = 50_000) -> None:
        oldest_kept = sa.select(_MEMO.c.until).order_by(_MEMO.c.until.desc()).offset(most).limit(1)
        with self._database.write() as session:
            session.execute(sa.delete(_MEMO).where(_MEMO.c.until <= now))
            first_too_many = session.scalar(oldest_kept)
            if first_too_many is not None:
                session.execute(sa.delete(_MEMO).where(_MEMO.c.until <= first_too_many))


class SqlReservations:
    """`ports.Reservations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._database.write() as session:
            # SQLite has one writer anyway.
            if not self._database.is_sqlite:
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE)))
            yield

    def add(self, reservation: Reservation) -> int:
        row = ReservationRow(**asdict(reservation))
        with self._database.write() as session:
            session.add(row)
            session.flush()
            assert row.id is not None
            return row.id

    def remove(self, number: int) -> None:
        with self._database.write() as session:
            session.execute(sa.delete(_RESERVATION).where(_RESERVATION.c.id == number))

    def live(self, now: datetime) -> list[Reservation]:
        query = select(ReservationRow).where(col(ReservationRow.until) > now)
        with self._database.read() as session:
            return [
                Reservation(**{name: getattr(row, name) for name in _OF_RESERVATION})
                for row in session.exec(query)
            ]

    def tidy(self, now: datetime) -> None:
        with self._database.write() as session:
            session.execute(sa.delete(_RESERVATION).where(_RESERVATION.c.until <= now))
