"""Requests to move a champion, moves and training runs, in memory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from knowledge.adapters import due
from knowledge.adapters.memory.numbered import Numbered
from knowledge.adapters.memory.telling import tell as put_deliveries
from knowledge.errors import NotFound
from knowledge.ids import APPROVALS, MOVES
from knowledge.ports import Outbox
from knowledge.promotion.deciding import being_moved
from knowledge.records import Approval, ApprovalStatus, CanaryState, Move, Run

Lock = AbstractContextManager[Any]


class MemoryApprovals:
    """`ports.Approvals`."""

    def __init__(self, lock: Lock | None = None, outbox: Outbox | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._outbox = outbox
        self._approvals: Numbered[Approval] = Numbered(APPROVALS)

    def add(self, draft: Approval, tell: Sequence[str] = ()) -> Approval:
        with self._lock:
            known = [a for a in self._approvals.newest() if a.key and a.key == draft.key]
            return known[0] if known else self._told(self._approvals.add(draft), tell)

    def get(self, approval_id: str) -> Approval:
        with self._lock:
            return self._approvals.get(approval_id)

    def find(
        self,
        *,
        model: str = "",
        status: ApprovalStatus | None = None,
        watched: bool = False,
        limit: int = 50,
    ) -> list[Approval]:
        with self._lock:
            newest = self._approvals.newest()
        return [
            approval
            for approval in newest
            if (not model or approval.model == model)
            and (status is None or approval.status is status)
            and (not watched or _is_watched(approval))
        ][:limit]

    def decide(
        self,
        approval_id: str,
        expected: ApprovalStatus,
        by: Callable[[Approval], Approval],
        tell: Sequence[str] = (),
    ) -> tuple[Approval, bool]:
        with self._lock:
            before = self._approvals.get(approval_id)
            if before.status is not expected:
                return before, False
            return self.update(approval_id, by, tell), True

    def update(
        self, approval_id: str, by: Callable[[Approval], Approval], tell: Sequence[str] = ()
    ) -> Approval:
        with self._lock:
            before = self._approvals.get(approval_id)
            after = replace(by(before), id=before.id, key=before.key)
            moving = self.find(model=after.model, status=ApprovalStatus.MOVING)
            if after.status is ApprovalStatus.MOVING and any(a.id != after.id for a in moving):
                raise being_moved(after.model)
            return self._told(self._approvals.put(after), tell)

    def _told(self, approval: Approval, kinds: Sequence[str]) -> Approval:
        put_deliveries(self._outbox, kinds, approval.id, due.of_approval(approval))
        return approval


class MemoryMoves:
    """`ports.Moves`."""

    def __init__(self, lock: Lock | None = None, outbox: Outbox | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._outbox = outbox
        self._moves: Numbered[Move] = Numbered(MOVES)
        self._seen: dict[str, tuple[str, datetime]] = {}

    def add(self, draft: Move, tell: Sequence[str] = ()) -> Move:
        with self._lock:
            return self._told(self._moves.add(draft), tell)

    def get(self, move_id: str) -> Move:
        with self._lock:
            return self._moves.get(move_id)

    def find(self, *, model: str = "", outside: bool = False, limit: int = 50) -> list[Move]:
        with self._lock:
            newest = self._moves.newest()
        return [
            move
            for move in newest
            if (not model or move.model == model) and not (outside and move.approval)
        ][:limit]

    def change(self, move_id: str, by: Callable[[Move], Move], tell: Sequence[str] = ()) -> Move:
        with self._lock:
            before = self._moves.get(move_id)
            return self._told(self._moves.put(replace(by(before), id=before.id)), tell)

    def seen(self) -> dict[str, tuple[str, datetime]]:
        with self._lock:
            return dict(self._seen)

    def see(self, champions: Mapping[str, str], at: datetime) -> None:
        with self._lock:
            for model, version in champions.items():
                if model not in self._seen or self._seen[model][1] <= at:
                    self._seen[model] = (version, at)

    def _told(self, move: Move, kinds: Sequence[str]) -> Move:
        put_deliveries(self._outbox, kinds, move.id, due.of_move(move))
        return move


class MemoryRuns:
    """`ports.Runs`."""

    def __init__(self, lock: Lock | None = None, outbox: Outbox | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._outbox = outbox
        self._runs: dict[str, Run] = {}

    def put(self, run: Run, tell: Sequence[str] = ()) -> None:
        with self._lock:
            self._runs[run.training.id] = run
            put_deliveries(self._outbox, tell, run.training.id, due.of_run(run))

    def get(self, training_id: str) -> Run:
        with self._lock:
            if training_id not in self._runs:
                raise NotFound.among("training run", training_id, self._runs)
            return self._runs[training_id]

    def find(self, *, model: str = "", under_way: bool = False, limit: int = 50) -> list[Run]:
        with self._lock:
            newest = sorted(
                self._runs.values(),
                key=lambda run: (run.training.at, run.training.id),
                reverse=True,
            )
        return [
            run
            for run in newest
            if (not model or run.training.model == model) and (run.state.under_way or not under_way)
        ][:limit]


def _is_watched(approval: Approval) -> bool:
    return approval.canary is not None and approval.canary.state is CanaryState.WATCHING
