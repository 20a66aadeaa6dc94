"""Silences and maintenance windows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.numbered import id_of, row_of
from knowledge.adapters.sql.tables import SilenceRow
from knowledge.ids import SILENCES
from knowledge.records import Matcher, Silence


class SqlSilences:
    """`ports.Silences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Silence) -> Silence:
        row = SilenceRow(**_columns(draft))
        with self._database.write() as session:
            session.add(row)
            session.flush()
            return replace(draft, id=id_of(SILENCES, row))

    def get(self, silence_id: str) -> Silence:
        with self._database.read() as session:
            return _to_silence(row_of(session, SilenceRow, SILENCES, silence_id))

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        query = select(SilenceRow)
        if at is not None:
            query = query.where(SilenceRow.ends_at > at)
        query = query.order_by(col(SilenceRow.number).desc()).limit(limit)
        with self._database.read() as session:
            return [_to_silence(row) for row in session.exec(query)]

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        with self._database.write() as session:
            row = row_of(session, SilenceRow, SILENCES, silence_id, for_update=True)
            if row.ends_at > at:
                row.ends_at = at
                row.ended_by = by
            return _to_silence(row)


def _columns(silence: Silence) -> dict[str, Any]:
    return {
        "matchers": _to_json(silence.matchers),
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "created_by": silence.created_by,
        "created_at": silence.created_at,
        "reason": silence.reason,
        "kind": silence.kind,
        "ended_by": silence.ended_by,
    }


def _to_json(matchers: Sequence[Matcher]) -> list[list[str]]:
    return [[matcher.label, matcher.op, matcher.value] for matcher in matchers]


def _to_silence(row: SilenceRow) -> Silence:
    return Silence(
        id=id_of(SILENCES, row),
        matchers=tuple(Matcher(label, op, value) for label, op, value in row.matchers),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_by=row.created_by,
        created_at=row.created_at,
        reason=row.reason,
        kind=row.kind,
        ended_by=row.ended_by,
    )
