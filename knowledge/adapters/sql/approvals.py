"""Requests to promote a model, and their decisions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from knowledge.adapters.ids import approval_id, approval_number
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import ApprovalRow
from knowledge.errors import NotFound
from knowledge.records import Approval, ApprovalStatus, Gate, GateResult


class SqlApprovals:
    """`ports.Approvals`. A decision is taken on a locked row: the first one stands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Approval, tell: Sequence[str] = ()) -> Approval:
        row = ApprovalRow(**_columns(draft))
        with self._database.write() as session:
            session.add(row)
            session.flush()
            assert row.number is not None
        return replace(draft, id=approval_id(row.number))

    def get(self, approval_id: str) -> Approval:
        with self._database.read() as session:
            return _to_approval(_row(session, approval_id))

    def find(
        self, *, model: str = "", status: ApprovalStatus | None = None, limit: int = 50
    ) -> list[Approval]:
        query = select(ApprovalRow)
        if model:
            query = query.where(ApprovalRow.model == model)
        if status is not None:
            query = query.where(ApprovalRow.status == status.value)
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
            row = _row(session, approval_id, for_update=True)
            before = _to_approval(row)
            if before.status is not expected:
                return before, False
            after = replace(by(before), id=before.id)
            row.sqlmodel_update(_columns(after))
        return after, True


def _row(session: Session, text: str, for_update: bool = False) -> ApprovalRow:
    query = select(ApprovalRow).where(ApprovalRow.number == approval_number(text))
    row = session.exec(query.with_for_update() if for_update else query).first()
    if row is None:
        newest = select(ApprovalRow.number).order_by(col(ApprovalRow.number).desc()).limit(500)
        known = [approval_id(n) for n in session.exec(newest).all() if n is not None]
        raise NotFound.among("approval", text, known)
    return row


def _columns(approval: Approval) -> dict[str, Any]:
    return {
        "model": approval.model,
        "version": approval.version,
        "champion": approval.champion,
        "requester": approval.requester,
        "requester_name": approval.requester_name,
        "created_at": approval.created_at,
        "reason": approval.reason,
        "status": approval.status.value,
        "gates": [
            {"name": gate.name, "result": gate.result.value, "detail": gate.detail}
            for gate in approval.gates
        ],
        "decided_by": approval.decided_by,
        "decided_by_name": approval.decided_by_name,
        "decided_at": approval.decided_at,
        "decision_reason": approval.decision_reason,
        "outcome": approval.outcome,
    }


def _to_approval(row: ApprovalRow) -> Approval:
    assert row.number is not None
    return Approval(
        id=approval_id(row.number),
        model=row.model,
        version=row.version,
        champion=row.champion,
        requester=row.requester,
        requester_name=row.requester_name,
        created_at=row.created_at,
        reason=row.reason,
        status=ApprovalStatus(row.status),
        gates=tuple(
            Gate(gate["name"], GateResult(gate["result"]), gate["detail"]) for gate in row.gates
        ),
        decided_by=row.decided_by,
        decided_by_name=row.decided_by_name,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        outcome=row.outcome,
    )
