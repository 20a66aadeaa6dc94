"""Every store in memory, for tests, `tandem chat` and the offline verbs; gone with the process.

The port suite runs on these and on the SQL stores, so that they stay the same thing.
"""

import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from knowledge.adapters.alert_history import (
    counts_of,
    day_of,
    joined,
    kind_of,
    repeated,
    span,
    tallies,
)
from knowledge.adapters.memory.leases import MemoryLeases, MemoryRounds
from knowledge.adapters.memory.monitors import MemoryMonitors
from knowledge.adapters.memory.numbered import Numbered
from knowledge.adapters.memory.operations import (
    MemoryExecutions,
    MemoryHandovers,
    MemoryJudgements,
    MemoryUses,
)
from knowledge.adapters.memory.promotion import MemoryApprovals, MemoryMoves, MemoryRuns
from knowledge.adapters.memory.shared import MemoryMemos, MemoryReservations
from knowledge.audit_chain import linked
from knowledge.errors import NotFound
from knowledge.ids import SILENCES
from knowledge.incidents import incident_id as name_incident
from knowledge.incidents import incident_number, instance
from knowledge.records import (
    REMEMBER_DELIVERIES,
    AlertRecord,
    AuditEntry,
    Batch,
    Change,
    Delivery,
    Document,
    DocumentChanges,
    DocumentKind,
    Incident,
    Lesson,
    Posted,
    Signal,
    Silence,
    Status,
    Tally,
)

Lock = AbstractContextManager[Any]
"""One for all stores of a MemoryStore, which its holder may take again; one of these stores alone
makes its own."""


class MemoryOutbox:
    """`ports.Outbox`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
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

    def count_due(self, now: datetime) -> int:
        with self._lock:
            return sum(d.due_at <= now for d in self._waiting.values())

    def begin(self, delivery: Delivery) -> None:
        with self._lock:
            stored = self._waiting.get(delivery.key)
            if stored is not None:
                self._waiting[delivery.key] = replace(stored, attempts=delivery.attempts + 1)

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
                    stored, attempts=delivery.attempts + 1, due_at=due_at
                )

    def posted(self, key: str) -> Posted | None:
        with self._lock:
            return self._posted.get(key)

    def set_posted(self, posted: Posted) -> None:
        with self._lock:
            self._posted[posted.key] = posted

    def post_first(self, posted: Posted, over: str | None = None) -> Posted:
        with self._lock:
            there = self._posted.get(posted.key)
            if there is None or there.shows == over:
                self._posted[posted.key] = posted
            return self._posted[posted.key]

    def forget_posted(self, key: str) -> None:
        with self._lock:
            self._posted.pop(key, None)

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        with self._lock:
            found = [p for p in self._posted.values() if (p.channel, p.ts) == (channel, ts)]
        return min(found, key=lambda p: p.key, default=None)


class MemoryIncidents:
    """`ports.Incidents`."""

    def __init__(self, lock: Lock, outbox: MemoryOutbox) -> None:
        self._lock = lock
        self._outbox = outbox
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

    def over(self, incident_ids: Collection[str]) -> dict[str, datetime]:
        with self._lock:
            found = [self._incidents.get(incident_number(i) or 0) for i in incident_ids]
        return {i.id: i.resolved_at or i.updated_at for i in found if i and not i.is_open}

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

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
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

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._batches: dict[int, Batch] = {}
        self._last = 0
        self.poisoned: dict[int, tuple[Batch, str]] = {}
        """Batches set aside, by id, each with the reason."""

    def put(self, source: str, body: bytes, received_at: datetime) -> int:
        with self._lock:
            self._last += 1
            self._batches[self._last] = Batch(self._last, source, received_at, body)
            return self._last

    def count(self) -> int:
        with self._lock:
            return len(self._batches)

    def still(self, batch_ids: Sequence[int]) -> set[int]:
        with self._lock:
            return self._batches.keys() & set(batch_ids)

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


class MemoryAlerts:
    """`ports.Alerts`."""

    def __init__(self, lock: Lock, incidents: MemoryIncidents) -> None:
        self._lock = lock
        self._incidents = incidents
        self._records: dict[tuple[str, datetime], AlertRecord] = {}
        self._compacted: list[AlertRecord] = []
        """They are only kept to be counted."""

    def record(self, records: Sequence[AlertRecord]) -> None:
        with self._lock:
            for record in records:
                key = instance(record.signal)
                known = self._records.get(key)
                self._records[key] = record if known is None else joined(known, record)

    def repeated(self, deliveries: Sequence[tuple[Signal, int]]) -> None:
        with self._lock:
            for signal, times in deliveries:
                known = self._records.get(instance(signal))
                if known is not None:
                    self._records[instance(signal)] = repeated(known, signal, times)

    def get(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        with self._lock:
            record = self._records.get((fingerprint, starts_at))
        if record is None:
            raise NotFound("alert", f"{fingerprint} of {starts_at.isoformat()}")
        return record

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str = "",
        fingerprint: str = "",
        limit: int = 1000,
    ) -> list[AlertRecord]:
        with self._lock:
            found = [
                record
                for record in self._records.values()
                if (since is None or record.first_received_at >= since)
                and (until is None or record.first_received_at < until)
                and (not incident or record.incident == incident)
                and (not fingerprint or record.signal.fingerprint == fingerprint)
            ]
        found.sort(key=lambda record: record.first_received_at)
        return found[max(len(found) - limit, 0) :]

    def tally(self, since: datetime, until: datetime) -> list[Tally]:
        with self._lock:
            last = max((day_of(r.first_received_at) for r in self._compacted), default=-1)
            wanted = span(since, until, last)
            return tallies(
                (kind_of(record.signal), counts_of(record))
                for record in (*self._compacted, *self._records.values())
                if day_of(record.first_received_at) in wanted.days
                or any(start <= record.first_received_at < end for start, end in wanted.parts)
            )

    def compact(self, before: datetime, limit: int = 10_000) -> int:
        with self._lock:
            open_ones = {i.id for i in self._incidents.find(open_only=True, limit=sys.maxsize)}
            old = sorted(
                (r.first_received_at, key)
                for key, r in self._records.items()
                if r.first_received_at < before and r.incident not in open_ones
            )[:limit]
            self._compacted += [self._records.pop(key) for _, key in old]
            return len(old)

    def prepare(self, now: datetime) -> None:
        """Nothing is kept apart."""


class MemorySilences:
    """`ports.Silences`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._silences: Numbered[Silence] = Numbered(SILENCES)

    def add(self, draft: Silence) -> Silence:
        with self._lock:
            return self._silences.add(draft)

    def get(self, silence_id: str) -> Silence:
        with self._lock:
            return self._silences.get(silence_id)

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        with self._lock:
            return [s for s in self._silences.newest() if at is None or s.ends_at > at][:limit]

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        with self._lock:
            silence = self._silences.get(silence_id)
            if silence.ends_at <= at:
                return silence
            return self._silences.put(replace(silence, ends_at=at, ended_by=by))


class MemoryLessons:
    """`ports.Lessons`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._lessons: list[Lesson] = []

    def add(self, lesson: Lesson) -> None:
        with self._lock:
            self._lessons.append(lesson)

    def all(self) -> list[Lesson]:
        with self._lock:
            return list(self._lessons)


class MemorySeen:
    """`ports.Seen`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
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

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._entries: list[AuditEntry] = []

    def add(self, entry: AuditEntry) -> None:
        with self._lock:
            self._entries.append(linked(entry, self._entries[-1] if self._entries else None))

    def chain(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        with self._lock:
            return self._entries[after : after + limit]

    def find(self, *, actor: str = "", skill: str = "", limit: int = 50) -> list[AuditEntry]:
        with self._lock:
            newest = self._entries[::-1]
        return [
            entry
            for entry in newest
            if (not actor or entry.actor == actor) and (not skill or entry.skill == skill)
        ][:limit]


class MemoryDocuments:
    """`ports.Documents`."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._documents: dict[str, Document] = {}
        self._happened: list[tuple[int, str]] = []
        self._revision = 0

    def put(self, documents: Sequence[Document]) -> None:
        with self._lock:
            changed = {d.id: d for d in documents if self._documents.get(d.id) != d}
            self._documents.update(changed)
            self._note(changed)

    def remove(self, document_ids: Sequence[str]) -> None:
        with self._lock:
            known = [i for i in dict.fromkeys(document_ids) if i in self._documents]
            for document_id in known:
                del self._documents[document_id]
            self._note(known)

    def get(self, document_id: str) -> Document:
        with self._lock:
            if document_id not in self._documents:
                raise NotFound.among("document", document_id, self._documents)
            return self._documents[document_id]

    def all(self, kind: DocumentKind | None = None) -> list[Document]:
        with self._lock:
            return [d for d in self._documents.values() if kind is None or d.kind is kind]

    def count(self) -> int:
        with self._lock:
            return len(self._documents)

    def revision(self) -> int:
        with self._lock:
            return self._revision

    def changes(self, since: int) -> DocumentChanges:
        with self._lock:
            if since < 0:
                return DocumentChanges(self._revision, tuple(self._documents.values()))
            first = bisect_right(self._happened, since, key=lambda pair: pair[0])
            touched = dict.fromkeys(document_id for _, document_id in self._happened[first:])
            put = tuple(self._documents[i] for i in touched if i in self._documents)
            removed = tuple(i for i in touched if i not in self._documents)
            return DocumentChanges(self._revision, put, removed)

    def _note(self, document_ids: Iterable[str]) -> None:
        before = len(self._happened)
        self._happened += [(self._revision + 1, document_id) for document_id in document_ids]
        self._revision += len(self._happened) > before


class MemoryStore:
    """All stores, as `knowledge.adapters.sql.SqlStore` has them. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.outbox = MemoryOutbox(self._lock)
        self.incidents = MemoryIncidents(self._lock, self.outbox)
        self.changes = MemoryChanges(self._lock)
        self.alerts = MemoryAlerts(self._lock, self.incidents)
        self.silences = MemorySilences(self._lock)
        self.lessons = MemoryLessons(self._lock)
        self.inbox = MemoryInbox(self._lock)
        self.seen = MemorySeen(self._lock)
        self.audit = MemoryAudit(self._lock)
        self.approvals = MemoryApprovals(self._lock, self.outbox)
        self.moves = MemoryMoves(self._lock, self.outbox)
        self.runs = MemoryRuns(self._lock, self.outbox)
        self.handovers = MemoryHandovers(self._lock, self.outbox)
        self.executions = MemoryExecutions(self._lock, self.outbox)
        self.uses = MemoryUses(self._lock)
        self.memos = MemoryMemos(self._lock)
        self.reservations = MemoryReservations(self._lock)
        self.judgements = MemoryJudgements(self._lock)
        self.documents = MemoryDocuments(self._lock)
        self.monitors = MemoryMonitors(self._lock)
        self.leases = MemoryLeases(self._lock)
        self.rounds = MemoryRounds(self._lock)

    @property
    def is_shared(self) -> bool:
        """Whether several processes may work on it."""
        return False

    @contextmanager
    def together(self) -> Iterator[None]:
        """No other thread reads or writes meanwhile. Unlike in SQL, what was done before an error
        stays."""
        with self._lock:
            yield

    def close(self) -> None:
        """Nothing to close; so that both stores are used alike."""


def _age(item: tuple[int, Incident]) -> tuple[datetime, int]:
    number, incident = item
    return incident.opened_at, number
