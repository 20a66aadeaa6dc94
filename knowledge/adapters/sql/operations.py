"""Handovers, executions of runbooks, uses of language models, judgements."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from knowledge.adapters import due
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.numbered import id_of, row_of
from knowledge.adapters.sql.operation_tables import (
    ExecutionRow,
    HandoverRow,
    JudgementRow,
    UseRow,
)
from knowledge.adapters.sql.queues import put_deliveries
from knowledge.adapters.sql.tables import NumberedRow
from knowledge.adapters.totals import in_order
from knowledge.ids import EXECUTIONS, HANDOVERS, Ids
from knowledge.ports.operations import By
from knowledge.records import Execution, Handover, Judgement, Use, UseTotal

RecordT = TypeVar("RecordT", Handover, Execution)


class _Numbered(Generic[RecordT]):
    """Records with a number whose rows have columns named as their fields are."""

    def __init__(
        self,
        database: Database,
        record: type[RecordT],
        table: type[NumberedRow],
        ids: Ids,
        due_since: Callable[[RecordT], datetime],
    ) -> None:
        self._database = database
        self._record: type[RecordT] = record
        self._table = table
        self._ids = ids
        self._due_since: Callable[[RecordT], datetime] = due_since
        self._columns = [f.name for f in fields(record) if f.name != "id"]

    def open(self, draft: RecordT, tell: Sequence[str] = ()) -> RecordT:
        row = self._table(**self._values(draft))
        with self._database.write() as session:
            session.add(row)
            session.flush()
            opened = replace(draft, id=id_of(self._ids, row))
            self._tell(session, opened, tell)
        return opened

    def get(self, record_id: str) -> RecordT:
        with self._database.read() as session:
            return self._read(row_of(session, self._table, self._ids, record_id))

    def change(
        self, record_id: str, by: Callable[[RecordT], RecordT], tell: Sequence[str] = ()
    ) -> RecordT:
        with self._database.write() as session:
            row = row_of(session, self._table, self._ids, record_id, for_update=True)
            before = self._read(row)
            after = replace(by(before), id=before.id)
            row.sqlmodel_update(self._values(after))
            self._tell(session, after, tell)
        return after

    def _newest(self, wanted: Sequence[Any], limit: int) -> list[RecordT]:
        query = select(self._table).where(*wanted)
        query = query.order_by(col(self._table.number).desc()).limit(limit)
        with self._database.read() as session:
            return [self._read(row) for row in session.exec(query)]

    def _tell(self, session: Session, record: RecordT, kinds: Sequence[str]) -> None:
        put_deliveries(self._database, session, kinds, record.id, self._due_since(record))

    def _values(self, record: RecordT) -> dict[str, Any]:
        return {name: getattr(record, name) for name in self._columns}

    def _read(self, row: NumberedRow) -> RecordT:
        values = {name: getattr(row, name) for name in self._columns}
        return self._record(id=id_of(self._ids, row), **values)


class SqlHandovers(_Numbered[Handover]):
    """`ports.Handovers`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Handover, HandoverRow, HANDOVERS, due.of_handover)

    def find(
        self, *, incident: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Handover]:
        wanted = [HandoverRow.incident == incident] if incident else []
        if since is not None:
            wanted.append(HandoverRow.offered_at >= since)
        return self._newest(wanted, limit)


class SqlExecutions(_Numbered[Execution]):
    """`ports.Executions`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Execution, ExecutionRow, EXECUTIONS, due.of_execution)

    def find(
        self,
        *,
        incident: str = "",
        runbook: str = "",
        open_only: bool = False,
        limit: int = 50,
    ) -> list[Execution]:
        wanted: list[Any] = [ExecutionRow.incident == incident] if incident else []
        if runbook:
            wanted.append(ExecutionRow.runbook == runbook)
        if open_only:
            wanted.append(col(ExecutionRow.ended_at).is_(None))
        return self._newest(wanted, limit)


_OF_USE = [f.name for f in fields(Use)]


class SqlUses:
    """`ports.Uses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, use: Use) -> None:
        row = UseRow(**asdict(use), day=use.at.astimezone(UTC).date().isoformat())
        with self._database.write() as session:
            session.add(row)

    def find(self, since: datetime, until: datetime, limit: int = 1000) -> list[Use]:
        query = (
            select(UseRow)
            .where(UseRow.at >= since, UseRow.at < until)
            .order_by(col(UseRow.at).desc(), col(UseRow.id).desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [
                Use(**{name: getattr(row, name) for name in _OF_USE}) for row in session.exec(query)
            ]

    def totals(self, since: datetime, until: datetime, by: By) -> list[UseTotal]:
        heading = col(getattr(UseRow, by))
        sums = (sa.func.sum(c) for c in (UseRow.tokens_in, UseRow.tokens_out, UseRow.cost))
        query = (
            sa.select(heading, sa.func.count(), *sums)
            .where(col(UseRow.at) >= since, col(UseRow.at) < until)
            .group_by(heading)
        )
        with self._database.read() as session:
            found = [
                UseTotal(key, answers, int(tokens_in), int(tokens_out), float(cost))
                for key, answers, tokens_in, tokens_out, cost in session.execute(query)
            ]
        return in_order(found, by)


_OF_JUDGEMENT = [f.name for f in fields(Judgement)]


class SqlJudgements:
    """`ports.Judgements`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, judgement: Judgement) -> None:
        who = json.dumps([judgement.by, judgement.document, judgement.query])
        key = hashlib.sha256(who.encode()).hexdigest()
        insert = self._database.insert(JudgementRow).values(key=key, **asdict(judgement))
        statement = insert.on_conflict_do_update(
            index_elements=[col(JudgementRow.key)],
            set_={name: insert.excluded[name] for name in _OF_JUDGEMENT},
        )
        with self._database.write() as session:
            session.execute(statement)

    def all(self) -> list[Judgement]:
        query = select(JudgementRow).order_by(col(JudgementRow.at), col(JudgementRow.id))
        with self._database.read() as session:
            return [
                Judgement(**{name: getattr(row, name) for name in _OF_JUDGEMENT})
                for row in session.exec(query)
            ]
