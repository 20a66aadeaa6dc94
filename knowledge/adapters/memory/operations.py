"""Handovers, executions of runbooks, uses of language models and judgements, in memory."""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Generic, TypeVar

from knowledge.adapters import due
from knowledge.adapters.memory.numbered import Numbered
from knowledge.adapters.memory.telling import tell as put_deliveries
from knowledge.adapters.totals import in_order
from knowledge.ids import EXECUTIONS, HANDOVERS, Ids
from knowledge.ports import Outbox
from knowledge.ports.operations import By
from knowledge.records import Execution, Handover, Judgement, Use, UseTotal

Lock = AbstractContextManager[Any]

RecordT = TypeVar("RecordT", Handover, Execution)


class _Records(Generic[RecordT]):
    def __init__(
        self,
        ids: Ids,
        due_since: Callable[[RecordT], datetime],
        lock: Lock | None,
        outbox: Outbox | None,
    ) -> None:
        self._lock = lock or threading.RLock()
        self._outbox = outbox
        self._due_since: Callable[[RecordT], datetime] = due_since
        self._records: Numbered[RecordT] = Numbered(ids)

    def open(self, draft: RecordT, tell: Sequence[str] = ()) -> RecordT:
        with self._lock:
            return self._told(self._records.add(draft), tell)

    def get(self, record_id: str) -> RecordT:
        with self._lock:
            return self._records.get(record_id)

    def change(
        self, record_id: str, by: Callable[[RecordT], RecordT], tell: Sequence[str] = ()
    ) -> RecordT:
        with self._lock:
            before = self._records.get(record_id)
            return self._told(self._records.put(replace(by(before), id=before.id)), tell)

    def _newest(self) -> list[RecordT]:
        with self._lock:
            return self._records.newest()

    def _told(self, record: RecordT, kinds: Sequence[str]) -> RecordT:
        put_deliveries(self._outbox, kinds, record.id, self._due_since(record))
        return record


class MemoryHandovers(_Records[Handover]):
    """`ports.Handovers`."""

    def __init__(self, lock: Lock | None = None, outbox: Outbox | None = None) -> None:
        super().__init__(HANDOVERS, due.of_handover, lock, outbox)

    def find(
        self, *, incident: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Handover]:
        return [
            handover
            for handover in self._newest()
            if (not incident or handover.incident == incident)
            and (since is None or handover.offered_at >= since)
        ][:limit]


class MemoryExecutions(_Records[Execution]):
    """`ports.Executions`."""

    def __init__(self, lock: Lock | None = None, outbox: Outbox | None = None) -> None:
        super().__init__(EXECUTIONS, due.of_execution, lock, outbox)

    def find(
        self,
        *,
        incident: str = "",
        runbook: str = "",
        open_only: bool = False,
        limit: int = 50,
    ) -> list[Execution]:
        return [
            execution
            for execution in self._newest()
            if (not incident or execution.incident == incident)
            and (not runbook or execution.runbook == runbook)
            and (execution.is_open or not open_only)
        ][:limit]


class MemoryUses:
    """`ports.Uses`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._uses: list[Use] = []

    def add(self, use: Use) -> None:
        with self._lock:
            self._uses.append(use)

    def find(self, since: datetime, until: datetime, limit: int = 1000) -> list[Use]:
        # Backwards first: of two of one moment the later added one is the newer.
        found = self._within(since, until)[::-1]
        return sorted(found, key=lambda use: use.at, reverse=True)[:limit]

    def totals(self, since: datetime, until: datetime, by: By) -> list[UseTotal]:
        def heading(use: Use) -> str:
            day = use.at.astimezone(UTC).date().isoformat()
            return day if by == "day" else str(getattr(use, by))

        found = sorted(self._within(since, until), key=heading)
        return in_order((_total(key, list(uses)) for key, uses in groupby(found, heading)), by)

    def _within(self, since: datetime, until: datetime) -> list[Use]:
        with self._lock:
            return [use for use in self._uses if since <= use.at < until]


def _total(key: str, uses: Sequence[Use]) -> UseTotal:
    return UseTotal(
        key,
        len(uses),
        sum(use.tokens_in for use in uses),
        sum(use.tokens_out for use in uses),
        math.fsum(use.cost for use in uses),
    )


class MemoryJudgements:
    """`ports.Judgements`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._judgements: dict[tuple[str, str, str], Judgement] = {}

    def put(self, judgement: Judgement) -> None:
        with self._lock:
            self._judgements[judgement.by, judgement.document, judgement.query] = judgement

    def all(self) -> list[Judgement]:
        with self._lock:
            return sorted(self._judgements.values(), key=lambda judgement: judgement.at)
