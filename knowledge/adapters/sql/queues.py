"""Inbox and outbox: webhooks on their way in, and what Slack must be told on its way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import sqlalchemy as sa
from sqlmodel import Session, col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.group_commit import GroupCommit
from knowledge.adapters.sql.tables import InboxRow, OutboxRow, PostedRow, storable, table_of
from knowledge.records import Batch, Delivery, Posted

MOST_BYTES = 32 * 2**20
"""Bodies read from the inbox at once."""

_ADD = "INSERT INTO inbox (source, received_at, body) VALUES {rows} RETURNING id"
_PUT = (
    "INSERT INTO outbox (key, revision, due_at, attempts) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET revision = outbox.revision + 1, due_at ="
    " CASE WHEN outbox.attempts = 0 AND excluded.due_at < outbox.due_at"
    " THEN excluded.due_at ELSE outbox.due_at END"
)
_INBOX = table_of(InboxRow)
_OUTBOX = table_of(OutboxRow)
_POSTED = table_of(PostedRow)


class SqlInbox:
    """`ports.Inbox`. A batch is one row: whole or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits: GroupCommit[_Accepted, int] = GroupCommit(self._add)

    def put(self, source: str, body: bytes, received_at: datetime) -> int:
        accepted = _Accepted(storable(source), body, received_at)
        if self._database.inside:
            return self._add([accepted])[0]
        return self._commits.put(accepted)

    def waiting(self, limit: int = 100) -> list[Batch]:
        """At most MOST_BYTES of bodies, but always one: what comes is not bounded by number."""
        query = sa.select(_INBOX).where(_INBOX.c.poison.is_(None)).order_by(_INBOX.c.id)
        found: list[Batch] = []
        size = 0
        with self._database.read() as session:
            # Row by row, so that what is too much is not read.
            for row in session.connection().execute(
                query.limit(limit).execution_options(yield_per=16)
            ):
                size += len(row.body)
                if found and size > MOST_BYTES:
                    break
                found.append(Batch(row.id, row.source, row.received_at, row.body))
        return found

    def count(self) -> int:
        query = sa.select(sa.func.count()).where(_INBOX.c.poison.is_(None))
        with self._database.read() as session:
            return int(session.connection().execute(query).scalar_one())

    def still(self, batch_ids: Sequence[int]) -> set[int]:
        mine = sa.and_(_INBOX.c.id.in_(batch_ids), _INBOX.c.poison.is_(None))
        with self._database.read() as session:
            return set(session.connection().execute(sa.select(_INBOX.c.id).where(mine)).scalars())

    def done(self, batch_ids: Sequence[int]) -> None:
        with self._database.write() as session:
            session.connection().execute(sa.delete(_INBOX).where(_INBOX.c.id.in_(batch_ids)))

    def poison(self, batch_id: int, why: str) -> None:
        with self._database.write() as session:
            session.connection().execute(
                sa.update(_INBOX).where(_INBOX.c.id == batch_id).values(poison=why)
            )

    def _add(self, accepted: Sequence["_Accepted"]) -> Sequence[int]:
        with self._database.write() as session:
            driver = self._database.driver(session)
            sql = _ADD.replace("{rows}", ",".join(["(?,?,?)"] * len(accepted)))
            values = [(a.source, driver.time(a.received_at), a.body) for a in accepted]
            rows = driver.all(sql, tuple(chain.from_iterable(values)))
        # Rows are numbered in their order; that they are returned in it is not promised.
        return sorted(number for (number,) in rows)


@dataclass(frozen=True)
class _Accepted:
    source: str
    body: bytes
    received_at: datetime


class SqlOutbox:
    """`ports.Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, due_at: datetime) -> None:
        with self._database.write() as session:
            put_delivery(self._database, session, key, due_at)

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        query = (
            select(OutboxRow)
            .where(OutboxRow.due_at <= now)
            .order_by(col(OutboxRow.due_at), col(OutboxRow.key))
            .limit(limit)
        )
        with self._database.read() as session:
            return [
                Delivery(row.key, row.revision, row.due_at, row.attempts)
                for row in session.exec(query)
            ]

    def count_due(self, now: datetime) -> int:
        query = sa.select(sa.func.count()).where(_OUTBOX.c.due_at <= now)
        with self._database.read() as session:
            return int(session.connection().execute(query).scalar_one())

    def begin(self, delivery: Delivery) -> None:
        of = sa.update(_OUTBOX).where(_OUTBOX.c.key == delivery.key)
        with self._database.write() as session:
            session.connection().execute(of.values(attempts=delivery.attempts + 1))

    def done(self, delivery: Delivery) -> None:
        with self._database.write() as session:
            row = session.get(OutboxRow, delivery.key, with_for_update=True)
            if row is None:
                return
            if row.revision == delivery.revision:
                session.delete(row)
            else:
                row.attempts = 0

    def retry(self, delivery: Delivery, due_at: datetime) -> None:
        with self._database.write() as session:
            row = session.get(OutboxRow, delivery.key, with_for_update=True)
            if row is not None:
                row.attempts = delivery.attempts + 1
                row.due_at = due_at

    def posted(self, key: str) -> Posted | None:
        with self._database.read() as session:
            row = session.get(PostedRow, key)
        return None if row is None else _to_posted(row)

    def set_posted(self, posted: Posted) -> None:
        row = PostedRow(key=posted.key, channel=posted.channel, ts=posted.ts, shows=posted.shows)
        with self._database.write() as session:
            session.merge(row)

    def post_first(self, posted: Posted, over: str | None = None) -> Posted:
        insert = self._database.insert(_POSTED).values(**vars(posted))
        told = {name: insert.excluded[name] for name in ("channel", "ts", "shows")}
        statement = insert.on_conflict_do_update(
            index_elements=["key"],
            set_=told,
            where=sa.false() if over is None else _POSTED.c.shows == over,
        )
        with self._database.write() as session:
            session.connection().execute(statement)
            there = session.get(PostedRow, posted.key, populate_existing=True)
        assert there is not None
        return _to_posted(there)

    def forget_posted(self, key: str) -> None:
        with self._database.write() as session:
            row = session.get(PostedRow, key)
            if row is not None:
                session.delete(row)

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        query = select(PostedRow).where(PostedRow.ts == ts, PostedRow.channel == channel)
        with self._database.read() as session:
            row = session.exec(query.order_by(col(PostedRow.key))).first()
        return None if row is None else _to_posted(row)


def put_delivery(database: Database, session: Session, key: str, due_at: datetime) -> None:
    """Put or merge, within the caller's transaction.

    A merge keeps the earlier time, so that a storm cannot put a card off for ever; but what failed
    before waits as long as it was told to.
    """
    driver = database.driver(session)
    driver.many(_PUT, [(storable(key), 1, driver.time(due_at), 0)])


def put_deliveries(
    database: Database, session: Session, kinds: Sequence[str], subject: str, due_at: datetime
) -> None:
    """Those of a store's `tell`, within the caller's transaction: "<kind>:<subject>" each."""
    for kind in kinds:
        put_delivery(database, session, f"{kind}:{subject}", due_at)


def _to_posted(row: PostedRow) -> Posted:
    return Posted(row.key, row.channel, row.ts, row.shows)
