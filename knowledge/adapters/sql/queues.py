"""Inbox and outbox: signals on their way in, and what Slack must be told on its way out."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import InboxRow, OutboxRow, PostedRow
from knowledge.records import Batch, Delivery, Posted, Signal, SignalKind


class SqlInbox:
    """`ports.Inbox`. A batch is one row: whole or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, source: str, signals: Sequence[Signal], received_at: datetime) -> int:
        body = json.dumps([_to_json(signal) for signal in signals])
        row = InboxRow(source=source, received_at=received_at, signals=body)
        with self._database.write() as session:
            session.add(row)
            session.flush()
            assert row.id is not None
            return row.id

    def waiting(self, limit: int = 100) -> list[Batch]:
        query = select(InboxRow).where(col(InboxRow.poison).is_(None)).order_by(col(InboxRow.id))
        with self._database.read() as session:
            rows = session.exec(query.limit(limit)).all()
        return [batch for row in rows if (batch := self._batch(row)) is not None]

    def done(self, batch_ids: Sequence[int]) -> None:
        with self._database.write() as session:
            session.execute(sa.delete(InboxRow).where(col(InboxRow.id).in_(batch_ids)))

    def poison(self, batch_id: int, why: str) -> None:
        with self._database.write() as session:
            session.execute(
                sa.update(InboxRow).where(col(InboxRow.id) == batch_id).values(poison=why)
            )

    def _batch(self, row: InboxRow) -> Batch | None:
        """None, and the row set aside, when nobody can read it (any longer)."""
        assert row.id is not None
        try:
            signals = tuple(_from_json(item) for item in json.loads(row.signals))
        except (ValueError, KeyError, TypeError) as error:
            self.poison(row.id, f"unreadable: {error}")
            return None
        return Batch(row.id, row.source, row.received_at, signals)


class SqlOutbox:
    """`ports.Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, due_at: datetime) -> None:
        with self._database.write() as session:
            put_delivery(session, key, due_at)

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
                row.attempts += 1
                row.due_at = due_at

    def posted(self, key: str) -> Posted | None:
        with self._database.read() as session:
            row = session.get(PostedRow, key)
        return None if row is None else _to_posted(row)

    def set_posted(self, posted: Posted) -> None:
        row = PostedRow(key=posted.key, channel=posted.channel, ts=posted.ts, shows=posted.shows)
        with self._database.write() as session:
            session.merge(row)

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


def put_delivery(session: Session, key: str, due_at: datetime) -> None:
    """Put or merge, within the caller's transaction.

    A merge keeps the earlier time, so that a storm cannot put a card off for ever; but what failed
    before waits as long as it was told to.
    """
    row = session.get(OutboxRow, key, with_for_update=True)
    if row is None:
        session.add(OutboxRow(key=key, revision=1, due_at=due_at))
        return
    row.revision += 1
    if row.attempts == 0:
        row.due_at = min(row.due_at, due_at)


def _to_posted(row: PostedRow) -> Posted:
    return Posted(row.key, row.channel, row.ts, row.shows)


def _to_json(signal: Signal) -> dict[str, Any]:
    return {
        **vars(signal),
        "labels": dict(signal.labels),
        "kind": signal.kind.value,
        "starts_at": signal.starts_at.isoformat(),
        "received_at": signal.received_at.isoformat(),
        "ends_at": signal.ends_at.isoformat() if signal.ends_at else None,
    }


def _from_json(item: Mapping[str, Any]) -> Signal:
    ends_at = item["ends_at"]
    return Signal(
        **{
            **item,
            "kind": SignalKind(item["kind"]),
            "starts_at": datetime.fromisoformat(item["starts_at"]),
            "received_at": datetime.fromisoformat(item["received_at"]),
            "ends_at": datetime.fromisoformat(ends_at) if ends_at else None,
        }
    )
