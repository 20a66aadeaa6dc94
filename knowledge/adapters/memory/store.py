"""Every store in memory, for tests, `tandem chat` and the offline verbs; gone with the process.

The port suite runs on these and on the SQL stores, so that they stay the same thing.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.adapters.ids import approval_id, approval_number
from knowledge.errors import NotFound
from knowledge.incidents import incident_id as name_incident
from knowledge.incidents import incident_number
from knowledge.records import (
    REMEMBER_DELIVERIES,
    Approval,
    ApprovalStatus,
    AuditEntry,
    Batch,
    Change,
    Delivery,
    Document,
    DocumentKind,
    Incident,
    Posted,
    Signal,
    Status,
)


class MemoryOutbox:
    """`ports.Outbox`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: dict[str, Delivery] = {}
        self._posted: dict[str, Posted] = {}

    def put(self, key: str, due_at: datetime) -> None:
        with self._lock:
            old = self._waiting.get(key)
            if old is None:
                self._waiting[key] = Delivery(key, 1, due_at)
                return
            # What failed before waits as long as it was told to.
            due = min(old.due_at, due_at) if old.attempts == 0 else old.due_at
            self._waiting[key] = replace(old, revision=old.revision + 1, due_at=due)

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        with self._lock:
            ready = [d for d in self._waiting.values() if d.due_at <= now]
        return sorted(ready, key=lambda d: (d.due_at, d.key))[:limit]

    def done(self, delivery: Delivery) -> None:
        with self._lock:
            stored = self._waiting.get(delivery.key)
            if stored is None:
                return
            if stored.revision == delivery.revision:
                del self._waiting[delivery.key]
            else:
                self._waiting[delivery.key] = replace(stored, attempts=0)

    def retry(self, delivery: Delivery, due_at: datetime) -> None:
        with self._lock:
            stored = self._waiting.get(delivery.key)
            if stored is not None:
                self._waiting[delivery.key] = replace(
                    stored, attempts=stored.attempts + 1, due_at=due_at
                )

    def posted(self, key: str) -> Posted | None:
        with self._lock:
            return self._posted.get(key)

    def set_posted(self, posted: Posted) -> None:
        with self._lock:
            self._posted[posted.key] = posted

    def forget_posted(self, key: str) -> None:
        with self._lock:
            self._posted.pop(key, None)

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        with self._lock:
            found = [p for p in self._posted.values() if (p.channel, p.ts) == (channel, ts)]
        return min(found, key=lambda p: p.key, default=None)


class MemoryIncidents:
    """`ports.Incidents`."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self._lock = threading.RLock()
        self._incidents: dict[int, Incident] = {}

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        with self._lock:
            number = len(self._incidents) + 1
            opened = replace(draft, id=name_incident(number), thread=())
            self._incidents[number] = opened
            self._tell(opened, tell)
            return opened

    def get(self, incident_id: str) -> Incident:
        with self._lock:
            return self._incidents[self._number(incident_id)]

    def find(
        self,
        *,
        status: Status | None = None,
        open_only: bool = False,
        service: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        with self._lock:
            newest = sorted(self._incidents.items(), key=_age, reverse=True)
        found = [
            incident
            for _, incident in newest
            if (status is None or incident.status is status)
            and (incident.is_open or not open_only)
            and (not service or incident.service.lower() == service.lower())
            and (since is None or incident.opened_at >= since)
        ]
        return found[:limit]

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        with self._lock:
            number = self._number(incident_id)
            before = self._incidents[number]
            after = replace(by(before), id=before.id, thread=())
            self._incidents[number] = after
            self._tell(after, tell)
            return after

    def _number(self, text: str) -> int:
        number = incident_number(text)
        if number is None or number not in self._incidents:
            known = [name_incident(n) for n in sorted(self._incidents, reverse=True)]
            raise NotFound.among("incident", text, known)
        return number

    def _tell(self, incident: Incident, kinds: Sequence[str]) -> None:
        for kind in kinds:
            self._outbox.put(f"{kind}:{incident.id}", incident.updated_at)


class MemoryChanges:
    """`ports.Changes`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: dict[str, Change] = {}

    def add(self, change: Change) -> None:
        with self._lock:
            self._changes[change.id] = change

    def between(self, start: datetime, end: datetime, service: str = "") -> list[Change]:
        with self._lock:
            found = [c for c in self._changes.values() if start <= c.at <= end]
        if service:
            found = [c for c in found if c.service.lower() == service.lower()]
        return sorted(found, key=lambda c: (c.at, c.id))


class MemoryInbox:
    """`ports.Inbox`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: dict[int, Batch] = {}
        self._last = 0
        self.poisoned: dict[int, tuple[Batch, str]] = {}
        """Batches set aside, by id, each with the reason."""

    def put(self, source: str, signals: Sequence[Signal], received_at: datetime) -> int:
        with self._lock:
            self._last += 1
            self._batches[self._last] = Batch(self._last, source, received_at, tuple(signals))
            return self._last

    def waiting(self, limit: int = 100) -> list[Batch]:
        with self._lock:
            return [self._batches[i] for i in sorted(self._batches)[:limit]]

    def done(self, batch_ids: Sequence[int]) -> None:
        with self._lock:
            for batch_id in batch_ids:
                self._batches.pop(batch_id, None)

    def poison(self, batch_id: int, why: str) -> None:
        with self._lock:
            batch = self._batches.pop(batch_id, None)
            if batch is not None:
                self.poisoned[batch_id] = (batch, why)


class MemorySeen:
    """`ports.Seen`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}

    def first_time(self, key: str, now: datetime) -> bool:
        with self._lock:
            at = self._seen.get(key)
            if at is not None and at > now - REMEMBER_DELIVERIES:
                return False
            self._seen[key] = now
            return True

    def tidy(self, now: datetime) -> int:
        with self._lock:
            old = [key for key, at in self._seen.items() if at <= now - REMEMBER_DELIVERIES]
            for key in old:
                del self._seen[key]
            return len(old)


class MemoryAudit:
    """`ports.Audit`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[AuditEntry] = []

    def add(self, entry: AuditEntry) -> None:
        with self._lock:
            self._entries.append(entry)

    def find(self, *, actor: str = "", skill: str = "", limit: int = 50) -> list[AuditEntry]:
        with self._lock:
            newest = self._entries[::-1]
        return [
            entry
            for entry in newest
            if (not actor or entry.actor == actor) and (not skill or entry.skill == skill)
        ][:limit]


class MemoryApprovals:
    """`ports.Approvals`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._approvals: dict[int, Approval] = {}

    def add(self, draft: Approval) -> Approval:
        with self._lock:
            number = len(self._approvals) + 1
            self._approvals[number] = replace(draft, id=approval_id(number))
            return self._approvals[number]

    def get(self, approval_id: str) -> Approval:
        with self._lock:
            return self._approvals[self._number(approval_id)]

    def find(
        self, *, model: str = "", status: ApprovalStatus | None = None, limit: int = 50
    ) -> list[Approval]:
        with self._lock:
            newest = [self._approvals[n] for n in sorted(self._approvals, reverse=True)]
        return [
            approval
            for approval in newest
            if (not model or approval.model == model)
            and (status is None or approval.status is status)
        ][:limit]

    def decide(
        self, approval_id: str, expected: ApprovalStatus, by: Callable[[Approval], Approval]
    ) -> tuple[Approval, bool]:
        with self._lock:
            number = self._number(approval_id)
            before = self._approvals[number]
            if before.status is not expected:
                return before, False
            self._approvals[number] = replace(by(before), id=before.id)
            return self._approvals[number], True

    def _number(self, text: str) -> int:
        number = approval_number(text)
        if number is None or number not in self._approvals:
            known = [approval_id(n) for n in sorted(self._approvals, reverse=True)]
            raise NotFound.among("approval", text, known)
        return number


class MemoryDocuments:
    """`ports.Documents`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[str, Document] = {}
        self._revision = 0

    def put(self, documents: Sequence[Document]) -> None:
        with self._lock:
            changed = {d.id: d for d in documents if self._documents.get(d.id) != d}
            self._documents.update(changed)
            self._revision += bool(changed)

    def get(self, document_id: str) -> Document:
        with self._lock:
            if document_id not in self._documents:
                raise NotFound.among("document", document_id, self._documents)
            return self._documents[document_id]

    def all(self, kind: DocumentKind | None = None) -> list[Document]:
        with self._lock:
            return [d for d in self._documents.values() if kind is None or d.kind is kind]

    def revision(self) -> int:
        with self._lock:
            return self._revision


class MemoryStore:
    """All stores, as `knowledge.adapters.sql.SqlStore` has them. Safe to share by threads."""

    def __init__(self) -> None:
        self.outbox = MemoryOutbox()
        self.incidents = MemoryIncidents(self.outbox)
        self.changes = MemoryChanges()
        self.inbox = MemoryInbox()
        self.seen = MemorySeen()
        self.audit = MemoryAudit()
        self.approvals = MemoryApprovals()
        self.documents = MemoryDocuments()

    def close(self) -> None:
        """Nothing to close; so that both stores are used alike."""


def _age(item: tuple[int, Incident]) -> tuple[datetime, int]:
    number, incident = item
    return incident.opened_at, number
