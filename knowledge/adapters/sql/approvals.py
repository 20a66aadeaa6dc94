"""Requests to move a champion, the votes on them, and what came of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from knowledge.adapters import due
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.numbered import id_of, row_of
from knowledge.adapters.sql.queues import put_deliveries
from knowledge.adapters.sql.tables import ApprovalRow, storable
from knowledge.ids import APPROVALS
from knowledge.promotion.deciding import being_moved
from knowledge.records import Approval, ApprovalStatus, CanaryState

_AS_THEY_ARE = [f.name for f in fields(Approval) if f.name not in ("id", "key")]


class SqlApprovals:
    """`ports.Approvals`. Every change is made on a locked row: the first decision stands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Approval, tell: Sequence[str] = ()) -> Approval:
        insert = self._database.insert(ApprovalRow).values(**_columns(draft))
        # Two replicas may be told of the same thing at once: the key decides between them.
        once = insert.on_conflict_do_nothing(index_elements=[col(ApprovalRow.key)])
        with self._database.write() as session:
            statement = once.returning(col(ApprovalRow.number))
            number = session.execute(statement).scalar_one_or_none()
            if number is None:
                return _to_approval(_of_key(session, draft.key))
            added = replace(draft, id=APPROVALS.of(number))
            self._tell(session, added, tell)
        return added

    def get(self, approval_id: str) -> Approval:
        with self._database.read() as session:
            return _to_approval(row_of(session, ApprovalRow, APPROVALS, approval_id))

    def find(
        self,
        *,
        model: str = "",
        status: ApprovalStatus | None = None,
        watched: bool = False,
        limit: int = 50,
    ) -> list[Approval]:
        query = select(ApprovalRow)
        if model:
            query = query.where(ApprovalRow.model == model)
        if status is not None:
            query = query.where(ApprovalRow.status == status)
        if watched:
            query = query.where(col(ApprovalRow.watched).is_(sa.true()))
        query = query.order_by(col(ApprovalRow.number).desc()).limit(limit)
        with self._database.read() as session:
            return [_to_approval(row) for row in session.exec(query)]

    def decide(
        self,
        approval_id: str,
        expected: ApprovalStatus,
        by: Callable[[Approval], Approval],
        tell: Sequence[str] = (),
    ) -> tuple[Approval, bool]:
        with self._database.write() as session:
            row = row_of(session, ApprovalRow, APPROVALS, approval_id, for_update=True)
            if row.status is not expected:
                return _to_approval(row), False
            return self._change(session, row, by, tell), True

    def update(
        self, approval_id: str, by: Callable[[Approval], Approval], tell: Sequence[str] = ()
    ) -> Approval:
        with self._database.write() as session:
            row = row_of(session, ApprovalRow, APPROVALS, approval_id, for_update=True)
            return self._change(session, row, by, tell)

    def _change(
        self,
        session: Session,
        row: ApprovalRow,
        by: Callable[[Approval], Approval],
        tell: Sequence[str],
    ) -> Approval:
        before = _to_approval(row)
        after = replace(by(before), id=before.id, key=before.key)
        with _one_move_at_a_time(session, after):
            row.sqlmodel_update(_columns(after))
        self._tell(session, after, tell)
        return after

    def _tell(self, session: Session, approval: Approval, kinds: Sequence[str]) -> None:
        put_deliveries(self._database, session, kinds, approval.id, due.of_approval(approval))


@contextmanager
def _one_move_at_a_time(session: Session, after: Approval) -> Iterator[None]:
    """The index decides between replicas; within a savepoint, so that the rest of the transaction
    may go on."""
    if after.status is not ApprovalStatus.MOVING:
        yield
        return
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise being_moved(after.model) from error


def _of_key(session: Session, key: str) -> ApprovalRow:
    return session.exec(select(ApprovalRow).where(ApprovalRow.key == storable(key))).one()


def _columns(approval: Approval) -> dict[str, Any]:
    canary = approval.canary
    return {
        **{name: getattr(approval, name) for name in _AS_THEY_ARE},
        "key": approval.key or None,
        "watched": canary is not None and canary.state is CanaryState.WATCHING,
    }


def _to_approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=id_of(APPROVALS, row),
        key=row.key or "",
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
    )
